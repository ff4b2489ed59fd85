import { type Refusal, refusal } from '../../protocol/errors.ts';
import type { Json, JsonObject } from '../../protocol/json.ts';
import type { Money } from '../../protocol/money.ts';
import { err, ok, type Result } from '../../protocol/result.ts';

/** The terms of a contract.renew offer, typed. An instance of the action's terms schema. */
export type RenewalTerms = {
  readonly unit_price: { readonly amount: number; readonly currency: string };
  readonly term_months: number;
  readonly seats: number;
  /** `YYYY-MM-DD`. */
  readonly start_date: string;
  readonly notice_days: number;
};

/** The contract as the CRM has it: where every renewal starts from. */
export interface ContractFacts extends RenewalTerms {
  readonly end_date: string;
}

export function contractFacts(record: JsonObject): Result<ContractFacts, Refusal> {
  const { end_date: end } = record;
  const terms = termsOf(record);
  if (terms === undefined || typeof end !== 'string')
    return err(refusal('record-unusable', 'The contract has no complete terms to renew.'));
  return ok({ ...terms, end_date: end });
}

/** A proposal, completed: what it leaves out stays as last offered, or as the contract has it. The next term begins when this one ends. */
export function parseTerms(
  proposal: JsonObject,
  facts: ContractFacts,
  last: JsonObject | null,
): Result<RenewalTerms, Refusal> {
  const base = (last === null ? undefined : termsOf(last)) ?? { ...facts, start_date: dayAfter(facts.end_date) };
  const { unit_price, term_months, seats, start_date, notice_days } = base;
  const terms = termsOf({ unit_price, term_months, seats, start_date, notice_days, ...proposal });
  if (terms === undefined) return err(refusal('terms-invalid'));
  if (terms.unit_price.currency !== facts.unit_price.currency) {
    return err(
      refusal(
        'terms-invalid',
        `The contract is in ${facts.unit_price.currency}; terms in another currency cannot be offered.`,
      ),
    );
  }
  return ok(terms);
}

function termsOf(value: JsonObject): RenewalTerms | undefined {
  const { unit_price: price, term_months, seats, start_date, notice_days } = value;
  if (
    !isMoney(price) ||
    !isCount(term_months) ||
    !isCount(seats) ||
    !isCount(notice_days) ||
    typeof start_date !== 'string'
  )
    return undefined;
  return {
    unit_price: { amount: price.amount, currency: price.currency },
    term_months,
    seats,
    start_date,
    notice_days,
  };
}

const isCount = (value: Json | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

function isMoney(value: unknown): value is Money {
  return (
    typeof value === 'object' &&
    value !== null &&
    'amount' in value &&
    isCount(value.amount as Json) &&
    'currency' in value &&
    typeof value.currency === 'string'
  );
}

const DAY_MS = 86_400_000;

export function dayAfter(date: string, days = 1): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** Whole days from `a` to `b`. */
export function daysBetween(a: string, b: string): number {
  return Math.round((Date.parse(`${b}T00:00:00Z`) - Date.parse(`${a}T00:00:00Z`)) / DAY_MS);
}
