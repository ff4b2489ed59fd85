import { LIMITS } from '../../protocol/base/limits.ts';
import { ok } from '../../protocol/base/result.ts';
import type { Offer, OperationView, Terms } from '../../protocol/operation.ts';
import { type Choice, packageOf, pricedPackages } from '../../protocol/schedule.ts';
import { type BuyerGoals, type Candidate, isBeyondLimits, limitsOf, scoreOf, tightened } from './goals.ts';
import { proposalFor } from './proposal.ts';
import { type Why, whyAccepted, whyLeft } from './why.ts';

export type BuyerMove =
  /** `choice`: the package of the offer's schedule; without it, the offer's own terms. */
  | { readonly kind: 'accept'; readonly offer: Offer; readonly choice?: Choice; readonly why: Why }
  /** `last`: its last word, with no round left. It may be put to a person at the company, or be refused as `negotiation-over`. */
  | { readonly kind: 'counter'; readonly terms: Terms; readonly last?: true }
  | { readonly kind: 'withdraw'; readonly why: Why };

export type Talk = Pick<OperationView, 'offers' | 'open_offers' | 'rounds_left'> &
  /** Without it, no last word is said. */
  Partial<Pick<OperationView, 'next'>>;

/** Where earlier talks about the same matter stood. */
export interface Stood {
  /** How much of its wishes it has asked for last, from 1 to 0: it never asks for more again. */
  readonly enough: number;
}

export interface BuyerOptions {
  readonly roundsMax?: number;
  readonly stood?: Stood | undefined;
  /** In this talk: it is said once. */
  readonly lastWordSaid?: boolean;
}

/** An honest buyer: settles for evenly less of its wishes over the rounds, looks at every package that is on offer, accepts the one that
 * does best for it once that is enough, and never one beyond its bounds or its mandate. Where no round is left and nothing will do, it says what would, once. What it proposes it would accept, and what it
 * once settled for it does not take back. Deterministic; a model may put it in words, it does not decide. */
export function buyerMove(wanted: BuyerGoals, talk: Talk, options: BuyerOptions = {}): BuyerMove {
  const goals = tightened(wanted);
  const { rounds_left: left = 0 } = talk;
  const open = candidatesIn(goals, talk);
  const enough = Math.min(options.stood?.enough ?? 1, settlingFor(open, left, options.roundsMax));
  const [best] = open.toSorted(byScore);
  if (best?.score !== undefined && (best.score >= enough || left === 0)) {
    const { offer, choice, score } = best;
    const why = whyAccepted(goals, open, {
      best: { ...best, score },
      because: left > 0 ? 'enough' : 'last_round',
    });
    return { kind: 'accept', offer, ...(choice === undefined ? {} : { choice }), why };
  }
  const mayCounter = left > 0 || (options.lastWordSaid !== true && isHeardOnce(talk));
  if (!mayCounter) return { kind: 'withdraw', why: whyLeft(goals, open, 'no_rounds_left') };
  const known = open.map(({ terms }) => terms);
  const terms = proposalFor(goals, enough, known);
  return isPastLimits(goals, { ...known.at(-1), ...terms })
    ? { kind: 'withdraw', why: whyLeft(goals, open, 'nothing_within') }
    : { kind: 'counter', terms, ...(left > 0 ? {} : { last: true }) };
}

/** Whether a counter is taken that no round is left for. */
function isHeardOnce({ next = [] }: Talk): boolean {
  return next.some(({ rel }) => rel === 'counter');
}

/** How much of its wishes it settles for now. */
export function settlingFor(
  open: readonly unknown[],
  left: number,
  roundsMax: number = LIMITS.negotiationRoundsMax,
): number {
  return open.length === 0 ? 1 : Math.min(1, Math.max(0, left / roundsMax));
}

/** Every open offer and every package of their schedules; the offers' own terms last, the foremost of them at the end. */
function candidatesIn(goals: BuyerGoals, talk: Talk): readonly Candidate[] {
  const open = openOffers(talk);
  const packages = open.flatMap((offer) =>
    offer.schedule === undefined
      ? []
      : pricedPackages(offer.schedule).flatMap(({ choice }) => candidate(goals, offer, choice)),
  );
  return [...packages, ...open.flatMap((offer) => candidate(goals, offer))];
}

function candidate(goals: BuyerGoals, offer: Offer, choice?: Choice): Candidate[] {
  const chosen = choice === undefined ? ok(offer) : packageOf(offer, choice);
  if (!chosen.ok) return [];
  const { terms, firmness } = chosen.value;
  return [{ offer, terms, firmness, score: scoreOf(goals, terms), ...(choice === undefined ? {} : { choice }) }];
}

const FIRM: Readonly<Record<Offer['firmness'], number>> = { held: 0, binding: 0, indicative: 1 };

/** The best first; of equals the firmer, and a plain offer before a package. */
function byScore(a: Candidate, b: Candidate): number {
  return (
    (b.score ?? -1) - (a.score ?? -1) ||
    FIRM[a.firmness] - FIRM[b.firmness] ||
    Number(a.choice !== undefined) - Number(b.choice !== undefined)
  );
}

/** What may be accepted. */
export function openOffers({ offers = [], open_offers: ids }: Talk): readonly Offer[] {
  const last = offers.findLast(({ by }) => by !== 'agent');
  if (ids === undefined) return last === undefined ? [] : [last];
  return offers.filter(({ id }) => ids.includes(id));
}

/** Past a limit, as far as all that it is about is known. */
function isPastLimits(goals: BuyerGoals, terms: Terms): boolean {
  const limits = limitsOf(goals).filter(({ of }) => of.every((name) => terms[name] !== undefined));
  return isBeyondLimits({ terms: {}, limits }, terms);
}
