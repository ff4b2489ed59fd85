import type { Plan } from '../../adapters/sdk/index.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { Operation } from '../engine/operation.ts';

/** What sign-off rules may look at: typed facts from the CRM, the signed terms and the plan. Never a peer's free text. */
export interface SignoffFacts {
  readonly action: string;
  readonly risk: string;
  readonly tier: string;
  readonly terms: JsonObject;
  readonly record: JsonObject;
  readonly change: { readonly price_change_percent: number; readonly total: number; readonly currency: string };
  readonly plan: { readonly steps: number; readonly fields: readonly string[] };
}

export function signoffFacts(
  operation: Operation,
  risk: string,
  plan: Plan | null,
  terms: JsonObject | null,
): SignoffFacts {
  const record = operation.negotiation?.facts ?? {};
  return {
    action: operation.action,
    risk,
    tier: operation.mandate?.tier ?? 'none',
    terms: terms ?? {},
    record,
    change: changeOf(record, terms ?? {}),
    plan: {
      steps: plan?.steps.length ?? 0,
      fields: plan?.steps.flatMap(({ changes }) => changes.map(({ ref, field }) => `${ref.type}.${field}`)) ?? [],
    },
  };
}

/** `price_change_percent`: of the unit price, negative is cheaper. `total`: the whole commitment in minor units. */
function changeOf(record: JsonObject, terms: JsonObject): SignoffFacts['change'] {
  const before = amountOf(record['unit_price']);
  const after = amountOf(terms['unit_price']);
  const { seats, term_months: months } = terms;
  const total =
    after !== undefined && typeof seats === 'number' && typeof months === 'number' ? after.amount * seats * months : 0;
  const percent =
    before !== undefined && after !== undefined && before.amount > 0
      ? ((after.amount - before.amount) / before.amount) * 100
      : 0;
  return { price_change_percent: percent, total, currency: after?.currency ?? before?.currency ?? '' };
}

function amountOf(value: unknown): { amount: number; currency: string } | undefined {
  if (typeof value !== 'object' || value === null || !('amount' in value) || !('currency' in value)) return undefined;
  return typeof value.amount === 'number' && typeof value.currency === 'string'
    ? { amount: value.amount, currency: value.currency }
    : undefined;
}
