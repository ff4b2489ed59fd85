import type { Refusal } from '../../protocol/errors.ts';
import { ok, type Result } from '../../protocol/result.ts';
import type { NegotiationPolicy } from '../negotiation/policy.ts';
import type { SpaceFacts } from '../negotiation/space.ts';
import { type Deal, distanceTo, type Frontier, frontierOf } from './frontier.ts';
import { COOPERATIVE, FAMILIES, type Family, OPPONENTS } from './opponents.ts';
import { type Outcome, play } from './play.ts';
import { seeded } from './random.ts';
import { makeScenario } from './scenario.ts';

/** One family's talks. Gains and distances are in percent of what the record says. */
export interface FamilyResult {
  readonly family: Family;
  readonly cooperative: boolean;
  readonly talks: number;
  /** Talks in which both could have gained. */
  readonly feasible: number;
  readonly agreed: number;
  /** Agreements of the feasible talks, from 0 to 1. */
  readonly agreementRate: number;
  /** Of the largest possible sum of gains, what the agreements reached on average, from 0 to 1. */
  readonly jointUtility: number;
  readonly paretoDistance: number;
  readonly nashDistance: number;
  readonly companyGain: number;
  readonly customerGain: number;
  /** How far below the first ask the company signed, worth of side issues included. */
  readonly discount: number;
  readonly rounds: number;
  readonly persons: number;
  /** Agreements below the company's limit. Must be 0. */
  readonly breaches: number;
}

/** A deal to plot: gains in percent. */
export interface Dot extends Deal {
  readonly family: Family;
}

export interface Simulation {
  readonly families: readonly FamilyResult[];
  readonly dots: readonly Dot[];
  /** Frontiers of a few talks. */
  readonly frontiers: readonly (readonly Deal[])[];
}

export interface SimulationSettings {
  readonly policyFor: (record: SpaceFacts) => NegotiationPolicy | undefined;
  /** A CRM snapshot: each talk is about one of these, in turn. */
  readonly facts: readonly SpaceFacts[];
  /** Talks a family. */
  readonly runs: number;
  readonly seed: number;
}

const FRONTIERS_SHOWN = 3;
const PERCENT = 100;

/** Plays every family on the same scenarios. */
export function simulate(settings: SimulationSettings): Result<Simulation, Refusal> {
  const dots: Dot[] = [];
  const frontiers: (readonly Deal[])[] = [];
  const families: FamilyResult[] = [];
  for (const family of FAMILIES) {
    const played: Talk[] = [];
    for (let run = 0; run < settings.runs; run += 1) {
      const talk = one(settings, family, run);
      if (!talk.ok) return talk;
      if (talk.value === undefined) continue;
      played.push(talk.value);
      const { agreed } = talk.value.outcome;
      if (agreed !== undefined) dots.push({ family, ...inPercent(agreed) });
      if (frontiers.length < FRONTIERS_SHOWN && talk.value.frontier.pareto.length > 1)
        frontiers.push(talk.value.frontier.pareto.map(inPercent));
    }
    families.push(resultOf(family, played));
  }
  return ok({ families, dots, frontiers });
}

interface Talk {
  readonly outcome: Outcome;
  readonly frontier: Frontier;
  /** The company's gain by its first ask. */
  readonly opening: number;
}

function one(
  { facts, policyFor, seed }: SimulationSettings,
  family: Family,
  run: number,
): Result<Talk | undefined, Refusal> {
  const about = facts[run % facts.length];
  const policy = about === undefined ? undefined : policyFor(about);
  if (about === undefined || policy === undefined) return ok(undefined);
  // The scenario's seed has nothing of the family in it: all families meet the same customers.
  const scenario = makeScenario(policy, about, seeded(seed + run));
  if (!scenario.ok) return scenario;
  const outcome = play(scenario.value, OPPONENTS[family], seeded(seed + run + 0x5eed));
  if (!outcome.ok) return outcome;
  return ok({ outcome: outcome.value, frontier: frontierOf(scenario.value), opening: scenario.value.opening });
}

function resultOf(family: Family, talks: readonly Talk[]): FamilyResult {
  const feasible = talks.filter(({ frontier }) => frontier.feasible);
  const signed = feasible.flatMap(({ outcome, frontier, opening }) =>
    outcome.agreed === undefined ? [] : [{ deal: outcome.agreed, frontier, opening }],
  );
  const agreed = talks.filter(({ outcome }) => outcome.agreed !== undefined);
  const mean = (values: readonly number[]) =>
    values.length === 0 ? 0 : values.reduce((a, b) => a + b, 0) / values.length;
  const percent = (points: readonly number[]) => mean(points) / PERCENT;
  return {
    family,
    cooperative: COOPERATIVE.has(family),
    talks: talks.length,
    feasible: feasible.length,
    agreed: agreed.length,
    agreementRate: feasible.length === 0 ? 0 : signed.length / feasible.length,
    jointUtility: mean(signed.map(({ deal, frontier }) => jointOf(deal, frontier))),
    paretoDistance: percent(signed.map(({ deal, frontier }) => distanceTo(frontier.pareto, deal))),
    nashDistance: percent(
      signed.map(({ deal, frontier: { nash } }) =>
        Math.hypot(deal.company - nash.company, deal.customer - nash.customer),
      ),
    ),
    companyGain: percent(signed.map(({ deal }) => deal.company)),
    customerGain: percent(signed.map(({ deal }) => deal.customer)),
    discount: percent(signed.map(({ deal, opening }) => opening - deal.company)),
    rounds: mean(talks.map(({ outcome }) => outcome.rounds)),
    persons: talks.filter(({ outcome }) => outcome.ended === 'person').length,
    breaches: agreed.filter(({ outcome }) => !outcome.within).length,
  };
}

/** What is next to nothing to share is shared well by any agreement. */
function jointOf({ company, customer }: Deal, { joint }: Frontier): number {
  return joint < 1 ? 1 : (company + customer) / joint;
}

const inPercent = ({ company, customer }: Deal): Deal => ({ company: company / PERCENT, customer: customer / PERCENT });
