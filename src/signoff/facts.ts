import type { Expression, Scope } from '../../adapters/sdk/expression.ts';
import type { Plan } from '../../adapters/sdk/index.ts';
import { isMoney } from '../../adapters/sdk/values.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { total as inMinorUnits, type Money } from '../../protocol/base/money.ts';
import type { Lately, WindowScope } from '../engine/grants.ts';
import type { Operation } from '../engine/operation.ts';
import { type ActionRules, scopeOf } from '../engine/rules.ts';
import type { Window } from '../engine/window.ts';

/** The window a rule looks over, and over whose operations. */
export interface Over {
  readonly window: Window;
  readonly per: WindowScope;
}

/** What sign-off rules may look at: typed facts from the CRM, the signed terms and the plan. Never a peer's free text. */
export interface SignoffFacts {
  readonly action: string;
  readonly risk: string;
  readonly tier: string;
  readonly terms: JsonObject;
  readonly record: JsonObject;
  /** `price_change_percent`: from the price a year ago, as far as the customer's own requests have moved it since. */
  readonly change: { readonly price_change_percent: number; readonly total: number; readonly currency: string };
  /** What came of this and the operations before it, in a rule's own window. */
  readonly lately: (over: Over) => Lately;
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
    priceChange,
    lately,
  }: {
    readonly risk: string;
    readonly plan: Plan | null;
    readonly terms: JsonObject | null;
    readonly claimed: SignoffFacts['claimed'];
    readonly priceChange: number;
    readonly lately: SignoffFacts['lately'];
  },
): SignoffFacts {
  return {
    action: operation.action,
    risk,
    tier: operation.mandate?.tier ?? 'none',
    terms: terms ?? {},
    record: recordOf(operation, rules),
    change: { price_change_percent: priceChange, ...totalOf(rules, operation, terms) },
    lately,
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

/** The whole commitment in minor units. */
function totalOf({ price, commits }: ActionRules, operation: Operation, terms: JsonObject | null) {
  const scope = scopeOf(operation, terms);
  const total = amountOf(commits.total, scope);
  const currency = (total ?? amountOf(price?.to, scope) ?? amountOf(price?.from, scope))?.currency ?? '';
  return { total: total?.amount ?? 0, currency };
}

/** Nothing where there are no terms yet to compute it from. */
function amountOf(expression: Expression | undefined, scope: Scope): Money | undefined {
  try {
    const value = expression?.(scope);
    return isMoney(value) ? inMinorUnits(value) : undefined;
  } catch {
    return undefined;
  }
}
