/** Calendar arithmetic over days, `2028-02-29`: no clock and no zone but what is given. */
import type { JsonObject } from '../../protocol/base/json.ts';
import { isDay, isWhole } from './values.ts';

const DAY_MS = 86_400_000;

export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** The same day of the month so many months later; where that month has no such day, its last day. `anchor`: the day of the month that
 * a chain of months began with, where an earlier, shorter month has hidden it. */
export function addMonths(day: string, months: number, anchor?: number): string {
  const { year, month, dayOfMonth } = partsOf(day);
  const last = daysIn(year, month + months);
  return dayOf(year, month + months, Math.min(anchor ?? dayOfMonth, last));
}

/** The last day of a term: the day before the same day `months` later. Where that month has no such day (a start on the 31st), its
 * last day, as Regulation (EEC, Euratom) No 1182/71 Art. 3(2)(c) counts months. A term that follows one which ended early for want of
 * a day goes on from its anchor: 31 January, 1 March (to the 30th), 31 March. */
export function lastDay(start: string, months: number, anchor?: number): string {
  const { year, month, dayOfMonth } = partsOf(start);
  // The anchor's own day of the month before, had there been one.
  const isHidden = anchor !== undefined && dayOfMonth === 1 && anchor > daysIn(year, month - 1);
  const [from, day] = isHidden ? [month - 1, anchor] : [month, dayOfMonth];
  const last = daysIn(year, from + months);
  return day > last ? dayOf(year, from + months, last) : dayOf(year, from + months, day - 1);
}

/** The day of the month that a contract's terms begin on: as the record says, else as its present term shows. A chain from the 31st
 * has terms that begin on the 1st of March and end on the 30th. */
export function anchorOf(term: JsonObject): number | undefined {
  const { anchor_day: said = null, start_date: start = null, end_date: end = null, term_months: months = null } = term;
  if (isWhole(said, 1) && said <= 31) return said;
  if (!isDay(start)) return undefined;
  const own = partsOf(start).dayOfMonth;
  if (!isDay(end) || !isWhole(months, 1) || own !== 1) return own;
  return [own, 29, 30, 31].find((anchor) => lastDay(start, months, anchor) === end) ?? own;
}

/** The last day of a contract's next term: from the day after the present one it keeps the chain's day of the month. */
export function termEnd({ term, start, months }: { term: JsonObject; start: string; months: number }): string {
  return lastDay(start, months, nextAnchor({ term, start }));
}

/** What the chain's day of the month is, once a term begins on `start`. */
export function nextAnchor({ term, start }: { term: JsonObject; start: string }): number {
  const { end_date: end = null } = term;
  const own = partsOf(start).dayOfMonth;
  return isDay(end) && addDays(end, 1) === start ? (anchorOf(term) ?? own) : own;
}

/** The last day of the month, of the quarter: of the period the day lies in. */
export function endOf(period: 'month' | 'quarter' | 'year', day: string): string {
  const { year, month } = partsOf(day);
  const last = period === 'month' ? month : period === 'quarter' ? Math.ceil(month / 3) * 3 : 12;
  return dayOf(year, last, daysIn(year, last));
}

function partsOf(day: string) {
  const [year = 0, month = 1, dayOfMonth = 1] = day.split('-').map(Number);
  return { year, month, dayOfMonth };
}

/** `month` counts from 1 and may leave the year. */
const daysIn = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();
const dayOf = (year: number, month: number, day: number): string =>
  new Date(Date.UTC(year, month - 1, day)).toISOString().slice(0, 10);
