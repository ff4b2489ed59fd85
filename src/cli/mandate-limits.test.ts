import { describe, expect, it } from 'vitest';
import { readLimits } from './mandate-limits.ts';

describe('the limits of a mandate on the command line', () => {
  it('are read as a mandate has them', () => {
    const given = {
      'max-total': '1200.00:EUR',
      'max-total-per-period': '100:JPY/month',
      'max-uses': '10',
      'max-term-months': '24',
    };
    expect(readLimits(given)).toEqual({
      ok: true,
      value: {
        max_total: { amount: 120_000, currency: 'EUR' },
        max_total_per_period: { amount: 100, currency: 'JPY', period: 'month' },
        max_uses: 10,
        max_term_months: 24,
      },
    });
    expect(readLimits({})).toEqual({ ok: true, value: {} });
  });

  it.each([
    { 'max-total': '1200' },
    { 'max-total': '1200.001:EUR' },
    { 'max-total-per-period': '100.00:EUR' },
    { 'max-total-per-period': '100.00:EUR/week' },
    { 'max-uses': '-1' },
    { 'max-seats': 'many' },
  ])('tell what is wrong: %j', (given) => {
    expect(readLimits(given)).toMatchObject({ ok: false, error: expect.stringContaining(Object.keys(given)[0] ?? '') });
  });
});
