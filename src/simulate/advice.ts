/** What an operator may change, tried out: each change by itself, before the same customers. What is said follows from the figures. */

import type { JsonObject } from '../../protocol/base/json.ts';
import { isRecord } from '../../protocol/base/shape.ts';
import type { Comparison, Talks } from './compare.ts';
import { isFeasible } from './measure.ts';
import { mean } from './stats.ts';

export interface Change {
  /** “`concede_to` 1 nearer to the limit” */
  readonly what: string;
  readonly policy: JsonObject;
}

/** Changes worth a try. Numbers are named by member, as the policy has them. */
export function changesOf(policy: JsonObject): readonly Change[] {
  const main = policy['main'];
  if (!isRecord(main)) return [];
  const [open, concede, limit] = ['open', 'concede_to', 'limit'].map((name) => Number(main[name]));
  if (open === undefined || concede === undefined || limit === undefined) return [];
  const sign = open >= limit ? 1 : -1;
  const room = Math.abs(open - limit);
  const step = Math.max(room / 10, 0.01);
  const rounded = (value: number) => Math.round(value * 100) / 100;
  const within = (value: number) => rounded(sign === 1 ? Math.max(value, limit) : Math.min(value, limit));
  const withMain = (name: string, value: number): Change => ({
    what: `${name} ${rounded(value)} instead of ${rounded(Number(main[name]))}`,
    policy: { ...policy, main: { ...main, [name]: rounded(value) } },
  });
  const beta = typeof policy['beta'] === 'number' ? policy['beta'] : 1;
  const paced = (value: number): Change => ({
    what: `beta ${rounded(value)} instead of ${beta}`,
    policy: { ...policy, beta: rounded(value) },
  });
  const near = rounded(limit + (sign * step) / 2);
  return [
    ...(sign * (concede - near) > 2 * step ? [withMain('concede_to', near)] : []),
    ...(within(concede - sign * step) === concede ? [] : [withMain('concede_to', within(concede - sign * step))]),
    ...(sign * (concede + sign * step) <= sign * open ? [withMain('concede_to', concede + sign * step)] : []),
    withMain('open', Math.max(0, open + sign * step)),
    ...(sign * (open - sign * step) >= sign * concede ? [withMain('open', open - sign * step)] : []),
    paced(beta / 2),
    paced(Math.min(20, beta * 2)),
  ];
}

export interface Tried {
  readonly what: string;
  readonly comparison: Comparison;
}

/** In words, the most telling first. */
export function adviceFrom(talks: Talks, tried: readonly Tried[]): readonly string[] {
  return [...lostTalks(talks), ...worthwhile(tried)];
}

function lostTalks(talks: Talks): readonly string[] {
  const feasible = [...talks.values()].flat().filter(isFeasible);
  if (feasible.length === 0)
    return ['With these records and this policy no customer could gain: there is nothing to learn from these talks.'];
  const part = (holds: (each: (typeof feasible)[number]) => boolean) =>
    mean(feasible.map((each) => (holds(each) ? 1 : 0))) * 100;
  const missed = part(({ outcome }) => outcome.missed);
  const persons = part(({ outcome }) => outcome.ended === 'person');
  const lost = part(({ outcome }) => outcome.agreed === undefined && outcome.ended !== 'person');
  return [
    ...(missed >= 1
      ? [
          `A person at the last round would save up to ${missed.toFixed(0)} % of the talks in which both could gain: the customer proposed something within the policy, and it came to nothing.`,
        ]
      : []),
    ...(lost >= 1
      ? [`${lost.toFixed(0)} % of the talks in which both could gain ended without an agreement and without a person.`]
      : []),
    ...(persons >= 1 ? [`${persons.toFixed(0)} % of them go to a person: so much time is needed for them.`] : []),
  ];
}

function worthwhile(tried: readonly Tried[]): readonly string[] {
  if (tried.length === 0) return [];
  if (tried.every(({ comparison: { company } }) => company.verdict === 'too_few'))
    return ['Too few talks to say whether a change would be better: give more --runs.'];
  const better = tried
    .filter(({ comparison }) => isBetter(comparison))
    .toSorted((a, b) => b.comparison.company.value - a.comparison.company.value);
  if (better.length === 0) return ['None of the changes that were tried is better, as far as these talks tell.'];
  return better.map(({ what, comparison: { company, agreed } }) => {
    const range = `(${company.low.toFixed(1)} to ${company.high.toFixed(1)})`;
    const gain =
      company.verdict === 'more'
        ? `the company gains ${company.value.toFixed(1)} % of the record more a talk ${range}`
        : `the company gains about as much a talk ${range}`;
    const also =
      agreed.verdict === 'less'
        ? `, but ${ofHundred(-agreed.value)} agreements fewer`
        : agreed.verdict === 'more'
          ? `, with ${ofHundred(agreed.value)} agreements more`
          : '';
    return `With ${what}, ${gain}${also}.`;
  });
}

/** More for the company; or clearly more agreements that cost it nothing that can be seen. */
function isBetter({ company, agreed }: Comparison): boolean {
  return company.verdict === 'more' || (company.verdict === 'no_difference_seen' && agreed.low > AGREED_TELLS);
}

const AGREED_TELLS = 0.02;

function ofHundred(part: number): string {
  const count = part * 100;
  return count < 0.5 ? 'less than one of 100' : `${count.toFixed(0)} of 100`;
}
