/** Which name of ours is which property or association of HubSpot: a document, because every portal is different. */
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { AdapterError } from '../sdk/index.ts';
import { extendMapping, type MappedField, type MappedType, type Mapping, parseMapping } from '../sdk/mapping.ts';
import contracts from './contracts-mapping.json' with { type: 'json' };
import standard from './mapping.json' with { type: 'json' };

export interface Portal {
  readonly mapping: Mapping;
  /** The property, unique in every object that is written, which keeps the key of the step that wrote last. */
  readonly marker: string;
}

/** Names become parts of paths and queries: nothing but an internal name is taken. */
const INTERNAL_NAME = /^[a-z][a-z0-9_]{0,99}$/;

/** `own` is the company's document, over the standard one. */
export function readPortal(own: JsonObject, contractsApi: boolean): Result<Portal, readonly string[]> {
  const document = extendMapping(contractsApi ? extendMapping(standard, contracts) : standard, own);
  const { marker } = document;
  if (typeof marker !== 'string' || !INTERNAL_NAME.test(marker)) return err(['/marker is not a name of HubSpot’s']);
  const read = parseMapping(document, INTERNAL_NAME, { keepsEmpty: false });
  if (!read.ok) return read;
  const problems = [...read.value.types.values()].flatMap(strange);
  return problems.length > 0 ? err(problems) : ok({ mapping: read.value, marker });
}

function strange({ type, fields, more }: MappedType): string[] {
  const { links = {}, type_id } = more;
  const problems = isObject(links)
    ? Object.entries(links).flatMap(([object, id]) =>
        INTERNAL_NAME.test(object) && (id === null || (Number.isSafeInteger(id) && Number(id) > 0))
          ? []
          : [`/types/${type}/links/${object} is not an association type id, or null`],
      )
    : [`/types/${type}/links must be an object`];
  if (type_id !== undefined && !/^\d{1,9}-\d{1,12}$/.test(String(type_id)))
    problems.push(`/types/${type}/type_id is not an object type id`);
  for (const { name, kind, currency } of fields.values())
    if (kind === 'money' && currency === undefined) problems.push(`/types/${type}/fields/${name} has no currency`);
  return problems;
}

export function typeNamed({ mapping }: Portal, type: string): MappedType {
  const found = mapping.types.get(type);
  if (found === undefined) throw new AdapterError('unsupported', 'HubSpot has no such type here.');
  return found;
}

/** HubSpot's number of the association from this type's object to another; null for one that is only read. */
export function linkOf({ more }: MappedType, object: string | undefined): number | null | undefined {
  const links = isObject(more['links']) ? more['links'] : {};
  const id: Json | undefined = object === undefined ? undefined : links[object];
  return typeof id === 'number' || id === null ? id : undefined;
}

export const isLink = (type: MappedType, { kind, field }: MappedField): boolean =>
  kind === 'id' && linkOf(type, field) !== undefined;

/** The objects whose associations are read with a record of this type. */
export function linkedObjects(type: MappedType): string[] {
  const named = [...type.fields.values()].filter((field) => isLink(type, field)).map(({ field }) => field);
  const account = linkOf(type, type.account) === undefined ? [] : [type.account ?? ''];
  return [...new Set([...account, ...named])];
}

/** The properties that hold the values of this type. */
export function propertiesOf(type: MappedType): string[] {
  const named = [...type.fields.values()].flatMap((field) => (isLink(type, field) ? [] : heldIn(field)));
  const account = type.account === undefined || linkOf(type, type.account) !== undefined ? [] : [type.account];
  return [...new Set([...account, ...named])];
}

/** The properties that hold one value. */
export function heldIn({ field, currency }: MappedField): string[] {
  return currency === undefined ? [field] : [field, currency];
}

/** Whether records of this type change through the contracts API, and through nothing else. */
export const isChangedByContract = ({ more }: MappedType): boolean => more['changed_by_contract'] === true;
