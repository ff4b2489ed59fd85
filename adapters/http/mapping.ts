/** The mapping document against the OpenAPI document: which operation reads, changes, makes and finds a record, and where in its requests
 * and answers everything is. Places are written as OpenAPI's own runtime expressions: `$request.path.id`, `$response.header.etag`. */
import type { Json, JsonObject } from '../../protocol/json.ts';
import { err, ok, type Result } from '../../protocol/result.ts';
import { MONEY_FORMS, type MoneyForm } from '../sdk/codec.ts';
import type { AdapterErrorCode, Capability } from '../sdk/index.ts';
import { type MappedType, type Mapping, parseMapping } from '../sdk/mapping.ts';
import { POINTER } from '../sdk/pointer.ts';
import { isObject } from '../sdk/values.ts';
import { type Bound, bindOperation, type Place, placeOf } from './bind.ts';
import type { Api } from './openapi.ts';

export interface Resource {
  readonly type: MappedType;
  /** In the record. */
  readonly id: string;
  /** In the record or the answer’s headers; undefined where the API has none: then it is a digest of what the mapping reads. */
  readonly version: Place | { readonly in: 'record'; readonly name: string } | undefined;
  readonly versions: 'counter' | 'timestamp' | 'opaque';
  readonly read: Bound;
  readonly update: Bound | undefined;
  readonly create: Bound | undefined;
  readonly find: Bound | undefined;
}

export interface ErrorRule {
  readonly status: number;
  readonly at: string | undefined;
  readonly is: Json;
  readonly means: AdapterErrorCode;
}

export interface Resources {
  readonly mapping: Mapping;
  readonly byType: ReadonlyMap<string, Resource>;
  readonly money: MoneyForm;
  readonly errors: readonly ErrorRule[];
  readonly idempotency: Capability['idempotency'];
  readonly security: string | undefined;
}

const MEANINGS = [
  'conflict',
  'invalid',
  'not_found',
  'forbidden',
  'unauthorised',
  'rate_limited',
  'retryable',
] as const;
const GUARANTEES = ['key', 'external_id', 'lookup', 'none'] as const;
const VERSIONS = ['counter', 'timestamp', 'opaque'] as const;

export function parseResources(document: JsonObject, api: Api): Result<Resources, readonly string[]> {
  const read = parseMapping(document, POINTER);
  if (!read.ok) return read;
  const problems: string[] = [];
  const { money: form = 'minor', errors = [], idempotency: claimed, security, ...unknown } = read.value.more;
  const money = MONEY_FORMS.find((each) => each === form);
  if (money === undefined) problems.push(`/money must be one of ${MONEY_FORMS.join(', ')}`);
  const idempotency = GUARANTEES.find((each) => each === claimed);
  if (idempotency === undefined) problems.push(`/idempotency must be one of ${GUARANTEES.join(', ')}`);
  if (security !== undefined && !(typeof security === 'string' && Object.hasOwn(api.schemes, security)))
    problems.push('/security is not one of the document’s securitySchemes');
  problems.push(...Object.keys(unknown).map((name) => `/${name} is not known`));
  const byType = new Map<string, Resource>();
  for (const [name, type] of read.value.types) {
    const resource = resourceOf(type, api, problems);
    if (resource !== undefined) byType.set(name, resource);
  }
  for (const [name, { update, create, find }] of byType) {
    const at = `/types/${name}`;
    if (idempotency === undefined || idempotency === 'none') continue;
    for (const [what, bound] of Object.entries({ update, create, find }))
      if (bound !== undefined && bound.key === undefined)
        problems.push(`${at}/${what} has no key, and ${idempotency} needs one`);
    if ((update ?? create) !== undefined && find === undefined)
      problems.push(`${at} has no find, and ${idempotency} needs one`);
  }
  const rules = errorRules(errors, problems);
  if (problems.length > 0 || money === undefined || idempotency === undefined) return err(problems);
  return ok({
    mapping: read.value,
    byType,
    money,
    errors: rules,
    idempotency,
    security: typeof security === 'string' ? security : undefined,
  });
}

function resourceOf(type: MappedType, api: Api, problems: string[]): Resource | undefined {
  const at = `/types/${type.type}`;
  const { id = '/id', version, versions: order = 'opaque', read, update, create, find, ...unknown } = type.more;
  problems.push(...Object.keys(unknown).map((name) => `${at}/${name} is not known`));
  for (const { name, field } of type.fields.values())
    if (field === '') problems.push(`${at}/fields/${name} is the whole record`);
  if (typeof id !== 'string' || !POINTER.test(id) || id === '') problems.push(`${at}/id is not a JSON Pointer`);
  const versions = VERSIONS.find((each) => each === order);
  if (versions === undefined) problems.push(`${at}/versions must be one of ${VERSIONS.join(', ')}`);
  const place = version === undefined ? undefined : versionPlace(version);
  if (version !== undefined && place === undefined)
    problems.push(`${at}/version is neither a JSON Pointer into the record nor $response.header.NAME`);
  const bind = (what: 'read' | 'update' | 'create' | 'find', document: Json | undefined) =>
    document === undefined ? undefined : bindOperation(what, document, type, String(id), api, problems);
  const bound = bind('read', read);
  if (read === undefined) problems.push(`${at} has no read`);
  const [updating, creating, finding] = [bind('update', update), bind('create', create), bind('find', find)];
  if (bound === undefined) return undefined;
  return {
    type,
    id: String(id),
    version: place,
    versions: versions ?? 'opaque',
    read: bound,
    update: updating,
    create: creating,
    find: finding,
  };
}

function versionPlace(version: Json): Resource['version'] {
  if (typeof version !== 'string') return undefined;
  if (POINTER.test(version) && version !== '') return { in: 'record', name: version };
  const place = placeOf(version, 'response');
  return place?.in === 'header' ? place : undefined;
}

function errorRules(errors: Json, problems: string[]): ErrorRule[] {
  if (!Array.isArray(errors)) problems.push('/errors must be a list');
  const list: readonly Json[] = Array.isArray(errors) ? errors : [];
  return list.flatMap((each: Json, index) => {
    const { status, at, is = null, means, ...unknown } = isObject(each) ? each : {};
    const meaning = MEANINGS.find((known) => known === means);
    const isFine =
      typeof status === 'number' &&
      status >= 400 &&
      status <= 599 &&
      (at === undefined || (typeof at === 'string' && POINTER.test(at))) &&
      Object.keys(unknown).length === 0;
    if (isFine && meaning !== undefined)
      return [{ status, at: typeof at === 'string' ? at : undefined, is, means: meaning }];
    problems.push(
      `/errors/${index} must have a status of 4xx or 5xx, perhaps at and is, and means: ${MEANINGS.join(', ')}`,
    );
    return [];
  });
}
