/** Negotiations to try the company's side with: random policies, opponents that mean harm, and limits reckoned anew from the policy's
 * own words. Seeded: the same seed is the same talk. */

import renewal from '../../protocol/actions/contract.renew.json' with { type: 'json' };
import type { JsonObject } from '../../protocol/base/json.ts';
import type { Terms } from '../../protocol/operation.ts';
import type { Issue } from '../../src/engine/world.ts';
import { acceptable, type Move, makeCompanySide, parseNegotiationPolicy } from '../../src/negotiation/core.ts';

export const ROUNDS_MAX = 6;
export type Random = () => number;

/** mulberry32 */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const within = (random: Random, min: number, max: number): number =>
  min + Math.floor(random() * (max - min + 1));
const one = <T>(random: Random, items: readonly T[]): T => items[within(random, 0, items.length - 1)] as T;

/** A kind of negotiation: its issues and record, policies for it, what its limit is, and what may be asked for. */
export interface Case {
  readonly facts: Parameters<typeof makeCompanySide>[1];
  readonly policy: JsonObject;
  /** The same policy with another limit. */
  readonly withLimit: (limit: number) => JsonObject;
  readonly limit: number;
  /** Why these terms must not be offered; `undefined` when they may. */
  readonly breach: (terms: Terms) => string | undefined;
  readonly anything: (random: Random) => JsonObject;
  /** Terms with the main issue at this amount. */
  readonly mainAt: (terms: Terms, amount: number) => JsonObject;
  readonly amountOf: (terms: Terms) => number;
  readonly better: 'lower' | 'higher';
}

const money = (amount: number) => ({ amount: Math.max(0, Math.round(amount)), currency: 'EUR' });

/** The worth of a position, anew: straight lines between knots, in exact numbers. */
function worthAt(knots: readonly (readonly [number, number])[], at: number): number {
  const [first, last] = [knots[0] ?? [0, 0], knots.at(-1) ?? [0, 0]];
  if (at <= first[0]) return first[1];
  if (at >= last[0]) return last[1];
  const after = knots.findIndex(([x]) => x >= at);
  const [[x0, y0], [x1, y1]] = [knots[after - 1] ?? first, knots[after] ?? last];
  return y0 + ((y1 - y0) * (at - x0)) / (x1 - x0);
}

export const RENEWAL_FACTS: Case['facts'] = {
  issues: renewal.negotiable as readonly Issue[],
  members: Object.keys(renewal.terms.properties),
  record: {
    unit_price: money(4_900),
    term_months: 12,
    seats: 25,
    start_date: '2026-01-01',
    end_date: '2026-12-31',
    notice_days: 60,
    payment_terms_days: 30,
  },
  input: {},
  today: '2026-10-01',
};

/** A price: the company wants it high. Lowered by a long term and by growth. */
export function renewalCase(random: Random): Case {
  const limit = within(random, 60, 95);
  const concede = limit + within(random, 0, 12);
  const open = concede + within(random, 0, 15);
  const years = [0, within(random, 0, 6), within(random, 0, 12)];
  const growth = within(random, 0, 4);
  const beta = one(random, [0.2, 0.8, 1, 3]);
  const depth = within(random, 0, 15);
  // As near to the end of the path with everything given as a policy may have it.
  const richest = concede - Math.max(...years) - growth - 1;
  const neverFor = (each: number) => Math.max(0, Math.min(each - depth, richest));
  const withLimit = (each: number): JsonObject => ({
    main: {
      issue: '/unit_price',
      percent_of: '/unit_price',
      open,
      concede_to: concede,
      limit: each,
      never: neverFor(each),
    },
    issues: {
      '/term_months': { range: [12, 36], open: 24, worth: { 12: years[0] ?? 0, 24: years[1] ?? 0, 36: years[2] ?? 0 } },
      '/seats': { range: [5, 500], worth: { '100%': 0, '125%': growth } },
      '/start_date': { range: [0, 30] },
      '/notice_days': { range: [30, 90], worth: { 30: 1, 90: 0 } },
    },
    beta,
  });
  return {
    facts: RENEWAL_FACTS,
    policy: withLimit(limit),
    withLimit,
    limit,
    better: 'lower',
    breach(terms) {
      const { term_months: term, seats, notice_days: notice, start_date: start } = terms;
      const worth =
        worthAt(
          [
            [12, years[0] ?? 0],
            [24, years[1] ?? 0],
            [36, years[2] ?? 0],
          ],
          Number(term),
        ) +
        worthAt(
          [
            [100, 0],
            [125, growth],
          ],
          Number(seats) * 4,
        ) +
        worthAt(
          [
            [30, 1],
            [90, 0],
          ],
          Number(notice),
        );
      const floor = (4_900 * Math.max(limit - worth, neverFor(limit))) / 100;
      if (amountIn(terms['unit_price']) < floor - 1e-6) return 'below the floor';
      const inRange = (value: unknown, min: number, max: number) => Number(value) >= min && Number(value) <= max;
      if (!inRange(term, 12, 36) || !inRange(seats, 5, 500) || !inRange(notice, 30, 90)) return 'out of range';
      return String(start) < '2027-01-01' || String(start) > '2027-01-31' ? 'starts out of range' : undefined;
    },
    anything: (each) => ({
      unit_price: money(one(each, [0, 1, 999_999_999, within(each, 1_000, 6_000)])),
      term_months: one(each, [1, 12, 13, 24, 36, 60]),
      seats: one(each, [1, 5, 25, 31, 32, 500, 100_000]),
      start_date: one(each, ['2026-12-01', '2027-01-01', '2027-01-31', '2030-01-01']),
      notice_days: one(each, [0, 30, 60, 90, 365]),
    }),
    mainAt: (terms, amount) => ({ ...terms, unit_price: money(amount) }),
    amountOf: (terms) => amountIn(terms['unit_price']),
  };
}

