import { describe, expect, it } from 'vitest';
import { firstTerm, SEED_DAY } from './server/seed-day.ts';

const DAY_MS = 86_400_000;
const days = (from: string, count: number) =>
  Array.from({ length: count }, (_, index) => new Date(Date.parse(from) + index * DAY_MS + DAY_MS / 2));
const ahead = (day: string, now: Date) => (Date.parse(day) - Date.parse(now.toISOString().slice(0, 10))) / DAY_MS;

describe('the first contract’s year', () => {
  it('is 2026 while that lasts', () => {
    expect(firstTerm(new Date(SEED_DAY))).toEqual({ start: '2026-01-01', end: '2026-12-31' });
    expect(firstTerm(new Date('2026-12-31T23:59:59.999Z'))).toEqual(firstTerm(new Date(SEED_DAY)));
  });

  it.each([
    ['2027-01-01', '2026-03-01', '2027-02-28'],
    ['2027-11-30', '2027-01-01', '2027-12-31'],
    ['2027-12-15', '2027-02-01', '2028-01-31'],
    ['2028-01-31', '2027-03-01', '2028-02-29'],
    ['2028-02-29', '2027-04-01', '2028-03-31'],
  ])('moves with the months afterwards: on %s', (today, start, end) => {
    expect(firstTerm(new Date(today))).toEqual({ start, end });
  });

  it('has run for months and has weeks left, on every day', () => {
    for (const now of days('2027-01-01', 2_000)) {
      const { start, end } = firstTerm(now);
      expect([ahead(end, now), -ahead(start, now)], now.toISOString()).toEqual([
        expect.toSatisfy((left: number) => left >= 28 && left <= 61),
        expect.toSatisfy((run: number) => run >= 303 && run <= 338),
      ]);
    }
  });
});
