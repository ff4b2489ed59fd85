/** What was agreed for a later day begins on it: this CRM does so by itself, as the nightly job of a larger one would. */
import type { Db, Fields, RecordType, Stored } from './db.ts';

const TERM = [
  'start_date',
  'end_date',
  'term_months',
  'unit_price',
  'seats',
  'notice_days',
  'payment_terms_days',
] as const;

/** The record as it is today: with a next term or a planned change that has begun, each its own revision. */
export function upToDate(db: Db, type: RecordType, id: string): Stored | undefined {
  const stored = db.get(type, id);
  if (type !== 'contracts' || stored === undefined) return stored;
  const today = db.today();
  let now = stored;
  for (const begin of [planned, next]) {
    const begun = begin(now.data, today);
    if (begun === undefined) continue;
    const key = `crm:${id}:${now.revision + 1}`;
    now = db.apply(type, id, now.revision + 1, begun, key, JSON.stringify(begun));
  }
  return now;
}

function planned(data: Fields, today: string): Fields | undefined {
  const { planned_from: from, planned_seats: seats, planned_unit_price: price } = data;
  if (typeof from !== 'string' || from > today) return undefined;
  const gone = { planned_from: null, planned_seats: null, planned_unit_price: null };
  return { ...data, seats, unit_price: price, seats_from: from, ...gone };
}

function next(data: Fields, today: string): Fields | undefined {
  const { next_start_date: from } = data;
  if (typeof from !== 'string' || from > today) return undefined;
  const agreed = TERM.flatMap((name) => {
    const value = data[`next_${name}`] ?? null;
    return value === null ? [] : [[name, value] as const];
  });
  const gone = TERM.map((name) => [`next_${name}`, null] as const);
  return { ...data, status: 'active', ...Object.fromEntries(agreed), ...Object.fromEntries(gone) };
}