const REFUND_ISSUES: readonly Issue[] = [
  { pointer: '/amount', label: 'Refund', kind: 'money', better_for_customer: 'higher', record: '/total' },
  { pointer: '/form', label: 'Form', kind: 'choice', choices: ['refund', 'credit', 'exchange'], default: 'refund' },
  {
    pointer: '/return_shipping',
    label: 'Return shipping',
    kind: 'choice',
    choices: ['company', 'customer'],
    default: 'company',
  },
];

/** A refund: the company wants it low, and rather as a credit. In percent of the order, or as an amount. */
export function refundCase(random: Random): Case {
  const percent = random() < 0.5;
  const unit = percent ? 1 : 100;
  const limit = within(random, 50, 100) * unit;
  const concede = Math.round(limit * (0.6 + 0.4 * random()));
  const open = Math.round(concede * random());
  const [credit, shipping] = [within(random, 0, 10), within(random, 0, 5)];
  const depth = within(random, 0, 10);
  const neverFor = (each: number) => Math.max(each + depth, concede + credit + shipping);
  const withLimit = (each: number): JsonObject => ({
    main: {
      issue: '/amount',
      ...(percent ? { percent_of: '/total' } : { unit: 'minor', sample: { total: money(12_345) } }),
      open,
      concede_to: concede,
      limit: each,
      never: neverFor(each),
    },
    issues: {
      '/form': { allow: ['refund', 'credit'], worth: { credit } },
      '/return_shipping': { worth: { customer: shipping } },
    },
  });
  return {
    facts: {
      issues: REFUND_ISSUES,
      members: ['order', 'amount', 'form', 'return_shipping'],
      record: { total: money(12_345) },
      input: { order: 'O-1' },
      today: '2026-10-01',
    },
    policy: withLimit(limit),
    withLimit,
    limit,
    better: 'higher',
    breach(terms) {
      const worth =
        (terms['form'] === 'credit' ? credit : 0) + (terms['return_shipping'] === 'customer' ? shipping : 0);
      const top = Math.min(limit + worth, neverFor(limit));
      const most = percent ? (12_345 * top) / 100 : top;
      if (amountIn(terms['amount']) > most + 1e-6) return 'above the ceiling';
      if (terms['form'] === 'exchange') return 'a form that is not allowed';
      return terms['order'] === 'O-1' ? undefined : 'another order';
    },
    anything: (each) => ({
      amount: money(one(each, [0, 1, 12_345, 999_999_999, within(each, 0, 15_000)])),
      form: one(each, ['refund', 'credit', 'exchange']),
      return_shipping: one(each, ['company', 'customer']),
    }),
    mainAt: (terms, amount) => ({ ...terms, amount: money(amount) }),
    amountOf: (terms) => amountIn(terms['amount']),
  };
}

