/** What two sides could have agreed on. Exact, which neither side can be: over every position of every side issue, with the main issue
 * as fine as one likes between what the policy may never pass and what the customer can bear. */
import type { Level } from '../negotiation/issues.ts';
import type { Points } from '../negotiation/policy.ts';
import type { Scenario } from './scenario.ts';

export interface Deal {
  readonly company: Points;
  readonly customer: Points;
}

/** Deals with one sum, from the least to the most the company may have of it. One deal where both are the same. */
export interface Segment {
  readonly total: Points;
  readonly from: Points;
  readonly to: Points;
}

export interface Frontier {
  /** Whether there is any deal that is good for both. */
  readonly feasible: boolean;
  /** The largest sum of both gains: the utilitarian point. */
  readonly joint: Points;
  /** Where the product of both gains is largest (Nash 1950). */
  readonly nash: Deal;
  /** Where both have the same part of the most each could have, or the smaller part is largest (Kalai and Smorodinsky 1975). */
  readonly kalai: Deal;
  /** Deals that can only get better for one by getting worse for the other, best for the company first. */
  readonly pareto: readonly Segment[];
}

const NOTHING: Deal = { company: 0, customer: 0 };

export function frontierOf(scenario: Scenario): Frontier {
  return frontierFrom(sumsOf(scenario).flatMap((sums) => segmentOf(scenario, sums)));
}

/** The frontier of any deals. */
export function frontierFrom(deals: readonly Segment[]): Frontier {
  const pareto = undominated(deals);
  const [richest, kindest] = [pareto[0], pareto.at(-1)];
  if (richest === undefined || kindest === undefined)
    return { feasible: false, joint: 0, nash: NOTHING, kalai: NOTHING, pareto };
  const most: Deal = { company: richest.to, customer: kindest.total - kindest.from };
  const part = (gain: Points, of: Points) => (of <= 0 ? 1 : gain / of);
  return {
    feasible: true,
    joint: Math.max(...pareto.map(({ total }) => total)),
    nash: best(
      pareto.map((each) => dealOn(each, each.total / 2)),
      ({ company, customer }) => company * customer,
    ),
    kalai: best(
      pareto.map((each) => dealOn(each, (each.total * most.company) / Math.max(EXACT, most.company + most.customer))),
      ({ company, customer }) => Math.min(part(company, most.company), part(customer, most.customer)),
    ),
    pareto,
  };
}

/** How far a deal is from the nearest one on the frontier, in points. */
export function distanceTo(pareto: readonly Segment[], { company, customer }: Deal): Points {
  const distances = pareto.map((each) => {
    // The foot of the perpendicular on a line of slope -1.
    const near = dealOn(each, (each.total + company - customer) / 2);
    return Math.hypot(near.company - company, near.customer - customer);
  });
  return Math.min(...distances);
}

/** Both ends of each segment. */
export function cornersOf(pareto: readonly Segment[]): readonly Deal[] {
  return pareto.flatMap((each) =>
    each.from === each.to ? [dealOn(each, each.to)] : [dealOn(each, each.to), dealOn(each, each.from)],
  );
}

const EXACT = 1e-9;

function dealOn({ total, from, to }: Segment, wanted: Points): Deal {
  const company = Math.min(Math.max(wanted, from), to);
  return { company, customer: total - company };
}

function best(deals: readonly Deal[], score: (deal: Deal) => number): Deal {
  return deals.reduce((a, b) => (score(b) > score(a) ? b : a), deals[0] ?? NOTHING);
}

/** What the side issues of some package come to: worth to the company, and the least that any such package costs the customer. */
interface Sums {
  readonly worth: Points;
  readonly minded: Points;
}

