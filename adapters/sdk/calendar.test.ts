import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDays, addMonths, endOf, lastDay, termEnd } from './calendar.ts';

const months = (day: string) => Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7)) - 1;
/** The plain reference: every term of a chain counted from its first day, never from the one before. */
function reference(first: string, n: number, each: number): string {
  const anchor = Number(first.slice(8));
  const month = months(first) + n * each;
  const [year, index] = [Math.floor(month / 12), month % 12];
  const last = new Date(Date.UTC(year, index + 1, 0)).getUTCDate();
  const day = anchor > last ? last : anchor - 1;
  return new Date(Date.UTC(year, index, day)).toISOString().slice(0, 10);
}

describe('a chain of terms', () => {
  it.each([
    ['2026-01-31', ['2026-02-28', '2026-03-30', '2026-04-30', '2026-05-30', '2026-06-30', '2026-07-30']],
    ['2026-01-30', ['2026-02-28', '2026-03-29', '2026-04-29', '2026-05-29', '2026-06-29', '2026-07-29']],
    ['2028-01-29', ['2028-02-28', '2028-03-28', '2028-04-28', '2028-05-28', '2028-06-28', '2028-07-28']],
    ['2026-08-31', ['2026-09-30', '2026-10-30', '2026-11-30', '2026-12-30', '2027-01-30', '2027-02-28']],
  ])(
    'T12: monthly from %s keeps its day of the month, though the record holds no more than its dates',
    (first, ends) => {
      let term = { start_date: first, end_date: lastDay(first, 1), term_months: 1 };
      const seen = [term.end_date];
      while (seen.length < ends.length) {
        const start = addDays(term.end_date, 1);
        term = { start_date: start, end_date: termEnd({ term, start, months: 1 }), term_months: 1 };
        seen.push(term.end_date);
      }
      expect(seen).toEqual(ends);
    },
  );

  it('T12: ends where counting from its first day says, whatever the terms, where the record keeps the day', () => {
    const first = fc.date({ min: new Date('1990-01-01'), max: new Date('2060-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(first, fc.constantFrom(1, 2, 3, 6, 12, 24), (date, each) => {
        const from = date.toISOString().slice(0, 10);
        const anchor_day = Number(from.slice(8));
        let term = { start_date: from, end_date: lastDay(from, each), term_months: each, anchor_day };
        for (let n = 1; n <= 30; n += 1) {
          expect(term.end_date).toBe(reference(from, n, each));
          const start = addDays(term.end_date, 1);
          term = { ...term, start_date: start, end_date: termEnd({ term, start, months: each }) };
        }
      }),
      { numRuns: 300 },
    );
  });

  it('T12: a term that begins after a gap has a day of the month of its own', () => {
    const term = { start_date: '2026-01-31', end_date: '2026-02-28', term_months: 1, anchor_day: 31 };
    expect(termEnd({ term, start: '2026-03-10', months: 1 })).toBe('2026-04-09');
  });
});

describe('days', () => {
  it.each([
    ['2026-01-31', 1, undefined, '2026-02-28'],
    ['2026-02-28', 1, 31, '2026-03-31'],
    ['2027-11-30', 3, undefined, '2028-02-29'],
    ['2026-05-15', -3, undefined, '2026-02-15'],
  ])('%s and %i months (anchor %s) is %s', (day, by, anchor, expected) => {
    expect(addMonths(day, by, anchor)).toBe(expected);
  });

  it.each([
    ['month', '2028-02-03', '2028-02-29'],
    ['quarter', '2026-11-28', '2026-12-31'],
    ['quarter', '2026-03-31', '2026-03-31'],
    ['year', '2026-11-28', '2026-12-31'],
  ] as const)('the end of the %s of %s is %s', (period, day, expected) => {
    expect(endOf(period, day)).toBe(expected);
  });
});
