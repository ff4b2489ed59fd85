/** Which name of ours is which field of the CRM: a document, because every company's CRM is different. Read once, all mistakes told. */
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';

/** `text` is one line, `long` may have several, `json` is any JSON, `id` names another record. */
export const FIELD_KINDS = ['text', 'long', 'whole', 'day', 'flag', 'money', 'choice', 'id', 'json'] as const;
export type FieldKind = (typeof FIELD_KINDS)[number];

export interface MappedField {
  /** Our name. */
  readonly name: string;
  /** The CRM's name. */
  readonly field: string;
  /** Shown to people. */
  readonly label: string;
  readonly kind: FieldKind;
  /** The most a text may have in the CRM: checked when planning, so that nobody signs off what it will refuse. */
  readonly charsMax: number;
  /** For money that the CRM keeps in two fields: the one with the ISO 4217 code. */
  readonly currency: string | undefined;
  /** For a choice: the CRM's word for each of ours. */
  readonly values: ReadonlyMap<string, string>;
  /** Whether a customer may ask for it to be corrected. */
  readonly correctable: boolean;
  /** Whether the correction may be that there is nothing. */
  readonly clearable: boolean;
  /** Whether the CRM tells an empty text from none; where it does not, an empty text is nothing. */
  readonly keepsEmpty: boolean;
}

export interface MappedType {
  /** Our name. */
  readonly type: string;
  /** The CRM's name of the object or collection. */
  readonly object: string;
  /** The field that names the account a record belongs to; undefined where the record is the account. */
  readonly account: string | undefined;
  /** For a record without an account of its own: the type of the record that names it in a field of kind `id`, and whose it is too. */
  readonly partOf: string | undefined;
  readonly fields: ReadonlyMap<string, MappedField>;
  /** What else the adapter wants to know of the type. */
  readonly more: JsonObject;
}

export interface Mapping {
  readonly types: ReadonlyMap<string, MappedType>;
  /** What else the adapter wants to know: its own members of the document. */
  readonly more: JsonObject;
}

const OUR_NAME = /^[a-z][a-z_]*(?:\.[a-z][a-z_]*)?$/;

/** What holds of every field of a CRM, where the document does not say otherwise of one (`"empty": "kept"` or `"nothing"`). */
export interface MappingDefaults {
  readonly keepsEmpty: boolean;
}

/** Reads a mapping document. `name`: what a name of the CRM looks like; names become parts of paths and queries, so nothing else is taken. */
export function parseMapping(
  document: Json,
  name: RegExp,
  { keepsEmpty }: MappingDefaults = { keepsEmpty: true },
): Result<Mapping, readonly string[]> {
  const problems: string[] = [];
  const { types = null, ...more } = isObject(document) ? document : {};
  const read = new Map<string, MappedType>();
  if (!isObject(types)) problems.push('/types must be an object');
  for (const [type, each] of Object.entries(isObject(types) ? types : {})) {
    if (!OUR_NAME.test(type)) problems.push(`/types/${type} is not a name of ours`);
    read.set(type, typeOf(type, isObject(each) ? each : {}, { name, keepsEmpty, problems }));
  }
  for (const { type, account, partOf } of read.values())
    if (partOf !== undefined && (account !== undefined || read.get(partOf)?.account === undefined))
      problems.push(`/types/${type}/part_of is not a type that has an account, or is not needed`);
  return problems.length > 0 ? err(problems) : ok({ types: read, more });
}

/** What an adapter with this mapping reads, for its manifest. */
export function fieldsRead({ types }: Mapping): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries([...types].map(([type, { fields }]) => [type, [...fields.keys()]]));
}

/** A company's own document over the standard one: types and fields it names replace or add, or go where it says null; the rest stays. */
export function extendMapping(standard: JsonObject, own: JsonObject): JsonObject {
  const merged: Record<string, Json> = { ...standard, ...own };
  const ownTypes = isObject(own['types']) ? own['types'] : {};
  const types: Record<string, Json> = isObject(standard['types']) ? { ...standard['types'] } : {};
  for (const [type, each] of Object.entries(ownTypes)) {
    const before = isObject(types[type]) ? types[type] : {};
    const now = isObject(each) ? each : {};
    const fields = {
      ...(isObject(before['fields']) ? before['fields'] : {}),
      ...(isObject(now['fields']) ? now['fields'] : {}),
    };
    types[type] = each === null ? null : { ...before, ...now, fields: present(fields) };
  }
  merged['types'] = present(types);
  return merged;
}

function present(members: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(members).filter(([, each]) => each !== null));
}

function typeOf(
  type: string,
  { object, account, part_of, fields, ...more }: JsonObject,
  { name, keepsEmpty, problems }: MappingDefaults & { readonly name: RegExp; readonly problems: string[] },
): MappedType {
  const at = `/types/${type}`;
  const isName = (value: Json | undefined): value is string => typeof value === 'string' && name.test(value);
  if (!isName(object)) problems.push(`${at}/object is not a name of the CRM’s`);
  if (account !== undefined && !isName(account)) problems.push(`${at}/account is not a name of the CRM’s`);
  if (part_of !== undefined && typeof part_of !== 'string') problems.push(`${at}/part_of is not a name of ours`);
  if (!isObject(fields)) problems.push(`${at}/fields must be an object`);
  const read = Object.entries(isObject(fields) ? fields : {}).flatMap(([ours, each]) => {
    if (!OUR_NAME.test(ours)) problems.push(`${at}/fields/${ours} is not a name of ours`);
    const field = fieldOf(ours, isObject(each) ? each : {}, { isName, keepsEmpty });
    if (field.ok) return [[ours, field.value] as const];
    problems.push(`${at}/fields/${ours} ${field.error}`);
    return [];
  });
  return {
    type,
    object: String(object),
    account: isName(account) ? account : undefined,
    partOf: typeof part_of === 'string' ? part_of : undefined,
    fields: new Map(read),
    more,
  };
}

function fieldOf(
  name: string,
  { field, label, kind: given, chars_max = null, currency, values = null, ...told }: JsonObject,
  { isName, keepsEmpty }: MappingDefaults & { readonly isName: (value: Json | undefined) => value is string },
): Result<MappedField, string> {
  const kind = FIELD_KINDS.find((each) => each === given);
  if (kind === undefined) return err(`has no kind: one of ${FIELD_KINDS.join(', ')}`);
  if (!isName(field)) return err('names no field of the CRM’s');
  if (typeof label !== 'string' || label === '') return err('has no label');
  if (currency !== undefined && !isName(currency)) return err('names no currency field of the CRM’s');
  const isText = kind === 'text' || kind === 'long';
  if (isText && !(typeof chars_max === 'number' && chars_max > 0)) return err('has no chars_max');
  const words = Object.entries(isObject(values) ? values : {});
  if (kind === 'choice' && words.length === 0) return err('has no values');
  const { correctable, clearable, empty } = told;
  if (empty !== undefined && empty !== 'kept' && empty !== 'nothing')
    return err('has an empty that is neither kept nor nothing');
  return ok({
    name,
    field,
    label,
    kind,
    charsMax: typeof chars_max === 'number' ? chars_max : 0,
    currency: isName(currency) ? currency : undefined,
    values: new Map(words.map(([ours, theirs]) => [ours, String(theirs)])),
    correctable: correctable === true,
    clearable: clearable === true,
    keepsEmpty: isText && (empty === undefined ? keepsEmpty : empty === 'kept'),
  });
}
