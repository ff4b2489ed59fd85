/** The calendar periods that budgets run over. Days are `YYYY-MM-DD`, in whichever zone they were told. */

export const PERIODS = ['day', 'week', 'month', 'quarter', 'year'] as const;
export type Period = (typeof PERIODS)[number];

const DAY_MS = 86_400_000;

/** `2026-11-28`, `2026-W48`, `2026-11`, `2026-Q4`, `2026` */
export function periodOf(period: Period, day: string): string {
  const [year, month] = [day.slice(0, 4), day.slice(0, 7)];
  const quarter = `${year}-Q${Math.ceil(Number(month.slice(5)) / 3)}`;
  return { day, week: period === 'week' ? weekOf(day) : '', month, quarter, year }[period];
}

/** ISO 8601: a week is of the year that its Thursday is in. */
function weekOf(day: string): string {
  const thursday = new Date(startOf('week', day) + 3 * DAY_MS);
  const year = thursday.getUTCFullYear();
  const week = Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / (7 * DAY_MS)) + 1;
  return `${year}-W${String(week).padStart(2, '0')}`;
}

/** The first day of the next one. */
export function nextPeriod(period: Period, day: string): string {
  const start = new Date(startOf(period, day));
  if (period === 'day' || period === 'week') start.setUTCDate(start.getUTCDate() + (period === 'day' ? 1 : 7));
  else start.setUTCMonth(start.getUTCMonth() + { month: 1, quarter: 3, year: 12 }[period]);
  return start.toISOString().slice(0, 10);
}

function startOf(period: Period, of: string): number {
  const at = new Date(`${of}T00:00:00Z`);
  const [year, month, day] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()];
  switch (period) {
    case 'day':
      return Date.UTC(year, month, day);
    case 'week':
      return Date.UTC(year, month, day - ((at.getUTCDay() + 6) % 7));
    case 'month':
      return Date.UTC(year, month, 1);
    case 'quarter':
      return Date.UTC(year, month - (month % 3), 1);
    case 'year':
      return Date.UTC(year, 0, 1);
  }
}
