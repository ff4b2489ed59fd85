/** What every adapter asks of a value: is it money, a day, the same as another. */
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import { type Price, SCALE_MAX } from '../../protocol/base/money.ts';

export function isWhole(value: Json | undefined, min = Number.MIN_SAFE_INTEGER): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= min;
}

export function isMoney(value: Json | undefined): value is Price & JsonObject {
  if (!isObject(value) || !isWhole(value['amount']) || !/^[A-Z]{3}$/.test(String(value['currency']))) return false;
  const { scale } = value;
  return scale === undefined || (isWhole(scale, 0) && scale <= SCALE_MAX);
}

/** A calendar date, `2028-02-29`, in a year of four digits. */
export function isDay(value: Json | undefined): value is string {
  if (typeof value !== 'string' || !/^[1-9]\d{3}-\d{2}-\d{2}$/.test(value)) return false;
  const date = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(value);
}

const MOMENT = /^(\d{4}-\d{2}-\d{2})T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?Z$/;

/** A time of a real day, RFC 3339 in UTC, in Unix milliseconds; `NaN` for anything else. */
export function momentOf(value: Json | undefined): number {
  const day = typeof value === 'string' ? MOMENT.exec(value)?.[1] : undefined;
  return isDay(day) ? Date.parse(String(value)) : Number.NaN;
}

/** Equal as values: money by amount and currency, lists and objects member by member. */
export function same(a: Json, b: Json): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((each, index) => same(each, b[index] ?? null));
  if (!isObject(a) || !isObject(b)) return a === b;
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => same(a[name] ?? null, b[name] ?? null));
}
