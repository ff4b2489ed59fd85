/** Everybody against everybody: each opponent, each company, the same scenes. */
import type { Company } from '../../src/simulate/companies.ts';
import {
  type FamilyResult,
  isFeasible,
  jointOf,
  type Played,
  playAll,
  resultOf,
  type Scene,
} from '../../src/simulate/measure.ts';
import { FAMILIES, type Family, WEIGHED } from '../../src/simulate/opponents.ts';
import { type Difference, differenceOf, type Estimate, mean, meanOf } from '../../src/simulate/stats.ts';

export interface Entry {
  readonly name: string;
  readonly play: Company;
}

/** Of all opponents that are weighed, each as much as any other; intervals over the scenes. */
export interface Sums {
  readonly agreed: Estimate;
  readonly joint: Estimate;
  readonly company: Estimate;
  readonly customer: Estimate;
  readonly nash: Estimate;
  readonly rounds: number;
  readonly persons: number;
  /** Of those, with a proposal of the customer's within the policy. */
  readonly forPersons: number;
  /** Part of the feasible talks that came to nothing, and to nobody, with such a proposal. */
  readonly missed: number;
  readonly breaches: number;
}

export interface Row {
  readonly family: Family;
  readonly results: readonly FamilyResult[];
}

export interface Tournament {
  readonly scenes: number;
  readonly feasible: number;
  /** The largest sum of gains there was on average, in percent. */
  readonly possible: number;
  readonly entries: readonly Entry[];
  readonly rows: readonly Row[];
  readonly sums: readonly Sums[];
  /** Each entry but the first against the first: the company's gain, scene by scene. */
  readonly against: readonly Difference[];
}

export function runTournament(scenes: readonly Scene[], entries: readonly Entry[]): Tournament {
  const all = entries.map(({ play }) => new Map(FAMILIES.map((family) => [family, played(scenes, family, play)])));
  const feasible = scenes.filter(({ frontier }) => frontier.feasible);
  const [first, ...others] = all.map((each) => sceneMeans(each, (one) => (one.outcome.agreed?.company ?? 0) / PERCENT));
  return {
    scenes: scenes.length,
    feasible: feasible.length,
    possible: mean(feasible.map(({ frontier }) => frontier.joint)) / PERCENT,
    entries,
    rows: FAMILIES.map((family) => ({
      family,
      results: all.map((each) => resultOf(family, each.get(family) ?? [])),
    })),
    sums: all.map(sumsOf),
    against: others.map((each) => differenceOf(each.map((value, index) => [value, first?.[index] ?? 0]))),
  };
}

const PERCENT = 100;

function played(scenes: readonly Scene[], family: Family, company: Company): readonly Played[] {
  const result = playAll(scenes, family, company);
  if (!result.ok) throw new Error(`${family}: ${result.error.detail ?? result.error.code}`);
  return result.value;
}

/** One figure a feasible scene: the mean over the opponents. Scenes are drawn independently, talks about one scene are not. */
function sceneMeans(all: ReadonlyMap<Family, readonly Played[]>, of: (played: Played) => number): readonly number[] {
  const lists = WEIGHED.map((family) => (all.get(family) ?? []).filter(isFeasible).map(of));
  return (lists[0] ?? []).map((_, scene) => mean(lists.map((list) => list[scene] ?? 0)));
}

function sumsOf(all: ReadonlyMap<Family, readonly Played[]>): Sums {
  const over = (of: (played: Played) => number) => meanOf(sceneMeans(all, of));
  const everything = [...all.values()].flat();
  const weighed = WEIGHED.flatMap((family) => all.get(family) ?? []);
  return {
    agreed: over(({ outcome }) => (outcome.agreed === undefined ? 0 : 1)),
    joint: over(jointOf),
    company: over(({ outcome }) => (outcome.agreed?.company ?? 0) / PERCENT),
    customer: over(({ outcome }) => (outcome.agreed?.customer ?? 0) / PERCENT),
    nash: over(({ outcome, scene: { frontier } }) => {
      const { company, customer } = outcome.agreed ?? { company: 0, customer: 0 };
      return Math.hypot(company - frontier.nash.company, customer - frontier.nash.customer) / PERCENT;
    }),
    rounds: mean(weighed.map(({ outcome }) => outcome.rounds)),
    persons: weighed.filter(({ outcome }) => outcome.ended === 'person').length,
    forPersons: weighed.filter(({ outcome }) => outcome.forPerson).length,
    missed: mean(weighed.filter(isFeasible).map(({ outcome }) => (outcome.missed ? 1 : 0))),
    breaches: everything.filter(({ outcome }) => !outcome.within).length,
  };
}