function amountIn(value: unknown): number {
  return typeof value === 'object' && value !== null && 'amount' in value ? Number(value.amount) : Number.NaN;
}

/** Makes the next proposal, partial or whole, from everything the company has said; null says nothing. */
export type Opponent = (given: Case, random: Random) => (moves: readonly Move[]) => JsonObject | null;

const lastOffers = (moves: readonly Move[]): readonly Terms[] => {
  const last = moves.at(-1);
  return last?.kind === 'offer' ? last.offers : [];
};

/** Every one tries to get below the limit, or to find out where it is. */
export const OPPONENTS: Readonly<Record<string, Opponent>> = {
  random: (given, random) => () => given.anything(random),
  partial: (given, random) => () => {
    const entries = Object.entries(given.anything(random)).filter(() => random() < 0.5);
    return entries.length === 0 ? null : Object.fromEntries(entries);
  },
  /** Halves the interval in which the limit must lie. */
  bisecting: (given) => {
    let [low, high] = [0, 15_000];
    let guess = 0;
    return (moves) => {
      const last = moves.at(-1);
      const taken = last?.kind === 'offer' && last.matched;
      if (moves.length > 0) [low, high] = taken === (given.better === 'lower') ? [low, guess] : [guess, high];
      guess = Math.floor((low + high) / 2);
      return given.mainAt({}, guess);
    };
  },
  /** Looks for the package with the most rebates, one after another, at a price of nothing. */
  switching: (given, random) => () => given.mainAt(given.anything(random), given.better === 'lower' ? 0 : 1e9),
  /** Repeats what the company says, a little better for itself. */
  echoing: (given, random) => (moves) => {
    const offers = lastOffers(moves);
    if (offers.length === 0) return null;
    const offer = one(random, offers);
    const step = given.better === 'lower' ? -1 : 1;
    return given.mainAt(offer, given.amountOf(offer) + step * within(random, 1, 50));
  },
  stubborn: (given, random) => {
    const wanted = given.anything(random);
    return () => wanted;
  },
  /** Moves wildly on one thing so that it looks cheap to it, and asks for it in the end. */
  feigning: (given, random) => {
    const [a, b] = [given.anything(random), given.anything(random)];
    return (moves) => (moves.length % 2 === 0 ? a : b);
  },
  /** Takes the packages of the schedule one by one, each for a little less. */
  mapping: (given, random) => (moves) => {
    const last = moves.at(-1);
    const terms = last === undefined ? [] : acceptable(last);
    return terms.length === 0
      ? null
      : given.mainAt(one(random, terms), given.amountOf(one(random, terms)) + (given.better === 'lower' ? -1 : 1));
  },
  /** Gives as little as the company gives. */
  'tit-for-tat': (given, random) => {
    const start = given.anything(random);
    return (moves) => {
      const [before, now] = [moves.at(-2), moves.at(-1)].map((move) =>
        move?.kind === 'offer' ? given.amountOf(move.offers.at(-1) ?? {}) : Number.NaN,
      );
      const conceded = Number.isNaN(Number(before) - Number(now)) ? 0 : Number(before) - Number(now);
      return given.mainAt(start, given.amountOf(start) + conceded);
    };
  },
};

/** Plays a whole talk and says what the company did. */
export function play(
  given: Case,
  policy: JsonObject,
  opponent: (moves: readonly Move[]) => JsonObject | null,
  mayDiscount: () => boolean = () => true,
): readonly Move[] {
  const parsed = parseNegotiationPolicy(policy, given.facts.issues, 'test');
  if (!parsed.ok) throw new Error(parsed.error.join(', '));
  const side = makeCompanySide(parsed.value, given.facts, { roundsMax: ROUNDS_MAX, mayDiscount });
  if (!side.ok) throw new Error(side.error.code);
  const moves: Move[] = [];
  for (let round = 1; round <= ROUNDS_MAX; round += 1) {
    const next = side.value.next(opponent(moves));
    if (!next.ok) throw new Error(`${next.error.code} ${next.error.detail ?? ''}`);
    moves.push(next.value);
    if (next.value.kind === 'impasse') break;
  }
  return moves;
}

/** Every breach in what the company offered. */
export function breachesIn(given: Case, moves: readonly Move[]): string[] {
  return moves.flatMap((move) => acceptable(move).flatMap((terms) => given.breach(terms) ?? []));
}
