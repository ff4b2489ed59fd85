import type { Db } from './db.ts';
import { type Fields, SfError } from './errors.ts';
import { fullId } from './ids.ts';
import { type Field, fieldNamed, OBJECTS, type ObjectType } from './schema.ts';

/** What of a body would be stored, with every rule of the org applied; throws the refusal Salesforce would give. */
export function cleaned(db: Db, type: ObjectType, body: Fields, kind: 'create' | 'update'): Fields {
  const clean: Record<string, unknown> = {};
  const locked: string[] = [];
  for (const [name, value] of Object.entries(body)) {
    if (name === 'attributes') continue;
    const field = fieldNamed(type, name);
    if (field === undefined)
      throw new SfError(400, 'INVALID_FIELD', `No such column '${name}' on sobject of type ${type.name}`);
    if (!(kind === 'create' ? field.createable : field.updateable)) locked.push(field.name);
    else clean[field.name] = stored(db, field, value);
  }
  if (locked.length > 0)
    throw new SfError(
      400,
      'INVALID_FIELD_FOR_INSERT_UPDATE',
      `Unable to create/update fields: ${locked.join(', ')}. Please check the security settings of this field and verify that it is read/write for your profile or permission set.`,
      locked,
    );
  return clean;
}

/** What must hold of the whole record. */
export function checked(type: ObjectType, record: Fields, before: Fields | undefined): void {
  const missing = [...type.fields.values()]
    .filter(({ createable, nillable, name }) => createable && !nillable && (record[name] ?? null) === null)
    .map(({ name }) => name);
  if (missing.length > 0)
    throw new SfError(400, 'REQUIRED_FIELD_MISSING', `Required fields are missing: [${missing.join(', ')}]`, missing);
  if (type.name !== 'Contract') return;
  if (before?.['Status'] === 'Activated' && record['Status'] === 'Draft')
    throw new SfError(400, 'FIELD_INTEGRITY_EXCEPTION', 'An activated contract cannot become a draft again.', [
      'Status',
    ]);
  const { StartDate: start, EndDate: end } = record;
  if (typeof start === 'string' && typeof end === 'string' && start > end)
    throw new SfError(400, 'FIELD_CUSTOM_VALIDATION_EXCEPTION', 'The end is before the start.', ['EndDate']);
}

function stored(db: Db, field: Field, value: unknown): unknown {
  // An empty text is no value, and the white space around one is not kept.
  const given = typeof value === 'string' && field.type !== 'textarea' ? value.trim() : value;
  if (given === null || given === '') {
    if (field.type === 'boolean') throw unreadable(field, value);
    return null;
  }
  switch (field.type) {
    case 'boolean':
      if (typeof given !== 'boolean') throw unreadable(field, value);
      return given;
    case 'int':
    case 'double':
    case 'currency':
      return numberOf(field, given);
    case 'date':
      if (typeof given !== 'string' || !isDay(given)) throw unreadable(field, value);
      return given;
    case 'reference':
      return referenceOf(db, field, given);
    default:
      return textOf(field, given);
  }
}

function numberOf(field: Field, value: unknown): number {
  const number = typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || (field.type === 'int' && !Number.isInteger(number))) throw unreadable(field, value);
  if (Math.abs(number) >= 1e15)
    throw new SfError(400, 'NUMBER_OUTSIDE_VALID_RANGE', `${field.name}: value outside of valid range`, [field.name]);
  return Number(number.toFixed(field.scale));
}

function textOf(field: Field, value: unknown): string {
  if (typeof value !== 'string') throw unreadable(field, value);
  if (value.length > field.length)
    throw new SfError(
      400,
      'STRING_TOO_LONG',
      `${field.label}: data value too large: ${value.slice(0, 40)} (max length=${field.length})`,
      [field.name],
    );
  if (field.type === 'email' && !/^[^\s@<>()[\]\\,;:"]+@[^\s@]+\.[^\s@.]+$/.test(value))
    throw new SfError(400, 'INVALID_EMAIL_ADDRESS', `${field.label}: invalid email address: ${value}`, [field.name]);
  if (field.type === 'picklist' && !field.picklist.includes(value))
    throw new SfError(
      400,
      'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST',
      `${field.label}: bad value for restricted picklist field: ${value}`,
      [field.name],
    );
  return value;
}

function referenceOf(db: Db, field: Field, value: unknown): string {
  const id = typeof value === 'string' ? fullId(value) : undefined;
  if (id === undefined)
    throw new SfError(
      400,
      'MALFORMED_ID',
      `${field.label}: id value of incorrect type: ${String(value).slice(0, 40)}`,
      [field.name],
    );
  const target = [...OBJECTS.values()].find(({ prefix }) => id.startsWith(prefix));
  if (target === undefined || field.referenceTo === undefined) return id;
  if (target.name !== field.referenceTo || db.get(target.name, id) === undefined)
    throw new SfError(400, 'INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id', [field.name]);
  return id;
}

export function isDay(text: string): boolean {
  return (
    /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) && new Date(text).toISOString().startsWith(text)
  );
}

function unreadable(field: Field, value: unknown): SfError {
  const shape = typeof value === 'string' ? 'VALUE_STRING' : `VALUE_${typeof value}`.toUpperCase();
  return new SfError(400, 'JSON_PARSER_ERROR', `Cannot deserialize instance of ${field.type} from ${shape} value`, [
    field.name,
  ]);
}
