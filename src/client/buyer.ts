import type { Money } from '../../protocol/money.ts';
import type { Offer, Terms } from '../../protocol/operation.ts';

/** What the customer wants, and what they will not go beyond. */
export interface BuyerGoals {
  /** Never more than this, per seat and month. */
  readonly maxUnitPrice: Money;
  /** Where the agent starts. */
  readonly wishUnitPrice: Money;
  readonly termMonths: number;
  readonly maxTermMonths: number;
  readonly seats: number;
  readonly maxNoticeDays: number;
}

export type BuyerMove =
  | { readonly kind: 'accept'; readonly offer: Offer }
  | { readonly kind: 'counter'; readonly terms: Terms }
  | { readonly kind: 'withdraw' };

/** A simple, honest buyer: concedes evenly from wish to limit over the rounds, accepts what meets its next step, and never a term
 * beyond its limits. Deterministic; a model may put it in words, it does not decide. */
export function buyerMove(
  goals: BuyerGoals,
  offers: readonly Offer[],
  roundsLeft: number,
  roundsMax: number,
): BuyerMove {
  const offer = offers.findLast(({ by }) => by !== 'agent');
  if (offer === undefined) return { kind: 'counter', terms: proposalAt(goals, goals.wishUnitPrice.amount) };
  const progress = Math.min(1, Math.max(0, (roundsMax - roundsLeft) / roundsMax));
  const { amount: wish, currency } = goals.wishUnitPrice;
  const ready = Math.floor(wish + (goals.maxUnitPrice.amount - wish) * progress);
  const price = offer.terms['unit_price'];
  const asked =
    typeof price === 'object' &&
    price !== null &&
    'amount' in price &&
    'currency' in price &&
    price['currency'] === currency
      ? Number(price['amount'])
      : Number.NaN;
  const affordable = asked <= goals.maxUnitPrice.amount && fits(goals, offer.terms);
  if (affordable && (asked <= ready || roundsLeft === 0)) return { kind: 'accept', offer };
  if (roundsLeft === 0) return { kind: 'withdraw' };
  return { kind: 'counter', terms: proposalAt(goals, ready) };
}

function proposalAt(goals: BuyerGoals, amount: number): Terms {
  return {
    unit_price: { amount, currency: goals.wishUnitPrice.currency },
    term_months: goals.termMonths,
    seats: goals.seats,
    notice_days: goals.maxNoticeDays,
  };
}

function fits(goals: BuyerGoals, terms: Terms): boolean {
  const { term_months: term, seats, notice_days: notice } = terms;
  return Number(term) <= goals.maxTermMonths && Number(seats) === goals.seats && Number(notice) <= goals.maxNoticeDays;
}
