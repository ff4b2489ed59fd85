import type { Json } from '../../protocol/json.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Money } from '../../protocol/money.ts';
import type { Offer, OperationView, Terms } from '../../protocol/operation.ts';

/** What the customer wants of one term, and what they will not go beyond. Money, whole numbers, `YYYY-MM-DD`, or words. */
export interface Goal<T extends Money | number | string = Money | number | string> {
  /** Where the agent starts. With no bound beside it, a must. */
  readonly wish: T;
  /** Never more, or later. */
  readonly most?: T;
  /** Never less, or earlier. */
  readonly least?: T;
  /** Of words: others that would do, the better first. */
  readonly or?: readonly string[];
  /** How dear it is beside the other terms; 1 unless said. */
  readonly weight?: number;
}

/** By the term's name. Terms without a goal are what the customer does not mind. */
export interface BuyerGoals {
  readonly terms: Readonly<Record<string, Goal>>;
  /** Never more than this in all: these terms multiplied, e.g. price × seats × months. */
  readonly budget?: { readonly most: Money; readonly of: readonly string[] };
}

export type BuyerMove =
  | { readonly kind: 'accept'; readonly offer: Offer }
  | { readonly kind: 'counter'; readonly terms: Terms }
  | { readonly kind: 'withdraw' };

type Talk = Pick<OperationView, 'offers' | 'open_offers' | 'rounds_left'>;

/** A simple, honest buyer: settles for evenly less of its wishes over the rounds, accepts the open offer that is enough, and never one
 * beyond its bounds. Deterministic; a model may put it in words, it does not decide. */
export function buyerMove(goals: BuyerGoals, talk: Talk, roundsMax: number = LIMITS.negotiationRoundsMax): BuyerMove {
  const { rounds_left: left = 0 } = talk;
  const open = openOffers(talk);
  const enough = open.length === 0 ? 1 : Math.max(0, left / roundsMax);
  const scored = open
    .map((offer) => ({ offer, score: scoreOf(goals, offer.terms) }))
    .sort((a, b) => (b.score ?? -1) - (a.score ?? -1));
  const [best] = scored;
  if (best?.score !== undefined && (best.score >= enough || left === 0)) return { kind: 'accept', offer: best.offer };
  if (left === 0) return { kind: 'withdraw' };
  return { kind: 'counter', terms: proposalFor(goals, enough, open) };
}

function openOffers({ offers = [], open_offers: ids }: Talk): readonly Offer[] {
  const last = offers.findLast(({ by }) => by !== 'agent');
  if (ids === undefined) return last === undefined ? [] : [last];
  return offers.filter(({ id }) => ids.includes(id));
}

/** From 1, all wishes fulfilled, to 0, everything at its bound; `undefined` beyond a bound. */
function scoreOf(goals: BuyerGoals, terms: Terms): number | undefined {
  if (overBudget(goals, terms)) return undefined;
  const parts = Object.entries(goals.terms).map(([name, goal]) => ({
    weight: weightOf(goal),
    fit: fitOf(goal, terms[name]),
  }));
  if (parts.some(({ fit }) => fit === undefined)) return undefined;
  return weighed(parts.map(({ weight, fit = 0 }) => ({ weight, fit })));
}

/** What has no room between wish and bound is a must: it is kept or not, and adds nothing. */
function weightOf(goal: Goal | undefined): number {
  if (goal === undefined) return 0;
  const { wish, most = wish, least = wish, or = [], weight = 1 } = goal;
  const room = or.length > 0 || [most, least].some((bound) => numberOf(bound, wish) !== numberOf(wish, wish));
  return room ? weight : 0;
}

function weighed(parts: readonly { readonly weight: number; readonly fit: number }[]): number {
  const weights = parts.reduce((sum, { weight }) => sum + weight, 0);
  return weights === 0 ? 1 : parts.reduce((sum, { weight, fit }) => sum + weight * fit, 0) / weights;
}

/** How well a value does, from 1 (the wish, or better) to 0 (the bound); `undefined` beyond it. */
function fitOf(goal: Goal, value: Json | undefined): number | undefined {
  const { wish, most, least, or = [] } = goal;
  if (typeof wish === 'string' && numberOf(wish, wish) === undefined) {
    const place = [wish, ...or].indexOf(String(value));
    return place < 0 ? undefined : 1 - place / (or.length + 1);
  }
  const [from, to] = [numberOf(wish, wish) ?? 0, numberOf(value, wish)];
  const [high, low] = [numberOf(most, wish), numberOf(least, wish)];
  if (to === undefined || (high !== undefined && to > high) || (low !== undefined && to < low)) return undefined;
  if (to > from) return high === undefined ? (low === undefined ? undefined : 1) : (high - to) / (high - from);
  if (to < from) return low === undefined ? (high === undefined ? undefined : 1) : (to - low) / (from - low);
  return 1;
}

/** A proposal that is worth `enough`: on the side terms of the open offer it is nearest to, or else on its own, and what is left to
 * reach on the price. The other side can take it for what it asked for; this side loses nothing against its plan. */
