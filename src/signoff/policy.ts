import type { Json, JsonObject } from '../../protocol/base/json.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { celValue, compileCondition, conditionEnvironment, recordValue } from '../engine/conditions.ts';
import type { Lately, WindowScope } from '../engine/grants.ts';
import { parseWindow, WINDOW_WORDS } from '../engine/window.ts';
import type { Over, SignoffFacts } from './facts.ts';

export interface Verdict {
  readonly required: boolean;
  readonly role: string;
  readonly reasons: readonly string[];
}

export interface SignoffPolicy {
  evaluate(facts: SignoffFacts, defaultSignoff: string): Verdict;
}

interface Rule {
  readonly name: string;
  readonly role: string;
  readonly reason: string;
  readonly holds: (facts: SignoffFacts) => unknown;
}

export const DEFAULT_ROLE = 'approver';
const RULE_MEMBERS = new Set(['name', 'when', 'role', 'reason', 'over']);
const ALLOWANCE_MEMBERS = new Set(['name', 'when', 'over']);
const SCOPES: ReadonlySet<unknown> = new Set<WindowScope>(['record', 'account', 'agent', 'issuer']);
/** Only a rule that names its window has these. */
const LATELY = { change_since: 'double', granted_in_period: 'int', renewals_in_window: 'int' } as const;

function environment() {
  return conditionEnvironment()
    .registerVariable('action', 'string')
    .registerVariable('risk', 'string')
    .registerVariable('tier', 'string')
    .registerVariable('terms', 'map')
    .registerVariable('record', 'map')
    .registerVariable({ name: 'change', schema: { price_change_percent: 'double', total: 'int', currency: 'string' } })
    .registerVariable({ name: 'claimed', schema: { operations: 'int', open: 'int', amount: 'int' } })
    .registerVariable({ name: 'plan', schema: { steps: 'int', fields: 'list<string>' } });
}

function environmentOver() {
  const env = environment();
  for (const [name, type] of Object.entries(LATELY)) env.registerVariable(name, type);
  return env;
}

/** Compiles every rule and checks its types; all mistakes at once. A gateway with a rule it cannot read does not start.
 * `allow`: what may be done without a person although its definition would call one. */
export function compileSignoffPolicy(
  rules: readonly JsonObject[],
  allow: readonly JsonObject[] = [],
): Result<SignoffPolicy, readonly string[]> {
  const problems: string[] = [];
  const compileAll = (list: readonly JsonObject[], at: string, compile: (rule: JsonObject) => Result<Rule, string>) =>
    list.flatMap((rule, index) => {
      const read = compile(rule);
      if (read.ok) return [read.value];
      problems.push(`/signoff/${at}/${index} ${read.error}`);
      return [];
    });
  const asking = compileAll(rules, 'rules', compileRule);
  const allowing = compileAll(allow, 'allow', compileAllowance);
  return problems.length > 0
    ? err(problems)
    : ok({ evaluate: (facts, fallback) => evaluate(asking, allowing, facts, fallback) });
}

function compileAllowance(allowance: JsonObject): Result<Rule, string> {
  const stranger = Object.keys(allowance).find((member) => !ALLOWANCE_MEMBERS.has(member));
  if (stranger !== undefined) return err(`has an unknown member ${stranger}`);
  return compileRule({ ...allowance, reason: '' });
}

function compileRule(rule: JsonObject): Result<Rule, string> {
  const { name, when, role = DEFAULT_ROLE, reason } = rule;
  if (typeof name !== 'string' || typeof when !== 'string' || typeof role !== 'string' || typeof reason !== 'string')
    return err('must have name, when, reason (and role)');
  const stranger = Object.keys(rule).find((member) => !RULE_MEMBERS.has(member));
  if (stranger !== undefined) return err(`has an unknown member ${stranger}`);
  const over = readOver(rule['over']);
  if (!over.ok) return over;
  const speaks = Object.keys(LATELY).filter((each) => new RegExp(`\\b${each}\\b`).test(when));
  const [first] = speaks;
  if (over.value === undefined && first !== undefined)
    return err(`looks at ${first} and must say over which window: "over": {"window": "12 months", "per": "record"}`);
  if (over.value !== undefined && first === undefined)
    return err(`has a window (over) and looks at none of ${Object.keys(LATELY).join(', ')}`);
  const compiled = compileCondition(over.value === undefined ? environment() : environmentOver(), when);
  if (!compiled.ok) return compiled;
  const facts = (each: SignoffFacts) =>
    over.value === undefined ? celFacts(each) : { ...celFacts(each), ...celLately(each.lately(over.value)) };
  return ok({ name, role, reason, holds: (each) => compiled.value(facts(each)) });
}

function readOver(value: Json | undefined): Result<Over | undefined, string> {
  if (value === undefined) return ok(undefined);
  const { window: text, per, ...more } = (typeof value === 'object' && value !== null ? value : {}) as JsonObject;
  const window = parseWindow(text);
  if (window === undefined) return err(`over/window must be ${WINDOW_WORDS}`);
  if (!isScope(per)) return err(`over/per must be one of ${[...SCOPES].join(', ')}`);
  const [stranger] = Object.keys(more);
  return stranger === undefined ? ok({ window, per }) : err(`over has an unknown member ${stranger}`);
}

const isScope = (value: unknown): value is WindowScope => SCOPES.has(value);

/** What cannot be told as one sum is nothing a rule could be decided by. */
function celLately({ change, granted, operations }: Lately): Record<string, unknown> {
  const sum = granted === null ? {} : { granted_in_period: BigInt(granted) };
  return { change_since: change, renewals_in_window: BigInt(operations), ...sum };
}

function celFacts(facts: SignoffFacts): Record<string, unknown> {
  const { change, claimed, plan, terms, record, lately: _asked, ...rest } = facts;
  return {
    ...rest,
    terms: celValue(terms),
    record: recordValue(record),
    change: {
      price_change_percent: change.price_change_percent,
      total: BigInt(Math.round(change.total)),
      currency: change.currency,
    },
    claimed: {
      operations: BigInt(claimed.operations),
      open: BigInt(claimed.open),
      amount: BigInt(claimed.amount),
    },
    plan: { steps: BigInt(plan.steps), fields: plan.fields },
  };
}

/** A rule that fails to evaluate asks for a person, and an allowance that fails allows nothing: an error is never a permission. */
function evaluate(
  rules: readonly Rule[],
  allowances: readonly Rule[],
  facts: SignoffFacts,
  defaultSignoff: string,
): Verdict {
  // The law's own words to a company: nobody may stand between a customer and this.
  if (defaultSignoff === 'never') return { required: false, role: DEFAULT_ROLE, reasons: [] };
  const asked = rules.flatMap((rule) => {
    const holds = decided(rule, facts);
    if (holds === false) return [];
    return holds === true ? [rule] : [{ ...rule, reason: `The rule ${rule.name} could not be decided.` }];
  });
  const reasons = asked.map(({ reason }) => reason);
  if (defaultSignoff === 'always') reasons.unshift('This action always needs a person.');
  if (defaultSignoff === 'unless_allowed' && !allowances.some((each) => decided(each, facts) === true))
    reasons.push('This action needs a person where no rule allows it without one.');
  return { required: reasons.length > 0, role: asked[0]?.role ?? DEFAULT_ROLE, reasons };
}

function decided({ holds }: Rule, facts: SignoffFacts): unknown {
  try {
    return holds(facts);
  } catch {
    return undefined;
  }
}
