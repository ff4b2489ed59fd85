/** What two sides could have agreed on: found by trying everything worth trying, which neither side can. */
import type { Points } from '../negotiation/policy.ts';
import type { Package } from '../negotiation/space.ts';
import { withMain } from '../negotiation/table.ts';
import type { Scenario } from './scenario.ts';

export interface Deal {
  readonly company: Points;
  readonly customer: Points;
}

export interface Frontier {
  /** Whether there is any package that is good for both. */
  readonly feasible: boolean;
  /** The largest sum of both gains. */
  readonly joint: Points;
  /** Where the product of both gains is largest (Nash 1950). */
  readonly nash: Deal;
  /** Deals that can only get better for one by getting worse for the other, best for the customer first. */
  readonly pareto: readonly Deal[];
}

const PRICE_STEPS = 24;

export function frontierOf(scenario: Scenario): Frontier {
  const deals = sidePackages(scenario).flatMap((sides) => along(scenario, sides));
  const [first] = deals;
  const none: Deal = { company: 0, customer: 0 };
  if (first === undefined) return { feasible: false, joint: 0, nash: none, pareto: [] };
  const best = (score: (deal: Deal) => number) => deals.reduce((a, b) => (score(b) > score(a) ? b : a), first);
  const joint = best(({ company, customer }) => company + customer);
  return {
    feasible: true,
    joint: joint.company + joint.customer,
    nash: best(({ company, customer }) => company * customer),
    pareto: undominated(deals),
  };
}

/** How far a deal is from the nearest one on the frontier, in points. */
export function distanceTo(pareto: readonly Deal[], { company, customer }: Deal): Points {
  return Math.min(...pareto.map((each) => Math.hypot(each.company - company, each.customer - customer)));
}

/** Every combination of the positions that matter to either side. */
function sidePackages({ table, customer }: Scenario): Package[] {
  return table.sides.reduce<Package[]>(
    (packages, side, place) => {
      const positions =
        side === null ? [0] : [...new Set([...side.knots, side.open, side.clamp(customer.ideal[place] ?? 0)])];
      return packages.flatMap((before) => positions.map((level) => [...before, level]));
    },
    [[]],
  );
}

/** From the company's limit to the customer's, on one set of side issues. */
function along(scenario: Scenario, sides: Package): Deal[] {
  const total = scenario.companyGain(sides) + scenario.customerGain(sides);
  if (total < 0) return [];
  return Array.from({ length: PRICE_STEPS + 1 }, (_, step) => {
    const customer = (total * step) / PRICE_STEPS;
    const levels = withMain(scenario.table, sides, scenario.mainFor(sides, customer));
    return { company: scenario.companyGain(levels), customer: scenario.customerGain(levels) };
  }).filter(({ company, customer }) => company >= 0 && customer >= 0);
}

function undominated(deals: readonly Deal[]): Deal[] {
  const sorted = deals.toSorted((a, b) => b.customer - a.customer || b.company - a.company);
  let most = Number.NEGATIVE_INFINITY;
  return sorted.filter(({ company }) => {
    const better = company > most;
    most = Math.max(most, company);
    return better;
  });
}
