/** Two policies before the same customers, talk by talk. */
import type { Refusal } from '../../protocol/base/errors.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import type { NegotiationPolicy } from '../negotiation/policy.ts';
import type { SpaceFacts } from '../negotiation/space.ts';
import { type Played, playAll, type Scene } from './measure.ts';
import { type Family, WEIGHED } from './opponents.ts';
import { makeScenario } from './scenario.ts';
import { type Difference, differenceOf, mean } from './stats.ts';

/** Of the other policy against the first. All by what the first says things are worth: one yardstick for both. */
export interface Comparison {
  /** Percent of what the record says, a talk; where nothing is agreed, nothing is gained. */
  readonly company: Difference;
  readonly customer: Difference;
  /** From 0 to 1. */
  readonly agreed: Difference;
  readonly persons: Difference;
}

export type PolicyFor = (record: SpaceFacts) => NegotiationPolicy | undefined;

/** Every family on these scenes. */
export type Talks = ReadonlyMap<Family, readonly Played[]>;

export function playEverybody(scenes: readonly Scene[], families: readonly Family[] = WEIGHED): Result<Talks, Refusal> {
  const talks = new Map<Family, readonly Played[]>();
  for (const family of families) {
    const played = playAll(scenes, family);
    if (!played.ok) return played;
    talks.set(family, played.value);
  }
  return ok(talks);
}

/** The customers of these scenes before another policy, in the same order with the same dice. What could be had stays what it was by
 * the first policy. */
export function sameCustomers(
  scenes: readonly Scene[],
  policyFor: PolicyFor,
): Result<readonly Scene[], Refusal | string> {
  const others: Scene[] = [];
  for (const { scenario, frontier, seed } of scenes) {
    const policy = policyFor(scenario.facts);
    if (policy === undefined) return err('one of the policies has no segment for a record');
    const [mine, theirs] = [scenario.policy.numbers, policy.numbers];
    if (mine.main !== theirs.main || mine.percentOf !== theirs.percentOf)
      return err('the policies measure in different things: main.issue and main.percent_of must be the same in both');
    const other = makeScenario(policy, scenario.facts, { draw: () => scenario.customer });
    if (!other.ok) return other;
    others.push({ scenario: other.value, frontier, seed });
  }
  return ok(others);
}

export function comparisonOf(first: Talks, other: Talks): Comparison {
  const pairs = (of: (played: Played, yardstick: Scene) => number): Difference => {
    const families = [...first.keys()].map((family) => [first.get(family) ?? [], other.get(family) ?? []] as const);
    const scenes = families[0]?.[0].map(({ scene }) => scene) ?? [];
    return differenceOf(
      scenes.map((scene, index) => {
        const over = (which: 0 | 1) =>
          mean(
            families.map((each) => {
              const played = each[which][index];
              return played === undefined ? 0 : of(played, scene);
            }),
          );
        return [over(0), over(1)];
      }),
    );
  };
  return {
    company: pairs(({ outcome: { signed } }, { scenario }) =>
      signed === undefined ? 0 : scenario.companyGain(signed) / PERCENT,
    ),
    customer: pairs(({ outcome: { signed } }, { scenario }) =>
      signed === undefined ? 0 : scenario.customerGain(signed) / PERCENT,
    ),
    agreed: pairs(({ outcome }) => (outcome.agreed === undefined ? 0 : 1)),
    persons: pairs(({ outcome }) => (outcome.ended === 'person' ? 1 : 0)),
  };
}

const PERCENT = 100;
