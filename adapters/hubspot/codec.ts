/** Values of ours as HubSpot's properties, which are all text, and back. An empty text clears a property. */
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import { decode, encode, type MoneyForm } from '../sdk/codec.ts';
import { AdapterError } from '../sdk/index.ts';
import type { MappedField, MappedType } from '../sdk/mapping.ts';
import { unreadable } from '../sdk/unreadable.ts';
import { isWhole } from '../sdk/values.ts';
import { isLink, linkedObjects } from './mapping.ts';

export type Properties = Readonly<Record<string, string>>;

/** A record's ids at the other end of its associations, by the other object. */
export type Links = ReadonlyMap<string, readonly string[]>;

const formOf = ({ more }: MappedType): MoneyForm => (more['minor_units'] === true ? 'minor' : 'decimal');

export function toProperties(type: MappedType, values: JsonObject): Properties {
  const all = Object.entries(values).map(([name, value]) => toProperty(type, fieldNamed(type, name), value));
  return Object.assign({}, ...all);
}

function toProperty(type: MappedType, mapped: MappedField, value: Json): Properties {
  if (isLink(type, mapped)) return {};
  const { value: held, currency } = encode(mapped, value, formOf(type));
  const text = held === null ? '' : mapped.kind === 'json' ? JSON.stringify(held) : String(held);
  return { ...(mapped.currency === undefined ? {} : { [mapped.currency]: currency ?? '' }), [mapped.field]: text };
}

/** What a record says, in our words; null for what has no value. */
export function toValues(type: MappedType, properties: JsonObject, links: Links): JsonObject {
  const named = [...type.fields.values()].map((mapped): [string, Json] => {
    if (isLink(type, mapped)) return [mapped.name, linked(mapped, links.get(mapped.field) ?? [])];
    const { [mapped.field]: held = null, [mapped.currency ?? '']: currency = null } = properties;
    return [mapped.name, decode(mapped, untexted(mapped, formOf(type), held), currency, formOf(type))];
  });
  return Object.fromEntries(named);
}

/** A property's text as the kind of value it stands for; what it does not stand for is left as it is, for the SDK to judge. */
function untexted({ kind }: MappedField, form: MoneyForm, held: Json): Json {
  if (typeof held !== 'string' || held === '') return null;
  switch (kind) {
    case 'whole':
      return wholeOf(held) ?? held;
    case 'money':
      return form === 'minor' ? (wholeOf(held) ?? held) : held;
    case 'flag':
      return held === 'true' ? true : held === 'false' ? false : held;
    case 'json':
      return parsed(held);
    default:
      return held;
  }
}

/** Of several there is no one: whoever needs the one is told, and nobody takes the first for all. */
function linked({ label }: MappedField, ids: readonly string[]): Json {
  const why = `${label}: there are several, each with values of its own. A person looks after them.`;
  return ids.length > 1 ? unreadable({ held: ids.join(','), why }) : onlyOne(ids);
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
