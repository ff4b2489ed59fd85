import type { Refusal } from '../../protocol/base/errors.ts';
import { ok, type Result } from '../../protocol/base/result.ts';
import type { NegotiationPolicy } from '../negotiation/policy.ts';
import type { SpaceFacts } from '../negotiation/space.ts';
import { type Company, parley } from './companies.ts';
import { type Deal, distanceTo, type Frontier, frontierOf } from './frontier.ts';
import { type Family, isCooperative, OPPONENTS } from './opponents.ts';
import { type Outcome, play } from './play.ts';
import { seeded } from './random.ts';
import { drawnFrom, makeScenario, type Scenario } from './scenario.ts';
import { type Estimate, mean, meanOf, shareOf } from './stats.ts';

/** A scenario, what could be had in it, and the dice of those who play it. */
export interface Scene {
  readonly scenario: Scenario;
  readonly frontier: Frontier;
  readonly seed: number;
}

export interface Played {
  readonly scene: Scene;
  readonly outcome: Outcome;
}

/** One family's talks. Gains and distances are in percent of what the record says; where nothing was agreed, nothing was gained. Rates
 * are of the talks in which both could have gained. */
export interface FamilyResult {
  readonly family: Family;
  readonly cooperative: boolean;
  readonly talks: number;
  /** Talks in which both could have gained. */
  readonly feasible: number;
  /** From 0 to 1. */
  readonly agreed: Estimate;
  /** Of the largest possible sum of gains, from 0 to 1. */
  readonly joint: Estimate;
  readonly company: Estimate;
  readonly customer: Estimate;
  /** From the deal that is fair by Nash, and by Kalai and Smorodinsky. */
  readonly nashDistance: number;
  readonly kalaiDistance: number;
  /** Of agreements: from the nearest that nobody could better for both. */
  readonly paretoDistance: number;
  /** How far below the first ask the company signed, worth of side issues included. */
  readonly discount: number;
  readonly rounds: number;
  readonly persons: number;
  /** Of those, the ones in which the customer proposed something within the policy: a person may agree to it. */
  readonly forPersons: number;
  /** Talks that came to nothing, and to no person, although the customer proposed something within the policy. */
  readonly missed: number;
  /** Talks in which something beyond the company's limit was offered. Must be 0. */
  readonly breaches: number;
}

export interface SceneSettings {
  readonly policyFor: (record: SpaceFacts) => NegotiationPolicy | undefined;
  /** A CRM snapshot: each talk is about one of these, in turn. */
  readonly facts: readonly SpaceFacts[];
  readonly runs: number;
  readonly seed: number;
}

/** One scene a run; none where no policy can be told for a record. */
export function scenesOf({ policyFor, facts, runs, seed }: SceneSettings): Result<readonly Scene[], Refusal> {
  const scenes: Scene[] = [];
  for (let run = 0; run < runs; run += 1) {
    const about = facts[run % facts.length];
    const policy = about === undefined ? undefined : policyFor(about);
    if (about === undefined || policy === undefined) continue;
    const scenario = makeScenario(policy, about, { draw: drawnFrom(seeded(seed + run)) });
    if (!scenario.ok) return scenario;
    scenes.push(sceneOf(scenario.value, seed + run));
  }
  return ok(scenes);
}

export function sceneOf(scenario: Scenario, seed: number): Scene {
  return { scenario, frontier: frontierOf(scenario), seed: seed + DICE };
}

/** The dice of a talk have nothing to do with those that drew the customer: all families meet the same ones. */
const DICE = 0x5eed;

export function playAll(
  scenes: readonly Scene[],
  family: Family,
  company: Company = parley,
): Result<readonly Played[], Refusal> {
  const played: Played[] = [];
  for (const scene of scenes) {
    const outcome = play(scene.scenario, OPPONENTS[family].play, { random: seeded(scene.seed), company });
    if (!outcome.ok) return outcome;
    played.push({ scene, outcome: outcome.value });
  }
  return ok(played);
}

export const isFeasible = ({ scene }: Played): boolean => scene.frontier.feasible;

export function resultOf(family: Family, played: readonly Played[]): FamilyResult {
  const feasible = played.filter(isFeasible);
  const signed = feasible.flatMap(({ scene, outcome }) =>
    outcome.agreed === undefined ? [] : [{ deal: outcome.agreed, scene }],
  );
  const inPercent = (points: readonly number[]) => points.map((each) => each / PERCENT);
  const percent = (points: readonly number[]) => meanOf(inPercent(points));
  const meanPercent = (points: readonly number[]) => mean(inPercent(points));
  const apart = (from: (scene: Scene) => Deal) =>
    meanPercent(
      feasible.map(({ scene, outcome }) => {
        const [had, fair] = [outcome.agreed ?? NOTHING, from(scene)];
        return Math.hypot(had.company - fair.company, had.customer - fair.customer);
      }),
    );
  return {
    family,
    cooperative: isCooperative(family),
    talks: played.length,
    feasible: feasible.length,
    agreed: shareOf(signed.length, feasible.length),
    joint: meanOf(feasible.map(jointOf)),
    company: percent(feasible.map(({ outcome }) => outcome.agreed?.company ?? 0)),
    customer: percent(feasible.map(({ outcome }) => outcome.agreed?.customer ?? 0)),
    nashDistance: apart(({ frontier }) => frontier.nash),
    kalaiDistance: apart(({ frontier }) => frontier.kalai),
    paretoDistance: meanPercent(signed.map(({ deal, scene }) => distanceTo(scene.frontier.pareto, deal))),
    discount: meanPercent(signed.map(({ deal, scene }) => scene.scenario.opening - deal.company)),
    rounds: mean(played.map(({ outcome }) => outcome.rounds)),
    persons: played.filter(({ outcome }) => outcome.ended === 'person').length,
    forPersons: feasible.filter(({ outcome }) => outcome.forPerson).length,
    missed: feasible.filter(({ outcome }) => outcome.missed).length,
    breaches: played.filter(({ outcome }) => !outcome.within).length,
  };
}

const PERCENT = 100;
const NOTHING: Deal = { company: 0, customer: 0 };

/** What part of all that could be gained was. What is next to nothing to share is shared well by any agreement. */
export function jointOf({ scene, outcome }: Played): number {
  if (outcome.agreed === undefined) return 0;
  const { joint } = scene.frontier;
  return joint < 1 ? 1 : (outcome.agreed.company + outcome.agreed.customer) / joint;
}

/** A deal as parts of the most each side could have had. */
export interface Dot {
  readonly family: Family;
  readonly company: number;
  readonly customer: number;
}

/** The agreement as parts of the most each side could have had. */
export function dotsOf(family: Family, played: readonly Played[]): readonly Dot[] {
  return played.filter(isFeasible).flatMap(({ scene, outcome: { agreed } }) => {
    const { pareto } = scene.frontier;
    const [richest, kindest] = [pareto[0], pareto.at(-1)];
    if (agreed === undefined || richest === undefined || kindest === undefined) return [];
    const [company, customer] = [Math.max(1, richest.to), Math.max(1, kindest.total - kindest.from)];
    return [{ family, company: agreed.company / company, customer: agreed.customer / customer }];
  });
}
