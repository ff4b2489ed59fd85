/** How an org names what Parley writes: the standard mapping (mapping.json), a company's own over it, and what only Salesforce asks for. */
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { AdapterError } from '../sdk/index.ts';
import { extendMapping, type MappedType, type Mapping, parseMapping } from '../sdk/mapping.ts';
import standard from './mapping.json' with { type: 'json' };

/** Names become parts of paths and queries: nothing but an API name is taken. */
const API_NAME = /^[A-Za-z][A-Za-z0-9_]{0,79}$/;

export interface Org {
  readonly mapping: Mapping;
  /** `v68.0`. */
  readonly version: string;
  /** The field of every type that is written, unique in the org, which holds the key of the action that wrote last. */
  readonly marker: string;
  /** ISO 4217: what every amount is in, where the org has one currency and so no field for it. */
  readonly currency: string | undefined;
}

export const STANDARD: JsonObject = standard;

/** All mistakes at once, each with a JSON Pointer. */
export function readOrg(own: JsonObject): Result<Org, readonly string[]> {
  const read = parseMapping(extendMapping(STANDARD, own), API_NAME, { keepsEmpty: false });
  if (!read.ok) return read;
  const { more, types } = read.value;
  const { version, marker, currency } = more;
  const problems: string[] = [];
  if (typeof version !== 'string' || !/^v\d{2,3}\.0$/.test(version)) problems.push('/version must be like v68.0');
  if (!isApiName(marker)) problems.push('/marker must be the name of a field');
  if (currency !== undefined && !/^[A-Z]{3}$/.test(String(currency))) problems.push('/currency must be like EUR');
  for (const type of types.values()) problems.push(...strange(type, currency !== undefined));
  if (problems.length > 0) return err(problems);
  return ok({
    mapping: read.value,
    version: String(version),
    marker: String(marker),
    currency: currency === undefined ? undefined : String(currency),
  });
}

function strange(type: MappedType, hasCurrency: boolean): string[] {
  const at = `/types/${type.type}`;
  const fields = [...type.fields.values()].flatMap(({ name, kind, currency }) => {
    if (kind === 'json') return [`${at}/fields/${name} is json, and Salesforce has no such fields`];
    if (kind !== 'money' || currency !== undefined || hasCurrency) return [];
    return [`${at}/fields/${name} has no currency field, and /currency says nothing for all`];
  });
  const { note, undone } = type.more;
  const hasNote = note === undefined || (isObject(note) && noteOf(type) !== undefined);
  const isKnown = isObject(undone ?? {}) && Object.keys(undone ?? {}).every((name) => type.fields.has(name));
  return [
    ...fields,
    ...(hasNote ? [] : [`${at}/note must name an object, its parent and its body field`]),
    ...(isKnown ? [] : [`${at}/undone names a field that the type does not have`]),
  ];
}

const isApiName = (value: Json | undefined): value is string => typeof value === 'string' && API_NAME.test(value);

/** The object a note beside a record is: a comment. Undefined where the type has none. */
export function noteOf({ more: { note } }: MappedType) {
  const { object, parent, body } = isObject(note) ? note : {};
  return isApiName(object) && isApiName(parent) && isApiName(body) ? { object, parent, body } : undefined;
}

/** What a record of the type, made by a step, is set to when the step is taken back: the record stays as the proof that it was made. */
export function undoneOf({ more: { undone } }: MappedType): JsonObject | undefined {
  return isObject(undone) ? undone : undefined;
}

export function typeNamed({ mapping }: Pick<Org, 'mapping'>, type: string): MappedType {
  const found = mapping.types.get(type);
  if (found === undefined) throw new AdapterError('unsupported', 'Salesforce has no such type here.');
  return found;
}
