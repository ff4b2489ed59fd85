/** A value of ours as a CRM holds it, and back: the same for every CRM that says what it means in JSON or in columns. */
import type { Json } from '../../protocol/json.ts';
import { fromDecimal, toDecimal } from '../../protocol/money.ts';
import type { MappedField } from './mapping.ts';
import { unreadable } from './unreadable.ts';
import { isDay, isMoney, isObject, isWhole } from './values.ts';

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
  const amount = form === 'minor' ? value.amount : toDecimal(value);
  if (currency === undefined) return { value: { amount, currency: value.currency } };
  return { value: amount, currency: value.currency };
}

/** Nothing is null; what is not a value of the field's kind is unreadable, for whoever reads it and for nobody else. */
export function decode(field: MappedField, held: Json, currency: Json, form: MoneyForm): Json {
  if (held === null || (held === '' && field.kind !== 'choice' && field.kind !== 'json')) return null;
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

function money({ currency: second }: MappedField, held: Json, currency: Json, form: MoneyForm): Json | undefined {
  const whole = isObject(held) ? held : {};
  const [amount = null, code = null] = second === undefined ? [whole['amount'], whole['currency']] : [held, currency];
  const read = form === 'minor' ? { amount, currency: code } : { ...fromDecimal(String(amount), String(code)) };
  return isMoney(read) ? { amount: read.amount, currency: read.currency } : undefined;
}