/** Issues add up, so packages need not be tried one by one: of those worth the same only the one minded least counts. */
function sumsOf(scenario: Scenario): readonly Sums[] {
  const { table, customer } = scenario;
  let sums = new Map<Points, Points>([[0, 0]]);
  for (const [place, side] of table.sides.entries()) {
    if (side === null) continue;
    const own = new Map<Points, Points>();
    for (const level of positionsOf(scenario, place)) note(own, side.worth(level), customer.minds(place, level));
    const together = new Map<Points, Points>();
    for (const [worth, minded] of sums)
      for (const [more, alsoMinded] of own) note(together, worth + more, minded + alsoMinded);
    sums = together;
  }
  return [...sums].map(([worth, minded]) => ({ worth, minded }));
}

function note(least: Map<Points, Points>, worth: Points, minded: Points): void {
  if (minded < (least.get(worth) ?? Number.POSITIVE_INFINITY)) least.set(worth, minded);
}

/** Beyond so many positions a range is looked at where either side's wishes bend, and evenly between. */
const POSITIONS_MAX = 2_000;

function positionsOf({ table, policy, customer }: Scenario, place: number): readonly Level[] {
  const side = table.sides[place];
  const rule = policy.numbers.sides.get(table.space.issues[place]?.pointer ?? '');
  if (side === null || side === undefined) return [0];
  if (rule === undefined) return [side.open];
  if (rule.allowed !== null) return rule.allowed;
  const bends = [...side.knots, side.open, side.clamp(customer.ideal[place] ?? 0)];
  const count = Math.min(POSITIONS_MAX, rule.max - rule.min);
  const even = Array.from({ length: count + 1 }, (_, step) =>
    Math.round(rule.min + ((rule.max - rule.min) * step) / Math.max(1, count)),
  );
  return [...new Set([...bends, ...even])];
}

function segmentOf(scenario: Scenario, { worth, minded }: Sums): Segment[] {
  const least = scenario.least(worth);
  const total = scenario.sumOf(worth, minded);
  if (!scenario.transfer) {
    const company = total - (scenario.customer.reservation - minded);
    return company >= least - EXACT && total - company >= 0 ? [{ total, from: company, to: company }] : [];
  }
  const to = Math.min(total, scenario.most(worth));
  return to < least ? [] : [{ total, from: least, to }];
}

/** Of every part of the company's gain only the largest sum that allows it counts; of those, what nothing is better than for both. */
function undominated(deals: readonly Segment[]): readonly Segment[] {
  let covered: readonly Span[] = [];
  const pieces: Segment[] = [];
  for (const { total, from, to } of deals.toSorted((a, b) => b.total - a.total || b.to - b.from - (a.to - a.from))) {
    const open = covered.reduce<readonly Span[]>(
      (left, taken) => left.flatMap((each) => without(each, taken)),
      [{ from, to }],
    );
    if (open.length === 0) continue;
    pieces.push(...open.map((each) => ({ total, ...each })));
    covered = joined([...covered, { from, to }]);
  }
  let most = Number.NEGATIVE_INFINITY;
  const pareto: Segment[] = [];
  // The customer has more the less the company has: a piece counts from where it gives more than all before.
  for (const each of pieces.toSorted((a, b) => b.to - a.to || b.total - a.total)) {
    const to = Math.min(each.to, each.total - most);
    if (to < each.from || each.total - each.from <= most) continue;
    pareto.push({ ...each, to });
    most = each.total - each.from;
  }
  return pareto;
}

type Span = Omit<Segment, 'total'>;

function without(span: Span, { from, to }: Span): readonly Span[] {
  if (from <= span.from && span.to <= to) return [];
  if (to < span.from || from > span.to) return [span];
  return [
    ...(span.from < from ? [{ from: span.from, to: from }] : []),
    ...(span.to > to ? [{ from: to, to: span.to }] : []),
  ];
}

function joined(spans: readonly Span[]): readonly Span[] {
  const apart: Span[] = [];
  for (const each of spans.toSorted((a, b) => a.from - b.from)) {
    const last = apart.at(-1);
    if (last === undefined || each.from > last.to) apart.push(each);
    else apart[apart.length - 1] = { from: last.from, to: Math.max(last.to, each.to) };
  }
  return apart;
}
