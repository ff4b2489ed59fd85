/** One simulated negotiation: a policy over a record on the company's side, and on the other a customer with wishes of its own.
 * Both are measured in the same points, hundredths of a percent of what the record says, so that what one gives is what the other gets
 * and only trade-offs make the sum larger (quasi-linear utilities). */
import type { Refusal } from '../../protocol/errors.ts';
import { ok, type Result } from '../../protocol/result.ts';
import type { NegotiationPolicy, Points } from '../negotiation/policy.ts';
import { makeSpace, type Package, type SpaceFacts } from '../negotiation/space.ts';
import { lastMain, layTable, type Side, type Table, worthOf } from '../negotiation/table.ts';
import type { Random } from './random.ts';

export interface Scenario {
  readonly policy: NegotiationPolicy;
  readonly facts: SpaceFacts;
  readonly table: Table;
  readonly customer: Customer;
  /** What the company would gain by its first ask. */
  readonly opening: Points;
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
  /** What it minds to go the whole span away from that, by place. */
  readonly dislike: readonly Points[];
}

export function makeScenario(policy: NegotiationPolicy, facts: SpaceFacts, random: Random): Result<Scenario, Refusal> {
  const space = makeSpace(facts);
  if (!space.ok) return space;
  const laid = layTable(policy, space.value);
  if (!laid.ok) return laid;
  const table = laid.value;
  const { sign } = table.scale;
  const opening = table.space.base.map((level, place) => table.sides[place]?.open ?? level);
  const limit = sign * pointsOf(table, lastMain(table, opening)) + worthOf(table, opening);
  const room = Math.max(1, sign * policy.numbers.open - limit);
  const customer = sample(table, limit, room, random);
  const away = (levels: Package) =>
    table.sides.reduce((sum, side, place) => {
      if (side === null) return sum;
      const distance = Math.abs((levels[place] ?? 0) - (customer.ideal[place] ?? 0)) / side.span;
      return sum + (customer.dislike[place] ?? 0) * Math.min(1, distance);
    }, 0);
  const mainPoints = (levels: Package) => sign * pointsOf(table, levels[table.main] ?? 0);
  return ok({
    policy,
    facts,
    table,
    customer,
    opening: room,
    companyGain: (levels) => mainPoints(levels) + worthOf(table, levels) - limit,
    customerGain: (levels) => customer.reservation - mainPoints(levels) - away(levels),
    // Rounded in the customer's favour.
    mainFor(levels, gain) {
      const points = sign * (customer.reservation - away(levels) - gain);
      const { reference, perUnit } = table.scale;
      const level = reference === null ? (points / 100) * perUnit : (points * reference) / 10_000;
      return Math.max(0, sign === 1 ? Math.floor(level) : Math.ceil(level));
    },
  });
}

/** A level of the main issue in points. */
function pointsOf({ scale }: Table, level: number): Points {
  return scale.reference === null ? (level * 100) / scale.perUnit : (level * 10_000) / Math.max(1, scale.reference);
}

function sample(table: Table, limit: Points, room: Points, random: Random): Customer {
  const reservation = limit + random.between(-1, 1.3) * room;
  const ideal = table.space.base.map((level, place) => idealOf(table.sides[place] ?? null, level, random));
  const dislike = table.sides.map((side) =>
    side === null ? 0 : Math.round(random.between(0, 0.6) * caresFor(side, room)),
  );
  return { reservation, aspiration: random.between(0.4, 1.4) * room, ideal, dislike };
}

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
