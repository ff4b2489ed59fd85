/** What a customer wants and will not go beyond, and how well terms do by it. Pure; knows nothing of how the company prices. */
import type { Json } from '../../protocol/base/json.ts';
import { digitsOf, type Money } from '../../protocol/base/money.ts';
import type { Offer, Terms } from '../../protocol/operation.ts';
import type { Choice } from '../../protocol/schedule.ts';

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

/** These terms multiplied are never more than this: price × seats × months, or one term by itself. */
export interface Limit {
  readonly of: readonly string[];
  readonly most: Money | number;
}

/** By the term's name. Terms without a goal are what the customer does not mind. */
export interface BuyerGoals {
  readonly terms: Readonly<Record<string, Goal>>;
  /** Never more than this in all: these terms multiplied, e.g. price × seats × months. */
  readonly budget?: { readonly most: Money; readonly of: readonly string[] };
  /** What else is never gone beyond, such as the mandate's own limits ({@link mandateLimits}). */
  readonly limits?: readonly Limit[];
}

/** What may be accepted, and how well it does; no score where it is beyond a bound. */
export interface Candidate {
  readonly offer: Offer;
  readonly choice?: Choice;
  readonly terms: Terms;
  readonly firmness: Offer['firmness'];
  readonly score: number | undefined;
}

/** From 1, all wishes fulfilled, to 0, everything at its bound; `undefined` beyond a bound or a limit. */
export function scoreOf(goals: BuyerGoals, terms: Terms): number | undefined {
  if (isBeyondLimits(goals, terms)) return undefined;
  const parts = Object.entries(goals.terms).map(([name, goal]) => ({
    weight: weightOf(goal),
    fit: fitOf(goal, terms[name]),
  }));
  if (parts.some(({ fit }) => fit === undefined)) return undefined;
  return weighed(parts.map(({ weight, fit = 0 }) => ({ weight, fit })));
}

/** What has no room between wish and bound is a must: it is kept or not, and adds nothing. */
export function weightOf(goal: Goal | undefined): number {
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
export function fitOf(goal: Goal, value: Json | undefined): number | undefined {
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

/** Whether anything is above its limit. A product that cannot be reckoned is not one that is kept. */
export function isBeyondLimits(goals: BuyerGoals, terms: Terms): boolean {
  return limitsOf(goals).some(({ of, most }) => !isWithin(productOf(terms, of, most), most));
}

/** The goals with every limit of a single term as its bound: no wish is above what may be had. */
export function tightened(goals: BuyerGoals): BuyerGoals {
  const terms = Object.fromEntries(
    Object.entries(goals.terms).map(([name, goal]): [string, Goal] => [
      name,
      withinMost(goal, singleLimit(goals, name)),
    ]),
  );
  return { ...goals, terms };
}

function singleLimit(goals: BuyerGoals, name: string): readonly Limit['most'][] {
  return limitsOf(goals).flatMap(({ of, most }) => (of.length === 1 && of[0] === name ? [most] : []));
}

function withinMost(goal: Goal, limits: readonly Limit['most'][]): Goal {
  const { wish, most, least } = goal;
  // A must is kept or not.
  if (most === undefined && least === undefined) return goal;
  const bounds = limits.flatMap((limit) => {
    const bound = numberOf(limit, wish);
    return bound === undefined ? [] : [{ limit, bound }];
  });
  const [tightest] = bounds.toSorted((a, b) => a.bound - b.bound);
  if (tightest === undefined || tightest.bound >= (numberOf(most ?? wish, wish) ?? 0)) return goal;
  const { limit, bound } = tightest;
  // Between its own least and the limit there is nothing: neither gives way.
  if (least !== undefined && (numberOf(least, wish) ?? 0) > bound) return goal;
  const kept = (numberOf(wish, wish) ?? 0) > bound ? { wish: limit } : {};
  return { ...goal, ...(most === undefined ? {} : { most: limit }), ...kept };
}

export function limitsOf({ budget, limits = [] }: BuyerGoals): readonly Limit[] {
  return budget === undefined ? limits : [budget, ...limits];
}

/** An exact product: an integer with so many digits after the point. */
interface Product {
  readonly value: bigint;
  readonly scale: number;
}

/** What the terms come to under a limit, exactly; `undefined` where one of them is no number, or money of another currency. */
export function productOf(terms: Terms, of: readonly string[], most: Limit['most']): Product | undefined {
  let [value, scale] = [1n, 0];
  for (const name of of) {
    const factor = terms[name];
    if (typeof factor === 'number' && Number.isSafeInteger(factor)) value *= BigInt(factor);
    else if (isMoney(factor) && typeof most === 'object' && factor.currency === most.currency) {
      value *= BigInt(factor.amount);
      scale += (factor.scale ?? digitsOf(factor.currency)) - digitsOf(factor.currency);
    } else return undefined;
  }
  return { value, scale };
}

function isWithin(product: Product | undefined, most: Limit['most']): boolean {
  if (product === undefined) return false;
  const bound = BigInt(Math.trunc(typeof most === 'object' ? most.amount : most));
  const unit = 10n ** BigInt(Math.abs(product.scale));
  return product.scale >= 0 ? product.value <= bound * unit : product.value * unit <= bound;
}

const DAY_MS = 86_400_000;

/** Money in the wish's currency in its minor units, a number, or a date as days; `undefined` for anything else. */
export function numberOf(value: unknown, like: Goal['wish']): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value)) return Date.parse(value) / DAY_MS;
  if (!isMoney(value) || (typeof like === 'object' && value.currency !== like.currency)) return undefined;
  return value.amount / 10 ** ((value.scale ?? digitsOf(value.currency)) - digitsOf(value.currency));
}

function isMoney(value: unknown): value is Money & { readonly scale?: number } {
  if (typeof value !== 'object' || value === null || !('amount' in value) || !('currency' in value)) return false;
  const { amount, currency } = value;
  const scale = 'scale' in value ? value.scale : 0;
  return Number.isSafeInteger(amount) && typeof currency === 'string' && Number.isInteger(scale);
}

export function jsonOf(value: Goal['wish']): Json {
  return typeof value === 'object' ? { amount: value.amount, currency: value.currency } : value;
}
