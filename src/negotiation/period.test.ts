import { describe, expect, it } from 'vitest';
import { nextPeriod, periodOf } from './period.ts';

describe('a period', () => {
  it.each([
    ['day', '2026-12-31', '2026-12-31', '2027-01-01'],
    ['week', '2026-12-31', '2026-W53', '2027-01-04'],
    ['week', '2027-01-03', '2026-W53', '2027-01-04'],
    ['week', '2024-12-30', '2025-W01', '2025-01-06'],
    ['month', '2028-02-29', '2028-02', '2028-03-01'],
    ['quarter', '2026-12-31', '2026-Q4', '2027-01-01'],
    ['year', '2026-01-01', '2026', '2027-01-01'],
  ] as const)('%s of %s is %s, and the next begins on %s', (period, day, name, next) => {
    expect([periodOf(period, day), nextPeriod(period, day)]).toEqual([name, next]);
  });
});
