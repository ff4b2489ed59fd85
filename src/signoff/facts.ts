import type { Expression, Scope } from '../../adapters/sdk/expression.ts';
import type { Plan } from '../../adapters/sdk/index.ts';
import { isMoney } from '../../adapters/sdk/values.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { Money } from '../../protocol/money.ts';
import type { Operation } from '../engine/operation.ts';
import { type ActionRules, scopeOf } from '../engine/rules.ts';

/** What sign-off rules may look at: typed facts from the CRM, the signed terms and the plan. Never a peer's free text. */
export interface SignoffFacts {
  readonly action: string;
  readonly risk: string;
  readonly tier: string;
  readonly terms: JsonObject;
  readonly record: JsonObject;
  readonly change: { readonly price_change_percent: number; readonly total: number; readonly currency: string };
  /** What other operations hold of what this one claims: how many do, how many of them are still open, and the largest sum, in minor
   * units or pieces. */
  readonly claimed: { readonly operations: number; readonly open: number; readonly amount: number };
  readonly plan: { readonly steps: number; readonly fields: readonly string[] };
}

export function signoffFacts(
  operation: Operation,
  rules: ActionRules,
  {
    risk,
    plan,
    terms,
    claimed: { operations, open, amount },
  }: {
    readonly risk: string;
    readonly plan: Plan | null;
    readonly terms: JsonObject | null;
    readonly claimed: SignoffFacts['claimed'];
  },
): SignoffFacts {
  return {
    action: operation.action,
    risk,
    tier: operation.mandate?.tier ?? 'none',
    terms: terms ?? {},
    record: recordOf(operation, rules),
    change: changeOf(rules, operation, terms),
    claimed: { operations, open, amount },
    plan: {
      steps: plan?.steps.length ?? 0,
      fields: plan?.steps.flatMap(({ changes }) => changes.map(({ ref, field }) => `${ref.type}.${field}`)) ?? [],
    },
  };
}

/** The record the action is about first of all. */
function recordOf({ records }: Operation, { subjects }: ActionRules): JsonObject {
  const first = records?.[subjects[0]?.name ?? ''];
  return typeof first === 'object' && first !== null && !Array.isArray(first) ? (first as JsonObject) : {};
}

/** `price_change_percent`: of the price the definition compares, negative is cheaper. `total`: the whole commitment in minor units. */
function changeOf(
  { price, commits }: ActionRules,
  operation: Operation,
  terms: JsonObject | null,
): SignoffFacts['change'] {
  const scope = scopeOf(operation, terms);
  const before = amountOf(price?.from, scope);
  const after = amountOf(price?.to, scope);
  const total = amountOf(commits.total, scope);
  const currency = total?.currency ?? after?.currency ?? before?.currency ?? '';
  // A difference that cannot be told is as large as can be: a rule about it calls a person.
  const untold = terms !== null && price !== null ? Number.NEGATIVE_INFINITY : 0;
  const percent =
    before === undefined || after === undefined || before.currency !== after.currency
      ? untold
      : percentBetween(before.amount, after.amount);
  return { price_change_percent: percent, total: total?.amount ?? 0, currency };
}

function percentBetween(before: number, after: number): number {
  return before > 0 ? ((after - before) / before) * 100 : 0;
}

/** Nothing where there are no terms yet to compute it from. */
function amountOf(expression: Expression | undefined, scope: Scope): Money | undefined {
  try {
    const value = expression?.(scope);
    return isMoney(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
