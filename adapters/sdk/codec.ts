/** A value of ours as a CRM holds it, and back: the same for every CRM that says what it means in JSON or in columns. */
import type { Json } from '../../protocol/json.ts';
import { fromDecimal, toDecimal } from '../../protocol/money.ts';
import { AdapterError } from './index.ts';
import type { MappedField } from './mapping.ts';
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

/** What a record shows where it holds nothing usable is null: a plan then says that it changes it, and a read-back that it differs. */
export function decode(field: MappedField, held: Json, currency: Json, form: MoneyForm): Json {
  switch (field.kind) {
    case 'text':
    case 'long':
      return typeof held === 'string' && held !== '' ? held : null;
    case 'id':
      return typeof held === 'string' || typeof held === 'number' ? String(held) : null;
    case 'whole':
      return isWhole(held) ? held : null;
    case 'day':
      return isDay(held) ? held : null;
    case 'flag':
      return typeof held === 'boolean' ? held : null;
    case 'choice':
      return ours(field, held);
    case 'json':
      return held;
    case 'money':
      return money(field, held, currency, form);
  }
}

/** A word of theirs that the mapping does not have is shown as it is. */
function ours({ values }: MappedField, held: Json): Json {
  const word = typeof held === 'string' || typeof held === 'number' ? String(held) : null;
  return [...values].find(([, theirs]) => theirs === word)?.[0] ?? word;
}

function money({ name, currency: second }: MappedField, held: Json, currency: Json, form: MoneyForm): Json {
  if (held === null) return null;
  const whole = isObject(held) ? held : {};
  const [amount = null, code = null] = second === undefined ? [whole['amount'], whole['currency']] : [held, currency];
  const read = form === 'minor' ? { amount, currency: code } : { ...fromDecimal(String(amount), String(code)) };
  if (isMoney(read)) return { amount: read.amount, currency: read.currency };
  // A price that cannot be read exactly must never look like no price.
  throw new AdapterError('bug', `What the CRM holds as ${name} is not an amount of money.`);
}
