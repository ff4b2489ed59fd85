/** Values of ours as the org's fields hold them, and back. */
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import { fromDecimal, toDecimal } from '../../protocol/base/money.ts';
import { finestOf } from '../sdk/codec.ts';
import { AdapterError } from '../sdk/index.ts';
import type { MappedField, MappedType } from '../sdk/mapping.ts';
import { unreadable } from '../sdk/unreadable.ts';
import { isMoney, isWhole } from '../sdk/values.ts';
import type { Org } from './org.ts';

const RECORD_ID = /^[a-zA-Z0-9]{15}([a-zA-Z0-9]{3})?$/;

export function isRecordId(value: unknown): value is string {
  return typeof value === 'string' && RECORD_ID.test(value);
}

/** The org's fields that hold the type's values. */
export function fieldsOf({ fields }: MappedType): string[] {
  const names = [...fields.values()].flatMap(({ field, currency }) =>
    currency === undefined ? [field] : [field, currency],
  );
  return [...new Set(names)];
}

/** Several values of a type as the org's fields. */
export function toOrg(org: Org, { fields, type }: MappedType, values: JsonObject): JsonObject {
  const all = Object.entries(values).map(([name, value]) => {
    const mapped = fields.get(name);
    if (mapped === undefined) throw new AdapterError('unsupported', `The field mapping of ${type} has no ${name}.`);
    return held(org, mapped, value);
  });
  return Object.assign({}, ...all);
}

function held(org: Org, { name, label, field, kind, currency, values }: MappedField, value: Json): JsonObject {
  if (value === null) return { [field]: null };
  const invalid = (message: string) =>
    new AdapterError('invalid', 'It cannot be written as asked.', { fields: [{ path: name, message }] });
  if (kind === 'money') {
    if (!isMoney(value)) throw new AdapterError('bug', `${label} is not an amount.`);
    const amount = Number(toDecimal(value));
    if (currency !== undefined) return { [field]: amount, [currency]: value.currency };
    if (value.currency !== org.currency) throw invalid(`is kept in ${String(org.currency)} only`);
    return { [field]: amount };
  }
  if (kind === 'id' && !isRecordId(value)) throw invalid('is not an identifier of this CRM');
  // A word that nobody mapped is the org's own, put back as it was.
  return { [field]: kind === 'choice' ? (values.get(String(value)) ?? value) : value };
}

/** What the org holds, in our words; null for what has none. A choice we have no word for stays the org's own. */
export function fromOrg(org: Org, mapped: MappedField, record: JsonObject): Json {
  const { field, label, kind, currency, values } = mapped;
  const value = record[field] ?? null;
  switch (kind) {
    case 'money':
      return moneyOf(mapped, value, currency === undefined ? org.currency : record[currency]);
    case 'whole':
      return value === null || isWhole(value)
        ? value
        : unreadable({ held: value, why: `${label} in the CRM is not a whole number.` });
    case 'flag':
      return value === true;
    case 'choice':
      return [...values].find(([, word]) => word === value)?.[0] ?? value;
    default:
      // Salesforce breaks lines as Windows does.
      return typeof value === 'string' ? value.replaceAll('\r\n', '\n') : null;
  }
}

/** Exact or not at all: a price that cannot be told must never look like none. */
function moneyOf({ name, label }: MappedField, value: Json, currency: Json | undefined): Json {
  if (value === null) return null;
  const money = typeof value === 'number' ? fromDecimal(String(value), String(currency), finestOf(name)) : undefined;
  if (money !== undefined && isMoney({ ...money })) return { ...money };
  return unreadable({ held: value, why: `${label} in the CRM is not an amount of money that can be told exactly.` });
}
