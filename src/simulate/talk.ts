/** What a customer's agent hears and may say: what it would see on the wire, and its own wishes. */
import type { Points } from '../negotiation/policy.ts';
import type { Package } from '../negotiation/space.ts';
import { withMain } from '../negotiation/table.ts';
import type { Random } from './random.ts';
import type { Scenario } from './scenario.ts';

export type Reply =
  | { readonly kind: 'accept'; readonly levels: Package }
  | { readonly kind: 'propose'; readonly levels: Package }
  /** Withdraws, and asks about the same record in a new operation. */
  | { readonly kind: 'again' }
  | { readonly kind: 'leave' };

/** What has been said so far. */
export interface Heard {
  /** What may be accepted now: the company's offers, the one it believes to suit best last, and before them what the customer likes best
   * of their schedule, where it reads schedules. */
  readonly open: readonly Package[];
  /** Every turn of the company's so far, with what it offered by name. */
  readonly company: readonly (readonly Package[])[];
  /** Every turn's best for the customer, of all that could have been accepted. */
  readonly best: readonly Points[];
  readonly own: readonly Package[];
  /** Turns of the agent left after this one. */
  readonly left: number;
  readonly rounds: number;
}

export type Opponent = (scenario: Scenario, random: Random) => (heard: Heard) => Reply;

/** How much an agent wants in a turn, above its reservation. */
export type Pace = (scenario: Scenario, random: Random) => (heard: Heard) => Points;

/** The side issues an agent asks for while it wants so much. */
export type Choice = (scenario: Scenario, random: Random) => (heard: Heard, target: Points) => Package;

/** Signs what is worth at least what it would ask for next (Baarslag et al. 2014: AC_next), and at the end whatever is no loss. */
export function bargainer(pace: Pace, choice: Choice): Opponent {
  return (scenario, random) => {
    const [wanted, chosen] = [pace(scenario, random), choice(scenario, random)];
    return (heard) => {
      const target = wanted(heard);
      const best = bestOf(scenario, heard.open);
      const enough = heard.left === 0 ? 0 : Math.max(0, target);
      if (best !== undefined && scenario.customerGain(best) >= enough) return { kind: 'accept', levels: best };
      if (heard.left === 0) return { kind: 'leave' };
      return asking(scenario, chosen(heard, target), target);
    };
  };
}

/** These side issues at the price at which they give so much; where nothing is paid, the nearest package that does. */
export function asking(scenario: Scenario, sides: Package, target: Points): Reply {
  const wanted = scenario.transfer ? sides : nearestWorth(scenario, sides, target);
  return { kind: 'propose', levels: withMain(scenario.table, wanted, scenario.mainFor(wanted, target)) };
}

/** Of the packages worth hardly more than the target, the one most like these. */
function nearestWorth(scenario: Scenario, sides: Package, target: Points): Package {
  const enough = sidesWorthAsking(scenario)
    .map((each) => ({ each, gain: scenario.customerGain(withMain(scenario.table, each, 0)) }))
    .filter(({ gain }) => gain >= target)
    .toSorted((a, b) => a.gain - b.gain);
  const least = enough[0]?.gain ?? 0;
  const alike = ({ each }: { each: Package }) => each.filter((level, place) => level === sides[place]).length;
  const near = enough.filter(({ gain }) => gain <= least + NEAR).toSorted((a, b) => alike(b) - alike(a));
  return near[0]?.each ?? scenario.customer.ideal;
}

const NEAR: Points = 300;

/** At the end, whatever is no loss; before it, nothing. */
export function lastWord(scenario: Scenario, { open }: Heard): Reply {
  const best = bestOf(scenario, open);
  return best !== undefined && scenario.customerGain(best) >= 0 ? { kind: 'accept', levels: best } : { kind: 'leave' };
}

/** The one the customer likes best; of equals the later. */
export function bestOf({ customerGain }: Scenario, packages: readonly Package[]): Package | undefined {
  return packages.reduce<Package | undefined>(
    (best, each) => (best === undefined || customerGain(each) >= customerGain(best) ? each : best),
    undefined,
  );
}

/** From 0 on the first turn to 1 on the last on which a proposal can still be made. */
export function timeOf({ left, rounds }: Heard): number {
  return rounds <= 1 ? 1 : Math.min(1, (rounds - 1 - left) / (rounds - 1));
}

/** Side issues worth asking for, every combination of them, the favourites first. */
export function sidesWorthAsking({ table, customer }: Scenario): readonly Package[] {
  const packages = table.sides.reduce<Package[]>(
    (before, side, place) => {
      const at = customer.ideal[place] ?? 0;
      const positions = side === null ? [0] : [...new Set([at, side.open, ...side.knots])];
      // Enough to choose from; nobody tries a million.
      return before.length * positions.length > COMBINATIONS_MAX
        ? before.map((each) => [...each, at])
        : before.flatMap((each) => positions.map((level) => [...each, level]));
    },
    [[]],
  );
  return packages;
}

const COMBINATIONS_MAX = 600;
