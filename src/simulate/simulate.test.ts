/** The company's strategy on trial: against those who want to agree, those who look for the floor, and those who lost the thread. */
import { describe, expect, it } from 'vitest';
import records from '../../examples/contracts.json' with { type: 'json' };
import renewal from '../../protocol/actions/contract.renew.json' with { type: 'json' };
import type { JsonObject } from '../../protocol/base/json.ts';
import { readDefinitions } from '../actions/files.ts';
import { parseNegotiationPolicy } from '../negotiation/core.ts';
import { factsOf } from '../negotiation/setting.ts';
import { playEverybody } from './compare.ts';
import { mutualInformation } from './information.ts';
import { resultOf, scenesOf } from './measure.ts';
import { FAMILIES, OPPONENTS } from './opponents.ts';
import { play } from './play.ts';
import { seeded } from './random.ts';
import { type DrawCustomer, drawnFrom, makeScenario } from './scenario.ts';

const definition = readDefinitions().action(renewal.name)?.definition;
if (definition === undefined) throw new Error('no contract.renew');
const facts = (records as readonly JsonObject[]).map((record) => factsOf(definition, record, {}, '2026-11-01'));

function policyOf({ concede = 90.5, limit = 90 }: { concede?: number; limit?: number } = {}) {
  const parsed = parseNegotiationPolicy(
    {
      main: { issue: '/unit_price', percent_of: '/unit_price', open: 104, concede_to: concede, limit },
      issues: {
        '/term_months': { range: [12, 36], open: 24, worth: { 12: 0, 24: 4, 36: 8 } },
        '/seats': { range: [5, 500], worth: { '100%': 0, '125%': 2 } },
        '/start_date': { range: [0, 30] },
        '/notice_days': { range: [30, 90] },
      },
      beta: 0.8,
    },
    definition?.negotiable ?? [],
    'test',
  );
  if (!parsed.ok) throw new Error(parsed.error.join(', '));
  return parsed.value;
}

function simulated(policy = policyOf(), runs = 100) {
  const scenes = scenesOf({ policyFor: () => policy, facts, runs, seed: 11 });
  const talks = scenes.ok ? playEverybody(scenes.value, FAMILIES) : scenes;
  if (!talks.ok) throw new Error(talks.error.code);
  return [...talks.value].map(([family, played]) => resultOf(family, played));
}

describe('against agents that want to agree', () => {
  const families = simulated();
  const cooperative = families.filter((each) => each.cooperative);

  it('the company reaches at least 92 % of the agreements that were possible', () => {
    expect(cooperative).toHaveLength(14);
    for (const { feasible, talks, agreed } of cooperative) {
      expect(feasible).toBeGreaterThan(talks / 3);
      expect(feasible).toBeLessThan(talks);
      expect(agreed.value).toBeGreaterThanOrEqual(0.92);
    }
  });

  it('with at least 90 % of the largest possible sum of gains', () => {
    for (const { joint } of cooperative) expect(joint.value).toBeGreaterThanOrEqual(0.9);
  });

  it('and never signs beyond its policy, with anybody', () => {
    expect(families.map(({ breaches }) => breaches)).toEqual(families.map(() => 0));
    expect(families.every(({ talks }) => talks === 100)).toBe(true);
  });

  it('the numbers can fall: a company that hardly concedes agrees on less', () => {
    const hard = simulated(policyOf({ concede: 103 }), 60).filter((each) => each.cooperative);
    for (const { agreed } of hard) expect(agreed.value).toBeLessThan(0.92);
  });
});

/** Where customers' wishes are drawn about the limit, what they do would tell of it. */
const sameWhateverTheLimit =
  (seed: number): DrawCustomer =>
  (table) =>
    drawnFrom(seeded(seed))(table, { limit: 9_000, room: 1_400 });

describe('against agents that look for the floor', () => {
  const limits = [80, 82, 84, 86, 88, 90];
  const learned = (policyAt: (limit: number) => ReturnType<typeof policyOf>) =>
    Math.max(
      ...facts.slice(0, 12).map((about, index) => {
        const pairs = limits.flatMap((limit) => {
          const scenario = makeScenario(policyAt(limit), about, { draw: sameWhateverTheLimit(index) });
          const outcome = scenario.ok
            ? play(scenario.value, OPPONENTS.prober.play, { random: seeded(index) })
            : scenario;
          if (!outcome.ok) throw new Error(outcome.error.code);
          return [[String(limit), JSON.stringify(outcome.value.shown)] as const];
        });
        return mutualInformation(pairs);
      }),
    );

  it('nothing that is shown tells of the limit: no mutual information, in any talk', () => {
    expect(learned((limit) => policyOf({ limit }))).toBe(0);
  });

  it('the test can fail: a company that concedes down to its limit tells it', () => {
    expect(learned((limit) => policyOf({ limit, concede: limit }))).toBeGreaterThan(2);
  });
});

describe('the measure', () => {
  it('of information is that of Shannon', () => {
    expect(
      mutualInformation([
        ['a', 'x'],
        ['b', 'y'],
      ]),
    ).toBeCloseTo(1);
    expect(
      mutualInformation([
        ['a', 'x'],
        ['b', 'x'],
      ]),
    ).toBe(0);
    expect(
      mutualInformation([
        ['a', 'x'],
        ['a', 'y'],
        ['b', 'x'],
        ['b', 'y'],
      ]),
    ).toBeCloseTo(0);
  });

  it('is the same for the same seed', () => {
    expect(JSON.stringify(simulated(policyOf(), 8))).toBe(JSON.stringify(simulated(policyOf(), 8)));
  });
});
