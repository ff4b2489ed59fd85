/** Values of ours as HubSpot's properties, which are all text, and back. An empty text clears a property. */
import type { Json, JsonObject } from '../../protocol/json.ts';
import { toDecimal } from '../../protocol/money.ts';
import { AdapterError } from '../sdk/index.ts';
import type { MappedField, MappedType } from '../sdk/mapping.ts';
import { isDay, isMoney, isWhole } from '../sdk/values.ts';
import { isLink, linkedObjects } from './mapping.ts';

export type Properties = Readonly<Record<string, string>>;

/** A record's ids at the other end of its associations, by the other object. */
export type Links = ReadonlyMap<string, readonly string[]>;

export function toProperties(type: MappedType, values: JsonObject): Properties {
  const all = Object.entries(values).map(([name, value]) => toProperty(type, fieldNamed(type, name), value));
  return Object.assign({}, ...all);
}

function toProperty(type: MappedType, mapped: MappedField, value: Json): Properties {
  const { field, kind, currency = '', values, label } = mapped;
  if (isLink(type, mapped)) return {};
  if (kind === 'money') {
    if (value === null) return { [currency]: '', [field]: '' };
    if (!isMoney(value)) throw new AdapterError('bug', `${label} is not an amount.`);
    return { [currency]: value.currency, [field]: inMinorUnits(type) ? String(value.amount) : toDecimal(value) };
  }
  if (value === null) return { [field]: '' };
  if (kind === 'choice') {
    const word = typeof value === 'string' ? values.get(value) : undefined;
    if (word === undefined) throw new AdapterError('unsupported', `${label} has no such value in HubSpot.`);
    return { [field]: word };
  }
  return { [field]: kind === 'json' ? JSON.stringify(value) : String(value) };
}

/** What a record says, in our words; null for what has no value, or none that we can read. */
export function toValues(type: MappedType, properties: JsonObject, links: Links): JsonObject {
  const named = [...type.fields.values()].map(
    (field) => [field.name, toValue(type, field, properties, links)] as const,
  );
  return Object.fromEntries(named);
}

function toValue(type: MappedType, mapped: MappedField, properties: JsonObject, links: Links): Json {
  const { field, kind, currency = '', values } = mapped;
  if (isLink(type, mapped)) return onlyOne(links.get(field) ?? []);
  const held = properties[field];
  if (typeof held !== 'string' || held === '') return null;
  switch (kind) {
    case 'money':
      return moneyOf(held, properties[currency], inMinorUnits(type));
    case 'whole':
      return wholeOf(held);
    case 'day':
      return isDay(held) ? held : null;
    case 'flag':
      return held === 'true' ? true : held === 'false' ? false : null;
    case 'choice':
      return [...values].find(([, word]) => word === held)?.[0] ?? held;
    case 'json':
      return parsed(held);
    default:
      return held;
  }
}

/** The account a record belongs to: `''`, which nobody's mandate names, where there is not exactly one. */
export function accountOf(type: MappedType, id: string, properties: JsonObject, links: Links): string {
  const { account } = type;
  if (account === undefined) return type.type === 'account' ? id : '';
  if (linkedObjects(type).includes(account)) return onlyOne(links.get(account) ?? []) ?? '';
  const held = properties[account];
  return typeof held === 'string' ? held : '';
}

const onlyOne = (ids: readonly string[]): string | null => (ids.length === 1 ? (ids[0] ?? null) : null);

const inMinorUnits = ({ more }: MappedType): boolean => more['minor_units'] === true;

function moneyOf(held: string, currency: Json | undefined, isMinor: boolean): Json {
  if (typeof currency !== 'string' || !/^[A-Z]{3}$/.test(currency)) return null;
  const amount = isMinor ? wholeOf(held) : minorUnits(held, currency);
  return amount === null ? null : { amount, currency };
}

/** Exact or not at all: an amount finer than its currency's smallest unit has no integer of minor units. */
function minorUnits(decimal: string, currency: string): number | null {
  const found = /^(-?\d+)(?:\.(\d+))?$/.exec(decimal);
  if (found === null) return null;
  const [, units = '', fraction = ''] = found;
  const digits = toDecimal({ amount: 0, currency }).split('.')[1]?.length ?? 0;
  if (/[1-9]/.test(fraction.slice(digits))) return null;
  const amount = Number(`${units}${fraction.slice(0, digits).padEnd(digits, '0')}`);
  return isWhole(amount) ? amount + 0 : null;
}

function wholeOf(held: string): number | null {
  const number = /^-?\d+(?:\.0+)?$/.test(held) ? Number(held) + 0 : Number.NaN;
  return isWhole(number) ? number : null;
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function fieldNamed({ fields, type }: MappedType, name: string): MappedField {
  const mapped = fields.get(name);
  if (mapped === undefined) throw new AdapterError('unsupported', `The field mapping of ${type} has no ${name}.`);
  return mapped;
}
