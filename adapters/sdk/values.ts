/** What every adapter asks of a value: is it money, a day, the same as another. */
import type { Json, JsonObject } from '../../protocol/json.ts';
import type { Money } from '../../protocol/money.ts';

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isWhole(value: Json | undefined, min = Number.MIN_SAFE_INTEGER): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= min;
}

export function isMoney(value: Json | undefined): value is Money & JsonObject {
  return isObject(value) && isWhole(value['amount']) && /^[A-Z]{3}$/.test(String(value['currency']));
}

/** A calendar date, `2028-02-29`, in a year of four digits. */
export function isDay(value: Json | undefined): value is string {
  if (typeof value !== 'string' || !/^[1-9]\d{3}-\d{2}-\d{2}$/.test(value)) return false;
  const date = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(value);
}

/** Equal as values: money by amount and currency, lists and objects member by member. */
export function same(a: Json, b: Json): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((each, index) => same(each, b[index] ?? null));
  if (!isObject(a) || !isObject(b)) return a === b;
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => same(a[name] ?? null, b[name] ?? null));
}

/** The last day of a term: the day before the same day `months` later. Where that month has no such day (a start on the 31st), its
 * last day, as Regulation (EEC, Euratom) No 1182/71 Art. 3(2)(c) counts months. */
export function lastDay(start: string, months: number): string {
  const [year = 0, month = 1, day = 1] = start.split('-').map(Number);
  const lastOfMonth = new Date(Date.UTC(year, month + months, 0));
  const dayBefore = new Date(Date.UTC(year, month - 1 + months, day - 1));
  return (day > lastOfMonth.getUTCDate() ? lastOfMonth : dayBefore).toISOString().slice(0, 10);
}

const DAY_MS = 86_400_000;

export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}
