/** What should stand where something else does: its range and unit in words, and what was sent, corrected, where it can be told. */
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import { digitsOf, formatMoney } from '../../protocol/base/money.ts';
import { amountsIn } from '../reading/amounts.ts';
import { datesIn } from '../reading/values.ts';

export interface Expected {
  /** Follows the fault's message. */
  readonly words?: string;
  readonly example?: Json;
}

export function expectedAt(schema: JsonObject, value: unknown): Expected {
  if (isMoneySchema(schema)) return moneyExpected(schema, value);
  const { type, minimum, maximum, format, description } = schema;
  const range =
    typeof minimum === 'number' && typeof maximum === 'number' ? [`a whole number from ${minimum} to ${maximum}`] : [];
  const date = format === 'date' ? ['a day, YYYY-MM-DD'] : [];
  const told = type === 'integer' && typeof description === 'string' ? [description.replace(/\.$/, '')] : [];
  const words = [...(type === 'integer' ? range : date), ...told].join('; ');
  const example = correctedFrom(schema, value);
  return { ...(words === '' ? {} : { words }), ...(example === undefined ? {} : { example }) };
}

/** What was meant, where there is one way to put it right. */
function correctedFrom({ type, minimum, maximum, format, pattern }: JsonObject, value: unknown): Json | undefined {
  if (type === 'integer' && typeof minimum === 'number' && typeof maximum === 'number') {
    const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
    // Minor units written as a decimal are left to the money they are of.
    return typeof number === 'number' && Number.isInteger(number)
      ? Math.min(Math.max(number, minimum), maximum)
      : undefined;
  }
  if (typeof value !== 'string') return undefined;
  if (format === 'date') return datesIn(value.slice(0, 64))[0]?.value;
  const upper = value.toUpperCase();
  return pattern === CURRENCY && /^[A-Z]{3}$/.test(upper) ? upper : undefined;
}

const CURRENCY = '^[A-Z]{3}$';

export function isMoneySchema({ properties }: JsonObject): boolean {
  return isObject(properties) && 'amount' in properties && 'currency' in properties;
}

/** "amount is in minor units: 4500 EUR is 45.00 EUR". */
function moneyExpected({ properties }: JsonObject, value: unknown): Expected {
  const finest = isObject(properties) && 'scale' in properties ? 6 : 0;
  const meant = moneyMeant(value, finest);
  const shown = meant ?? { amount: 4_500, currency: 'EUR' };
  return {
    words: `an amount of money is {amount, currency}, the amount in minor units: ${JSON.stringify(shown)} is ${formatMoney(shown)}`,
    ...(meant === undefined ? {} : { example: { ...meant } }),
  };
}

function moneyMeant(value: unknown, finest: number) {
  if (typeof value === 'string') return amountsIn(value.slice(0, 64), finest)[0]?.value;
  if (typeof value !== 'object' || value === null || !('amount' in value)) return undefined;
  const { amount } = value;
  const currency = 'currency' in value ? String(value.currency).toUpperCase() : '';
  if (!/^[A-Z]{3}$/.test(currency)) return undefined;
  // A fraction, or a text, says the amount as people write it; a whole number is taken for what it should be.
  if (typeof amount === 'number' && Number.isSafeInteger(amount)) return { amount, currency };
  const decimals = typeof amount === 'number' ? amount.toFixed(digitsOf(currency)) : String(amount).slice(0, 32);
  return amountsIn(`${decimals} ${currency}`, finest)[0]?.value;
}
