import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { compileCondition, conditionEnvironment, recordValue } from '../engine/conditions.ts';
import { meant } from '../engine/nearest.ts';
import type { Window } from '../engine/window.ts';
import type { Issue } from '../engine/world.ts';
import { type Known, parseNegotiationPolicy } from './parse-policy.ts';
import type { NegotiationPolicy } from './policy.ts';

/** What a segment's condition may look at: the CRM's record, and how the customer's permission is proven. Nothing a peer says. */
export interface SegmentFacts {
  readonly record: JsonObject;
  readonly tier: string;
  /** The record at the start of a policy's window: nobody chooses a segment by moving the record. */
  readonly before?: (window: Window) => JsonObject;
}

/** An action's policies, one a segment of customers. */
export interface PolicyBook {
  /** The first segment whose condition holds, or the policy for everyone else. `undefined` when a condition cannot be decided:
   * then it is not for a machine to guess which limits apply. */
  policyFor(facts: SegmentFacts): NegotiationPolicy | undefined;
  /** Each of them, with the name of its segment; null for everyone else's. */
  readonly all: readonly { readonly segment: string | null; readonly policy: NegotiationPolicy }[];
}

/** Fields of the record that a condition names and there are not: it would never hold, and nobody would know. */
function strangersIn(when: string, { fields }: Known): readonly string[] {
  if (fields === undefined) return [];
  const bare = when.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '""');
  const named = [...bare.matchAll(/\brecord\s*\.\s*(\w+)/g)].map(([, name = '']) => name);
  return [...new Set(named)]
    .filter((name) => !fields.includes(name))
    .map((name) => `names record.${name}, which the record has not${meant(name, fields)}`);
}

interface Segment {
  readonly name: string;
  readonly holds: (facts: SegmentFacts) => unknown;
  readonly policy: NegotiationPolicy;
}

/** Reads `negotiation.<action>`: a policy, and `segments` with what is different in each. Every mistake at once. */
export function parsePolicies(
  action: string,
  json: JsonObject,
  issues: readonly Issue[],
  known: Known = {},
): Result<PolicyBook, readonly string[]> {
  const { segments = [], ...base } = json;
  const problems: string[] = [];
  const read = (path: string, each: JsonObject, budgetName: string): NegotiationPolicy | undefined => {
    const parsed = parseNegotiationPolicy(each, issues, budgetName, known);
    if (parsed.ok) return parsed.value;
    problems.push(...parsed.error.map((problem) => `${path}${problem}`));
    return undefined;
  };
  const fallback = read('', base, action);
  if (!Array.isArray(segments)) problems.push('/segments must be a list');
  const listed: readonly Json[] = Array.isArray(segments) ? segments : [];
  const compiled = listed.flatMap((value, index): Segment[] => {
    const path = `/segments/${index}`;
    if (!isObject(value)) {
      problems.push(`${path} must be an object`);
      return [];
    }
    const { name, when, ...differences } = value;
    if (typeof name !== 'string' || !/^[a-z0-9-]{1,64}$/.test(name)) problems.push(`${path}/name must be a short name`);
    const condition = typeof when === 'string' ? compileCondition(environment(), when) : err('is missing');
    if (!condition.ok) problems.push(`${path}/when ${condition.error}`);
    else problems.push(...strangersIn(String(when), known).map((each) => `${path}/when ${each}`));
    const budget = differences['budget'] === undefined ? action : `${action}/${String(name)}`;
    const policy = read(path, overlaid(base, differences), budget);
    if (!condition.ok || policy === undefined) return [];
    return [
      {
        name: String(name),
        policy,
        holds: ({ record, tier }) => condition.value({ record: recordValue(record), tier }),
      },
    ];
  });
  return problems.length > 0 || fallback === undefined
    ? err(problems)
    : ok({
        policyFor: (facts) => choose(compiled, fallback, facts),
        all: [{ segment: null, policy: fallback }, ...compiled.map(({ name, policy }) => ({ segment: name, policy }))],
      });
}

function environment() {
  return conditionEnvironment().registerVariable('record', 'map').registerVariable('tier', 'string');
}

/** A segment names only what is different: whole members, and of `issues` whole issues. */
function overlaid(base: JsonObject, differences: JsonObject): JsonObject {
  const { issues } = differences;
  const merged = { ...base, ...differences };
  return isObject(base['issues']) && isObject(issues)
    ? { ...merged, issues: { ...base['issues'], ...issues } }
    : merged;
}

function choose(
  segments: readonly Segment[],
  fallback: NegotiationPolicy,
  facts: SegmentFacts,
): NegotiationPolicy | undefined {
  for (const { holds, policy } of segments) {
    let answer: unknown;
    try {
      // Today's is looked at too: it is one of the facts under an offer.
      const today = holds(facts);
      const { before } = facts;
      answer = before === undefined ? today : holds({ ...facts, record: before(policy.numbers.since) });
    } catch {
      return undefined;
    }
    if (answer === true) return policy;
    if (answer !== false) return undefined;
  }
  return fallback;
}
