import type { Json, JsonObject } from '../../protocol/json.ts';
import type { Money } from '../../protocol/money.ts';
import { AdapterError } from '../sdk/index.ts';
import { isObject } from './answers.ts';

/** The longest term the CRM holds. */
const TERM_MONTHS_MAX = 120;

/** The agreed terms of a renewal and the contract fields they become. Throws `invalid` for terms that are not complete. */
export function renewedFields(terms: JsonObject): JsonObject & { readonly end_date: string } {
  const { unit_price, term_months, seats, start_date, notice_days } = terms;
  if (
    !isMoney(unit_price) ||
    !isWhole(term_months, 1, TERM_MONTHS_MAX) ||
    !isWhole(seats, 1) ||
    !isDay(start_date) ||
    !isWhole(notice_days, 0)
  )
    throw new AdapterError('invalid', 'The terms are not complete.');
  const end_date = lastDay(start_date, term_months);
  if (!isDay(end_date)) throw new AdapterError('invalid', 'The term ends after the last year a date can name.');
  return { unit_price, term_months, seats, start_date, end_date, notice_days, status: 'active' };
}

/** The last day of a term: the day before the same day `months` later. Where that month has no such day (a start on the 31st), its
 * last day, as Regulation (EEC, Euratom) No 1182/71 Art. 3(2)(c) counts months. */
export function lastDay(start: string, months: number): string {
  const [year = 0, month = 1, day = 1] = start.split('-').map(Number);
  const lastOfMonth = new Date(Date.UTC(year, month + months, 0));
  const dayBefore = new Date(Date.UTC(year, month - 1 + months, day - 1));
  return (day > lastOfMonth.getUTCDate() ? lastOfMonth : dayBefore).toISOString().slice(0, 10);
}

function isDay(value: Json | undefined): value is string {
  if (typeof value !== 'string' || !/^[1-9]\d{3}-\d{2}-\d{2}$/.test(value)) return false;
  const date = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(value);
}

function isWhole(value: Json | undefined, min: number, max = Number.MAX_SAFE_INTEGER): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max;
}

export function isMoney(value: Json | undefined): value is Money & JsonObject {
  return isObject(value) && isWhole(value['amount'], 0) && typeof value['currency'] === 'string';
}
