/** One simulated negotiation: a policy over a record on the company's side, and on the other a customer with wishes of its own.
 * Both are measured in the same points, hundredths of a percent of what the record says. Where the main issue is a transfer, what one
 * gives by it is what the other gets, and only trade-offs make the sum larger (quasi-linear utilities). */
import type { Refusal } from '../../protocol/base/errors.ts';
import { ok, type Result } from '../../protocol/base/result.ts';
import type { Level } from '../negotiation/issues.ts';
import type { NegotiationPolicy, Points } from '../negotiation/policy.ts';
import { makeSpace, type Package, type SpaceFacts } from '../negotiation/space.ts';
import { layTable, type Side, type Table, worthOf } from '../negotiation/table.ts';
import type { Random } from './random.ts';

export interface Scenario {
  readonly policy: NegotiationPolicy;
  readonly facts: SpaceFacts;
  readonly table: Table;
  readonly customer: Customer;
  /** Whether the main issue may be anything; else it is nothing, and only the side issues are bargained over. */
  readonly transfer: boolean;
  /** What the company would gain by its first ask. */
  readonly opening: Points;
  /** The least that packages with side issues of this worth leave the company, above its limit. */
  least(worth: Points): Points;
  /** The most, where the main issue cannot fall below nothing. */
  most(worth: Points): Points;
  /** Both gains together, from what the side issues are worth to the company and how much the customer minds them. */
  sumOf(worth: Points, minded: Points): Points;
  /** What a package is worth to the company above its limit. */
  companyGain(levels: Package): Points;
  /** What a package is worth to the customer above its own. */
  customerGain(levels: Package): Points;
  /** The main level at which the customer gains so much from these side issues. */
  mainFor(levels: Package, gain: Points): number;
}

export interface Customer {
  /** The highest price, or the lowest refund, on its favourite side issues. */
  readonly reservation: Points;
  /** What it would gain by its first wish. */
  readonly aspiration: Points;
  /** What it likes best, by place. */
  readonly ideal: Package;
  /** What it minds a position on one side issue, against its favourite. */
  minds(place: number, level: Level): Points;
}

/** Draws the customer of a negotiation; `room`: from the company's limit to its first ask. */
export type DrawCustomer = (table: Table, company: { readonly limit: Points; readonly room: Points }) => Customer;

export function makeScenario(
  policy: NegotiationPolicy,
  facts: SpaceFacts,
  { draw, transfer = true }: { readonly draw: DrawCustomer; readonly transfer?: boolean },
): Result<Scenario, Refusal> {
  const space = makeSpace(facts);
  if (!space.ok) return space;
  const laid = layTable(policy, space.value);
  if (!laid.ok) return laid;
  const table = laid.value;
  const { sign } = table.scale;
  const limit = limitOf(table);
  const room = Math.max(1, sign * policy.numbers.open - limit);
  const customer = draw(table, { limit, room });
  const mainPoints = (levels: Package) => sign * pointsOf(table, levels[table.main] ?? 0);
  const minded = (levels: Package) =>
    table.sides.reduce((sum, side, at) => (side === null ? sum : sum + customer.minds(at, levels[at] ?? 0)), 0);
  return ok({
    policy,
    facts,
    table,
    customer,
    transfer,
    opening: room,
    least: (worth) => Math.max(0, sign * pointsOf(table, policy.last(table.scale, worth)) + worth - limit),
    most: (worth) => (sign === 1 ? Number.POSITIVE_INFINITY : worth - limit),
    sumOf: (worth, minded) => worth - limit + customer.reservation - minded,
    companyGain: (levels) => mainPoints(levels) + worthOf(table, levels) - limit,
    customerGain: (levels) =>
      !transfer && levels[table.main] !== 0
        ? NOT_TO_BE_HAD
        : customer.reservation - mainPoints(levels) - minded(levels),
    // Rounded in the customer's favour.
    mainFor(levels, gain) {
      if (!transfer) return 0;
      const points = sign * (customer.reservation - minded(levels) - gain);
      const { reference, perUnit } = table.scale;
      const level = reference === null ? (points / 100) * perUnit : (points * reference) / 10_000;
      return Math.max(0, sign === 1 ? Math.floor(level) : Math.ceil(level));
    },
  });
}

/** What nobody can pay is no gain to anybody. */
const NOT_TO_BE_HAD: Points = -1_000_000_000;

/** A level of the main issue in points. */
function pointsOf({ scale }: Table, level: number): Points {
  return scale.reference === null ? (level * 100) / scale.perUnit : (level * 10_000) / Math.max(1, scale.reference);
}

/** The limit itself, from where `never` is not what stops: on packages poor enough. */
function limitOf(table: Table): Points {
  const { policy, scale } = table;
  const poor = scale.sign === 1 ? FAR : Math.floor(pointsOf(table, policy.last(scale, 0)));
  return scale.sign * pointsOf(table, policy.last(scale, -poor)) - poor;
}

const FAR: Points = 100_000;

/** A customer like many: about as much to spend as the company asks, favourites of its own, and dislikes of up to twice what the issue
 * is worth to the company, so that as often as not the company's wish is the better one for both. */
export function drawnFrom(random: Random, [poorest, richest]: readonly [number, number] = WEALTH): DrawCustomer {
  return (table, { limit, room }) => {
    const reservation = limit + random.between(poorest, richest) * room;
    const ideal = table.space.base.map((level, place) => idealOf(table.sides[place] ?? null, level, random));
    const dislike = table.sides.map((side) =>
      side === null ? 0 : Math.round(random.between(0, DISLIKE_MAX) * caresFor(side, room)),
    );
    return {
      reservation,
      aspiration: random.between(0.4, 1.4) * room,
      ideal,
      minds(place, level) {
        const away = Math.abs(level - (ideal[place] ?? 0)) / (table.sides[place]?.span ?? 1);
        return (dislike[place] ?? 0) * Math.min(1, away);
      },
    };
  };
}

const DISLIKE_MAX = 2;
/** What customers can bear on their favourite side issues: parts of the way from the limit to the first ask. */
const WEALTH = [-1, 1.3] as const;

/** Something it could have: where it stands today as often as not. */
function idealOf(side: Side | null, base: number, random: Random): number {
  if (side === null || random.next() < 0.4) return base;
  return random.pick([side.open, ...side.knots]);
}

/** A side issue matters to customers about as much as to the company; those it is indifferent to matter a little. */
function caresFor({ knots, worth }: Side, room: Points): Points {
  const worths = knots.map(worth);
  return Math.max(room / 8, Math.max(...worths) - Math.min(...worths));
}
