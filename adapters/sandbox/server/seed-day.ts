/** The days of the first contract's year, which examples and tests go by. */

/** The day that the seed lies around for what runs at a fixed time. */
export const SEED_DAY = '2026-11-01T00:00:00Z';
const STANDS_UNTIL = Date.UTC(2027, 0, 1);

/** The year 2026 while that lasts; afterwards the year to the end of the next month. So on any day of any year the contract has run for months
 * and, after 2026, has four to nine weeks left: an outage in the past, a notice and a renewal all make sense. */
export function firstTerm(now: Date): { readonly start: string; readonly end: string } {
  if (now.getTime() < STANDS_UNTIL) return { start: '2026-01-01', end: '2026-12-31' };
  const [year, month] = [now.getUTCFullYear(), now.getUTCMonth()];
  const day = (at: number) => new Date(at).toISOString().slice(0, 10);
  return { start: day(Date.UTC(year, month - 10, 1)), end: day(Date.UTC(year, month + 2, 0)) };
}
