import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { Lately } from '../engine/grants.ts';
import { parseWindow, windowStart } from '../engine/window.ts';
import type { Over, SignoffFacts } from './facts.ts';
import { compileSignoffPolicy } from './policy.ts';

const LATELY: Lately = { change: -4, granted: 500, operations: 3 };

function factsWith(lately: (over: Over) => Lately): SignoffFacts {
  return {
    action: 'contract.renew',
    risk: 'R2',
    tier: 'principal',
    terms: {},
    record: {},
    change: { price_change_percent: 0, total: 0, currency: 'EUR' },
    lately,
    claimed: { operations: 0, open: 0, amount: 0 },
    plan: { steps: 1, fields: [] },
  };
}

const rule = (when: string, over?: unknown): JsonObject =>
  ({ name: 'r', when, reason: 'Because.', ...(over === undefined ? {} : { over }) }) as JsonObject;
const over = { window: '6 months', per: 'account' };

function problemsOf(each: JsonObject): readonly string[] {
  const compiled = compileSignoffPolicy([each]);
  return compiled.ok ? [] : compiled.error;
}

function asks(each: JsonObject, lately: (asked: Over) => Lately): readonly string[] {
  const compiled = compileSignoffPolicy([each]);
  if (!compiled.ok) throw new Error(compiled.error.join());
  return compiled.value.evaluate(factsWith(lately), 'policy').reasons;
}

describe('a rule over a window', () => {
  it('T3: looks at what came of the operations in its own window', () => {
    const seen: Over[] = [];
    const when = 'change_since < -3.0 && granted_in_period >= 500 && renewals_in_window == 3';
    const noting = (asked: Over) => {
      seen.push(asked);
      return LATELY;
    };
    expect(asks(rule(when, over), noting)).toEqual(['Because.']);
    expect(seen).toEqual([{ window: { count: 6, unit: 'month' }, per: 'account' }]);
    expect(asks(rule(when, over), () => ({ ...LATELY, operations: 2 }))).toEqual([]);
  });

  it('T3: calls a person where the sum cannot be told', () => {
    expect(asks(rule('granted_in_period > 1000', over), () => ({ ...LATELY, granted: null }))).toEqual([
      'The rule r could not be decided.',
    ]);
  });

  it('T3: says at the start what is wrong with it', () => {
    for (const [each, problem] of [
      [rule('change_since < -3.0'), 'must say over which window'],
      [rule('terms.seats > 3', over), 'looks at none of'],
      [rule('change_since < -3.0', { window: 'a year', per: 'record' }), 'over/window must be'],
      [rule('change_since < -3.0', { window: '12 months', per: 'customer' }), 'over/per must be one of'],
      [rule('change_since < -3.0', { ...over, since: 1 }), 'unknown member since'],
      [rule('change_since < -3.0', 'year'), 'over/window must be'],
      [rule('change_since < "much"', over), 'does not compile'],
    ] as const)
      expect(problemsOf(each).join()).toContain(problem);
  });
});

describe('a window', () => {
  it.each([
    ['12 months', '2026-11-30', '2025-11-30'],
    ['1 month', '2026-03-31', '2026-02-28'],
    ['2 years', '2028-02-29', '2026-02-28'],
    ['1 week', '2026-11-08', '2026-11-01'],
    ['1 day', '2026-03-01', '2026-02-28'],
  ])('of %s that ends on %s begins on %s', (text, now, start) => {
    const window = parseWindow(text);
    if (window === undefined) throw new Error(text);
    expect(new Date(windowStart(window, new Date(`${now}T10:00:00Z`))).toISOString()).toBe(`${start}T10:00:00.000Z`);
  });

  it.each(['0 days', '12', 'months', '-1 day', '11 years', '1.5 years', '121 months', 12, null])('is not %s', (each) =>
    expect(parseWindow(each)).toBeUndefined(),
  );
});
