/** A value of ours as a CRM holds it, and back: the same for every CRM that says what it means in JSON or in columns. */
import { isObject, type Json } from '../../protocol/base/json.ts';
import { fromDecimal, fromMinor, moneyAt, SCALE_MAX, toDecimal, toMinor } from '../../protocol/base/money.ts';
import type { MappedField } from './mapping.ts';
import { unreadable } from './unreadable.ts';
import { isDay, isMoney, isWhole } from './values.ts';

/** `minor`: whole cents; `decimal`: `"19.99"`. */
export const MONEY_FORMS = ['minor', 'decimal'] as const;
export type MoneyForm = (typeof MONEY_FORMS)[number];

/** What the CRM’s field gets, and its currency field where money is kept in two. */
export interface Encoded {
  readonly value: Json;
  readonly currency?: string | null;
}

export function encode({ kind, values, currency }: MappedField, value: Json, form: MoneyForm): Encoded {
  if (value === null) return currency === undefined ? { value } : { value, currency: null };
  if (kind === 'choice') return { value: values.get(String(value)) ?? null };
  if (kind !== 'money' || !isMoney(value)) return { value };
  const amount = form === 'minor' ? (currency === undefined ? value.amount : toMinor(value)) : toDecimal(value);
  if (currency === undefined) {
    const scale = form === 'minor' && value.scale !== undefined ? { scale: value.scale } : {};
    return { value: { amount, currency: value.currency, ...scale } };
  }
  return { value: amount, currency: value.currency };
}

/** Nothing is null; what is not a value of the field's kind is unreadable, for whoever reads it and for nobody else. */
export function decode(field: MappedField, held: Json, currency: Json, form: MoneyForm): Json {
  if (held === null || (held === '' && !field.keepsEmpty && field.kind !== 'choice' && field.kind !== 'json'))
    return null;
  const read = readAs(field, held, currency, form);
  return read === undefined
    ? unreadable({ held, why: `What the CRM holds as ${field.label} is ${NOT[field.kind]}.` })
    : read;
}

const NOT = {
  text: 'not a text',
  long: 'not a text',
  id: 'not an identifier',
  whole: 'not a whole number',
  day: 'not a date',
  flag: 'neither true nor false',
  choice: 'not a word',
  json: 'not JSON',
  money: 'not an amount of money that can be told exactly',
} as const satisfies Record<MappedField['kind'], string>;

function readAs(field: MappedField, held: Json, currency: Json, form: MoneyForm): Json | undefined {
  switch (field.kind) {
    case 'text':
    case 'long':
      return typeof held === 'string' ? held : undefined;
    case 'id':
      return typeof held === 'string' || typeof held === 'number' ? String(held) : undefined;
    case 'whole':
      return isWhole(held) ? held : undefined;
    case 'day':
      return isDay(held) ? held : undefined;
    case 'flag':
      return typeof held === 'boolean' ? held : undefined;
    case 'choice':
      return ours(field, held);
    case 'json':
      return held;
    case 'money':
      return money(field, held, currency, form);
  }
}

/** A word of theirs that the mapping does not have is shown as it is. */
function ours({ values }: MappedField, held: Json): Json | undefined {
  const word = typeof held === 'string' || typeof held === 'number' ? String(held) : undefined;
  return [...values].find(([, theirs]) => theirs === word)?.[0] ?? word;
}

/** How fine a field's amounts may be: unit prices beyond the minor unit, everything else never. */
export function finestOf(name: string): number {
  return name.endsWith('unit_price') ? SCALE_MAX : 0;
}

function money({ name, currency: second }: MappedField, held: Json, currency: Json, form: MoneyForm): Json | undefined {
  const whole = isObject(held) ? held : {};
  const [amount = null, code = null] = second === undefined ? [whole['amount'], whole['currency']] : [held, currency];
  const finest = finestOf(name);
  if (form === 'decimal') {
    const read = fromDecimal(String(amount), String(code), finest);
    return read !== undefined && isMoney({ ...read }) ? { ...read } : undefined;
  }
  // One object has a place for the scale; an amount beside a currency has none, and shows its fraction.
  if (second === undefined) {
    const { scale = null } = whole;
    const read = { amount, currency: code, ...(scale === null ? {} : { scale }) };
    if (!isMoney(read) || read.scale === undefined) return isMoney(read) ? read : undefined;
    const exact = moneyAt({ amount: read.amount, currency: read.currency, scale: read.scale });
    return exact.scale !== undefined && finest === 0 ? undefined : { ...exact };
  }
  const read = typeof amount === 'object' ? undefined : fromMinor(String(amount), String(code), finest);
  return read !== undefined && isMoney({ ...read }) ? { ...read } : undefined;
}