function proposalFor(goals: BuyerGoals, enough: number, open: readonly Offer[]): Terms {
  const yields = yielding(goals);
  const sides = Object.entries(goals.terms).filter(([name]) => !yields.includes(name));
  const wishes = Object.fromEntries(sides.map(([name, { wish }]) => [name, jsonOf(wish)]));
  const at = (terms: Terms, fit: number): Terms => ({
    ...terms,
    ...Object.fromEntries(
      Object.entries(goals.terms).flatMap(([name, goal]) =>
        yields.includes(name) ? [[name, valueAt(goal, fit)]] : [],
      ),
    ),
  });
  const taken = open.flatMap(({ terms }) => {
    const fit = priceFit(goals, yields, sides, terms, enough);
    if (fit === undefined || fit > 1) return [];
    const proposal = at(pick(terms, Object.keys(wishes)), Math.max(0, fit));
    // More than there is money for is nothing to bargain about.
    if (overBudget(goals, proposal)) return [];
    return [{ proposal, gap: gapBetween(goals, yields, proposal, terms) }];
  });
  taken.sort((a, b) => a.gap - b.gap);
  return taken[0]?.proposal ?? withinBudget(goals, at(wishes, enough));
}

/** How far their price is from ours on the same side terms. */
function gapBetween(goals: BuyerGoals, yields: readonly string[], ours: Terms, theirs: Terms): number {
  return yields.reduce((sum, name) => {
    const wish = goals.terms[name]?.wish ?? 0;
    return (
      sum + Math.abs((numberOf(theirs[name], wish) ?? Number.POSITIVE_INFINITY) - (numberOf(ours[name], wish) ?? 0))
    );
  }, 0);
}

/** The terms that give way: money, or every term with a bound where there is no money. */
function yielding({ terms }: BuyerGoals): readonly string[] {
  const bounded = Object.entries(terms).filter(([, { most, least }]) => most !== undefined || least !== undefined);
  const money = bounded.filter(([, { wish }]) => typeof wish === 'object');
  const numeric = bounded.filter(([, { wish }]) => typeof wish === 'number');
  return (money.length > 0 ? money : numeric).map(([name]) => name);
}

/** How well the price must do for these side terms to be worth `enough` with it; `undefined` where a side term is beyond its bound. */
function priceFit(
  goals: BuyerGoals,
  yields: readonly string[],
  sides: readonly (readonly [string, Goal])[],
  terms: Terms,
  enough: number,
): number | undefined {
  let missing = 0;
  for (const [name, goal] of sides) {
    const fit = fitOf(goal, terms[name]);
    if (fit === undefined) return undefined;
    missing += weightOf(goal) * (enough - fit);
  }
  const weight = yields.reduce((sum, name) => sum + weightOf(goals.terms[name]), 0);
  return weight === 0 ? undefined : enough + missing / weight;
}

/** The value between bound (0) and wish (1), rounded towards the wish. */
function valueAt({ wish, most, least }: Goal, fit: number): Json {
  const from = numberOf(wish, wish) ?? 0;
  const to = numberOf(most ?? least, wish) ?? from;
  const level = from + Math.trunc((to - from) * (1 - fit));
  return typeof wish === 'object' ? { amount: level, currency: wish.currency } : level;
}

function overBudget({ budget }: BuyerGoals, terms: Terms): boolean {
  if (budget === undefined) return false;
  const total = budget.of.reduce((product, name) => product * (numberOf(terms[name], budget.most) ?? Number.NaN), 1);
  // A total that cannot be reckoned is not one that is kept.
  return !(total <= budget.most.amount);
}

/** The price lowered to what the budget has for so many. */
function withinBudget(goals: BuyerGoals, terms: Terms): Terms {
  const { budget } = goals;
  const price = budget?.of.find((name) => typeof goals.terms[name]?.wish === 'object');
  if (budget === undefined || price === undefined || !overBudget(goals, terms)) return terms;
  const others = budget.of.filter((name) => name !== price).reduce((product, name) => product * Number(terms[name]), 1);
  if (!(others > 0)) return terms;
  return { ...terms, [price]: { amount: Math.floor(budget.most.amount / others), currency: budget.most.currency } };
}

const DAY_MS = 86_400_000;

/** Money in the wish's currency, a number, or a date as days; `undefined` for anything else. */
function numberOf(value: unknown, like: Goal['wish']): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value)) return Date.parse(value) / DAY_MS;
  if (typeof value !== 'object' || value === null || !('amount' in value) || !('currency' in value)) return undefined;
  const same = typeof like !== 'object' || value.currency === like.currency;
  return same && typeof value.amount === 'number' ? value.amount : undefined;
}

function pick(terms: Terms, names: readonly string[]): Terms {
  return Object.fromEntries(names.flatMap((name) => (terms[name] === undefined ? [] : [[name, terms[name]]])));
}

function jsonOf(value: Goal['wish']): Json {
  return typeof value === 'object' ? { amount: value.amount, currency: value.currency } : value;
}
