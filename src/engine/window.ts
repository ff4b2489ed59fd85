/** Windows that limits are measured over, as the configuration writes them: `12 months`. */

export interface Window {
  readonly count: number;
  readonly unit: 'day' | 'week' | 'month' | 'year';
}

/** What a limit remembers where nothing else is said: a year, as long as most contracts run. */
export const WINDOW_DEFAULT: Window = { count: 12, unit: 'month' };

/** Ten years, however they are written. */
const MOST = { day: 3_660, week: 520, month: 120, year: 10 };

export function parseWindow(value: unknown): Window | undefined {
  const [, digits = '', unit] =
    typeof value === 'string' ? (/^([1-9]\d{0,3}) (day|week|month|year)s?$/.exec(value) ?? []) : [];
  const count = Number(digits);
  if (unit !== 'day' && unit !== 'week' && unit !== 'month' && unit !== 'year') return undefined;
  return count <= MOST[unit] ? { count, unit } : undefined;
}

export const WINDOW_WORDS = 'a number of days, weeks, months or years (“12 months”), ten years at most';

const DAY_MS = 86_400_000;

/** Unix milliseconds of the window's start. A month that has no such day begins the window earlier: more is remembered, not less. */
export function windowStart({ count, unit }: Window, now: Date): number {
  if (unit === 'day' || unit === 'week') return now.getTime() - count * (unit === 'day' ? 1 : 7) * DAY_MS;
  const months = unit === 'month' ? count : count * 12;
  const start = new Date(now);
  const day = start.getUTCDate();
  start.setUTCDate(1);
  start.setUTCMonth(start.getUTCMonth() - months);
  const last = new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1, 0)).getUTCDate();
  start.setUTCDate(Math.min(day, last));
  return start.getTime();
}
