import type { JsonObject } from '../../protocol/json.ts';
import { err, ok, type Result } from '../../protocol/result.ts';
import { celValue, compileCondition, conditionEnvironment } from '../engine/conditions.ts';
import type { SignoffFacts } from './facts.ts';

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

const DEFAULT_ROLE = 'approver';
const RULE_MEMBERS = new Set(['name', 'when', 'role', 'reason']);

function environment() {
  return conditionEnvironment()
    .registerVariable('action', 'string')
    .registerVariable('risk', 'string')
    .registerVariable('tier', 'string')
    .registerVariable('terms', 'map')
    .registerVariable('record', 'map')
    .registerVariable({ name: 'change', schema: { price_change_percent: 'double', total: 'int', currency: 'string' } })
    .registerVariable({ name: 'plan', schema: { steps: 'int', fields: 'list<string>' } });
}

/** Compiles every rule and checks its types; all mistakes at once. A gateway with a rule it cannot read does not start. */
export function compileSignoffPolicy(rules: readonly JsonObject[]): Result<SignoffPolicy, readonly string[]> {
  const problems: string[] = [];
  const compiled = rules.flatMap((rule, index) => {
    const read = compileRule(rule);
    if (read.ok) return [read.value];
    problems.push(`/signoff/rules/${index} ${read.error}`);
    return [];
  });
  return problems.length > 0
    ? err(problems)
    : ok({ evaluate: (facts, fallback) => evaluate(compiled, facts, fallback) });
}

function compileRule(rule: JsonObject): Result<Rule, string> {
  const { name, when, role = DEFAULT_ROLE, reason } = rule;
  if (typeof name !== 'string' || typeof when !== 'string' || typeof role !== 'string' || typeof reason !== 'string')
    return err('must have name, when, reason (and role)');
  const stranger = Object.keys(rule).find((member) => !RULE_MEMBERS.has(member));
  if (stranger !== undefined) return err(`has an unknown member ${stranger}`);
  const compiled = compileCondition(environment(), when);
  return compiled.ok ? ok({ name, role, reason, holds: (facts) => compiled.value(celFacts(facts)) }) : compiled;
}

function celFacts(facts: SignoffFacts): Record<string, unknown> {
  const { change, plan, terms, record, ...rest } = facts;
  return {
    ...rest,
    terms: celValue(terms),
    record: celValue(record),
    change: {
      price_change_percent: change.price_change_percent,
      total: BigInt(Math.round(change.total)),
      currency: change.currency,
    },
    plan: { steps: BigInt(plan.steps), fields: plan.fields },
  };
}

/** A rule that fails to evaluate asks for a person: an error is never a permission. */
function evaluate(rules: readonly Rule[], facts: SignoffFacts, defaultSignoff: string): Verdict {
  const asked = rules.flatMap((rule) => {
    try {
      const holds = rule.holds(facts);
      if (holds === false) return [];
      return holds === true ? [rule] : [{ ...rule, reason: `The rule ${rule.name} could not be decided.` }];
    } catch {
      return [{ ...rule, reason: `The rule ${rule.name} could not be decided.` }];
    }
  });
  const reasons = asked.map(({ reason }) => reason);
  if (defaultSignoff === 'always') reasons.unshift('This action always needs a person.');
  return { required: reasons.length > 0, role: asked[0]?.role ?? DEFAULT_ROLE, reasons };
}
