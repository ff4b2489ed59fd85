/** A policy looked at from all sides: everybody's talks, what to change, the first offer on real records, and another policy beside it. */
import type { Refusal } from '../../protocol/base/errors.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import type { SpaceFacts } from '../negotiation/space.ts';
import { adviceFrom, type Change, changesOf, type Tried } from './advice.ts';
import { type Comparison, comparisonOf, type PolicyFor, playEverybody, sameCustomers, type Talks } from './compare.ts';
import { type Dot, dotsOf, type FamilyResult, resultOf, type Scene, scenesOf } from './measure.ts';
import { FAMILIES, type Family, WEIGHED } from './opponents.ts';

export interface StudySettings {
  /** As the configuration has it. */
  readonly policy: JsonObject;
  readonly other?: JsonObject | undefined;
  readonly read: (policy: JsonObject) => Result<PolicyFor, readonly string[]>;
  readonly facts: readonly SpaceFacts[];
  /** Talks a family. */
  readonly runs: number;
  readonly seed: number;
  /** Everybody, unless told. */
  readonly families?: readonly Family[];
  /** What is tried; the usual changes, unless told. */
  readonly changes?: readonly Change[];
}

export interface Study {
  readonly families: readonly FamilyResult[];
  readonly dots: readonly Dot[];
  readonly advice: readonly string[];
  readonly comparison: Compared | undefined;
}

export interface Compared extends Comparison {
  /** The other policy's. */
  readonly families: readonly FamilyResult[];
}

/** Talks a family of which changes are tried: enough to tell a point of gain, few enough to wait for. */
const TRIED_MAX = 120;

export function study(settings: StudySettings): Result<Study, string> {
  const policyFor = settings.read(settings.policy);
  if (!policyFor.ok) return err(policyFor.error.join('\n'));
  const scenes = scenesOf({ ...settings, policyFor: policyFor.value });
  if (!scenes.ok) return err(words(scenes.error));
  if (scenes.value.length === 0)
    return err('no record has a policy: its segments’ conditions cannot be told for any of them');
  const others = settings.other === undefined ? ok(undefined) : before(settings, scenes.value, settings.other);
  if (!others.ok) return others;
  const talks = playEverybody(scenes.value, settings.families ?? FAMILIES);
  if (!talks.ok) return err(words(talks.error));
  const weighed = only(talks.value, WEIGHED);
  const beside = others.value === undefined ? ok(undefined) : otherTalks(others.value, weighed);
  if (!beside.ok) return beside;
  const played = [...talks.value];
  return ok({
    families: familiesOf(talks.value),
    dots: played.flatMap(([family, each]) => dotsOf(family, each)),
    advice: adviceFrom(weighed, tryChanges(settings, scenes.value)),
    comparison:
      beside.value === undefined
        ? undefined
        : { ...comparisonOf(weighed, beside.value), families: familiesOf(beside.value) },
  });
}

const familiesOf = (talks: Talks): readonly FamilyResult[] =>
  [...talks].map(([family, each]) => resultOf(family, each));

/** The same customers before another policy. */
function before(
  { read }: StudySettings,
  scenes: readonly Scene[],
  policy: JsonObject,
): Result<readonly Scene[], string> {
  const policyFor = read(policy);
  if (!policyFor.ok) return err(policyFor.error.join('\n'));
  const same = sameCustomers(scenes, policyFor.value);
  return same.ok ? same : err(words(same.error));
}

/** Those talks of everybody before the other policy. */
function otherTalks(scenes: readonly Scene[], talks: Talks): Result<Talks, string> {
  const others = playEverybody(scenes, [...talks.keys()]);
  return others.ok ? others : err(words(others.error));
}

/** Who tells changes apart: one of each way to give way. */
const TRIED_WITH: readonly Family[] = [
  'boulware 0.5',
  'linear, trades',
  'conceder 5',
  'tit for tat, relative',
  'frequency',
];

/** Each change by itself; one that makes no policy is none. */
function tryChanges(settings: StudySettings, all: readonly Scene[]): readonly Tried[] {
  const few = all.slice(0, TRIED_MAX);
  const talks = playEverybody(few, TRIED_WITH);
  if (!talks.ok) return [];
  return (settings.changes ?? changesOf(settings.policy)).flatMap(({ what, policy }): Tried[] => {
    const scenes = before(settings, few, policy);
    const others = scenes.ok ? otherTalks(scenes.value, talks.value) : scenes;
    return others.ok ? [{ what, comparison: comparisonOf(talks.value, others.value) }] : [];
  });
}

function only(talks: Talks, families: readonly string[]): Talks {
  return new Map([...talks].filter(([family]) => families.includes(family)));
}

function words(error: Refusal | string): string {
  if (typeof error === 'string') return error;
  return `the policy does not fit the records: ${error.detail ?? error.code}`;
}
