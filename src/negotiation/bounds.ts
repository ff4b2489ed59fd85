import type { BasisPoints, NegotiationPolicy } from './policy.ts';
import { type ContractFacts, dayAfter, daysBetween, type RenewalTerms } from './terms.ts';

/** What a package has earned off the price: a longer term and more seats are worth something to the company. */
export function rebateFor(
  { numbers }: NegotiationPolicy,
  facts: ContractFacts,
  terms: Pick<RenewalTerms, 'term_months' | 'seats'>,
): BasisPoints {
  const extraYears = Math.max(0, Math.floor(terms.term_months / 12) - 1);
  const growth = terms.seats * 4 >= facts.seats * 5 ? numbers.for_growth : 0;
  return extraYears * numbers.per_extra_year + growth;
}

/** The lowest unit price of this package, minor units. Private: compared with, never shown. */
export function floorPrice(
  policy: NegotiationPolicy,
  facts: ContractFacts,
  terms: Pick<RenewalTerms, 'term_months' | 'seats'>,
): number {
  return policy.lowest(facts.unit_price.amount, rebateFor(policy, facts, terms));
}

/** The package without its price, brought into the company's ranges. */
export function withinRanges({ numbers }: NegotiationPolicy, facts: ContractFacts, wanted: RenewalTerms): RenewalTerms {
  const first = dayAfter(facts.end_date);
  const delay = clamp(daysBetween(first, wanted.start_date), numbers.start_delay_days);
  return {
    unit_price: wanted.unit_price,
    term_months: clamp(wanted.term_months, numbers.term_months),
    seats: clamp(wanted.seats, numbers.seats),
    start_date: dayAfter(first, delay),
    notice_days: clamp(wanted.notice_days, numbers.notice_days),
  };
}

/** The hard bound: no offer and no match leaves the negotiation without passing here. */
export function admissible(policy: NegotiationPolicy, facts: ContractFacts, terms: RenewalTerms): boolean {
  const { unit_price: price } = terms;
  return (
    price.currency === facts.unit_price.currency &&
    price.amount >= floorPrice(policy, facts, terms) &&
    samePackage(terms, withinRanges(policy, facts, terms))
  );
}

export function samePackage(a: RenewalTerms, b: RenewalTerms): boolean {
  return (
    a.term_months === b.term_months &&
    a.seats === b.seats &&
    a.start_date === b.start_date &&
    a.notice_days === b.notice_days
  );
}

function clamp(value: number, { min, max }: { readonly min: number; readonly max: number }): number {
  return Math.min(Math.max(value, min), max);
}
