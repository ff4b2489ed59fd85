/** A CRM that is called by operations somebody else named: which one reads, changes, makes and finds a record of each type of ours,
 * read from the mapping document. `O` is what an operation is, `P` what a place in its request is. */
import { isObject, type Json, type JsonObject } from '../../../protocol/base/json.ts';
import { err, ok, type Result } from '../../../protocol/base/result.ts';
import { MONEY_FORMS, type MoneyForm } from '../codec.ts';
import type { AdapterErrorCode, Capability } from '../index.ts';
import { type MappedType, type Mapping, parseMapping } from '../mapping.ts';
import { POINTER } from '../pointer.ts';
import type { Recipe } from '../recipe.ts';

export interface Bound<O, P> {
  readonly operation: O;
  readonly id: P | undefined;
  readonly key: P | undefined;
  /** Where the version goes that the write depends on. */
  readonly guard: P | undefined;
  /** Where the fields go. */
  readonly values: string;
  /** What is always sent. */
  readonly fixed: readonly (readonly [place: P, value: string | number | boolean])[];
  /** Whether an answer says that it is the first one again. */
  readonly tellsRepeats: boolean;
  /** Where a find’s answer has the id and, where it has that, the version the write left. */
  readonly found: { readonly id: string; readonly version: string | undefined };
  /** Whether a write answers with the record. */
  readonly isAnswered: boolean;
}

export type What = 'read' | 'update' | 'create' | 'find';

export interface Resource<B> {
  readonly type: MappedType;
  /** In the record. */
  readonly id: string;
  /** In the record or the answer’s headers; undefined where there is none: then it is a digest of what the mapping reads. */
  readonly version: { readonly in: 'record' | 'header'; readonly name: string } | undefined;
  readonly versions: 'counter' | 'timestamp' | 'opaque';
  readonly read: B;
  readonly update: B | undefined;
  readonly create: B | undefined;
  readonly find: B | undefined;
}

export interface Resources<B> {
  readonly mapping: Mapping;
  readonly byType: ReadonlyMap<string, Resource<B>>;
  readonly money: MoneyForm;
  readonly idempotency: Capability['idempotency'];
  readonly settlesWithinMs: number | undefined;
}

const GUARANTEES = ['key', 'external_id', 'lookup', 'none'] as const;
const VERSIONS = ['counter', 'timestamp', 'opaque'] as const;

export interface Binder<B> {
  /** Tells of every mistake; undefined when there is no such operation. */
  bind(what: What, document: Json, type: MappedType, idAt: string, tell: (text: string) => void): B | undefined;
  /** The header in an expression for one, where answers have headers. */
  header(expression: string): string | undefined;
}

/** Of the document without what only the caller knows. */
export function parseResources<B extends Bound<unknown, unknown>>(
  document: JsonObject,
  binder: Binder<B>,
): Result<Resources<B>, readonly string[]> {
  const read = parseMapping(document, POINTER);
  if (!read.ok) return read;
  const problems: string[] = [];
  const { money: form = 'minor', idempotency: claimed, settles_within_ms: settles, ...unknown } = read.value.more;
  const money = MONEY_FORMS.find((each) => each === form);
  if (money === undefined) problems.push(`/money must be one of ${MONEY_FORMS.join(', ')}`);
  const idempotency = GUARANTEES.find((each) => each === claimed);
  if (idempotency === undefined) problems.push(`/idempotency must be one of ${GUARANTEES.join(', ')}`);
  const settlesWithinMs = typeof settles === 'number' ? settles : undefined;
  if (settles !== undefined && !(idempotency === 'lookup' && isSettling(settles)))
    problems.push('/settles_within_ms is for lookup: milliseconds, up to an hour');
  problems.push(...Object.keys(unknown).map((name) => `/${name} is not known`));
  const byType = new Map<string, Resource<B>>();
  for (const [name, type] of read.value.types) {
    const resource = resourceOf(type, binder, problems);
    if (resource !== undefined) byType.set(name, resource);
    if (resource !== undefined) problems.push(...unkept(resource, idempotency ?? 'none'));
  }
  if (problems.length > 0 || money === undefined || idempotency === undefined) return err(problems);
  return ok({ mapping: read.value, byType, money, idempotency, settlesWithinMs });
}

const SETTLES_MS_MAX = 3_600_000;
const isSettling = (value: Json): boolean =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= SETTLES_MS_MAX;

/** What an adapter may promise of these. */
export function guaranteesOf<B extends Bound<unknown, unknown>>(resources: Resources<B>) {
  const { idempotency, settlesWithinMs } = resources;
  const settles = settlesWithinMs === undefined ? {} : { settlesWithinMs };
  return { idempotency, conflict: conflictOf(resources), ...settles };
}

/** What is promised and cannot be kept. */
function unkept<B extends Bound<unknown, unknown>>(
  { type, update, create, find }: Resource<B>,
  idempotency: Capability['idempotency'],
): string[] {
  const at = `/types/${type.type}`;
  // Nobody can see whether something new was made, except by its key.
  const needs = { update: idempotency !== 'none', create: true };
  const writes = [['update', update, needs.update] as const, ['create', create, needs.create] as const].flatMap(
    ([what, bound, isNeeded]) => (bound !== undefined && isNeeded ? [[what, bound] as const] : []),
  );
  return [
    ...writes.flatMap(([what, { key }]) => (key === undefined ? [`${at}/${what} has no key to be found by`] : [])),
    ...(writes.length > 0 && find === undefined ? [`${at} has no find`] : []),
  ];
}

function resourceOf<B>(type: MappedType, binder: Binder<B>, problems: string[]): Resource<B> | undefined {
  const at = `/types/${type.type}`;
  const { id = '/id', version, versions: order = 'opaque', read, update, create, find, ...unknown } = type.more;
  problems.push(...Object.keys(unknown).map((name) => `${at}/${name} is not known`));
  for (const { name, field } of type.fields.values())
    if (field === '') problems.push(`${at}/fields/${name} is the whole record`);
  if (typeof id !== 'string' || !POINTER.test(id) || id === '') problems.push(`${at}/id is not a JSON Pointer`);
  const versions = VERSIONS.find((each) => each === order);
  if (versions === undefined) problems.push(`${at}/versions must be one of ${VERSIONS.join(', ')}`);
  const place = versionPlace(version, binder);
  if (version !== undefined && place === undefined)
    problems.push(`${at}/version is no place in the record or a header`);
  const bind = (what: What, given: Json | undefined) =>
    given === undefined
      ? undefined
      : binder.bind(what, given, type, String(id), (text) => void problems.push(`${at}/${what}${text}`));
  const bound = { read: bind('read', read), update: bind('update', update), create: bind('create', create) };
  const finding = bind('find', find);
  if (read === undefined) problems.push(`${at} has no read`);
  if (bound.read === undefined) return undefined;
  return {
    type,
    id: String(id),
    version: place,
    versions: versions ?? 'opaque',
    ...bound,
    read: bound.read,
    find: finding,
  };
}

function versionPlace<B>(version: Json | undefined, { header }: Binder<B>): Resource<B>['version'] {
  if (typeof version !== 'string' || version === '') return undefined;
  if (POINTER.test(version)) return { in: 'record', name: version };
  const name = header(version);
  return name === undefined ? undefined : { in: 'header', name };
}

/** Reads one operation’s part of the document. `place` reads where something goes. */
export function parseBound<O, P>(
  document: JsonObject,
  standardId: string,
  place: (member: string, expression: Json) => P | undefined,
  tell: (text: string) => void,
): Omit<Bound<O, P>, 'operation' | 'values' | 'tellsRepeats'> {
  const { id, key, guard, with: constants = {}, found, answers } = document;
  const maybe = (member: string, given: Json | undefined) => (given === undefined ? undefined : place(member, given));
  const fixed = Object.entries(isObject(constants) ? constants : {}).flatMap(([expression, value]) => {
    const read = place(`with/${expression}`, expression);
    if (typeof value === 'object') tell(`/with/${expression} is no text, number or flag`);
    return read === undefined || typeof value === 'object' ? [] : [[read, value] as const];
  });
  if (answers !== undefined && answers !== 'record' && answers !== 'nothing')
    tell('/answers must be record or nothing');
  return {
    id: maybe('id', id),
    key: maybe('key', key),
    guard: maybe('guard', guard),
    fixed,
    found: foundAt(found, standardId, tell),
    isAnswered: answers !== 'nothing',
  };
}

function foundAt(
  found: Json | undefined,
  standard: string,
  tell: (text: string) => void,
): Bound<never, never>['found'] {
  const { id = standard, version, ...unknown } = isObject(found) ? found : {};
  const isPointer = (value: Json | undefined): value is string => typeof value === 'string' && POINTER.test(value);
  if (!isPointer(id) || (version !== undefined && !isPointer(version)) || Object.keys(unknown).length > 0)
    tell('/found must have id, and perhaps version, as JSON Pointers into the answer');
  return { id: String(id), version: isPointer(version) ? version : undefined };
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

/** What a refusal means. */
export function meaningOf(value: Json | undefined): AdapterErrorCode | undefined {
  return MEANINGS.find((each) => each === value);
}

/** A change is guarded where every operation that changes carries the version it was planned on. */
function conflictOf<B extends Bound<unknown, unknown>>({ byType }: Resources<B>): Capability['conflict'] {
  const updates = [...byType.values()].flatMap(({ update }) => (update === undefined ? [] : [update]));
  return updates.every(({ guard }) => guard !== undefined) ? 'etag' : 'none';
}

/** What a recipe writes and the mapping has no operation for. `more`: what of the fields an operation does not take. */
export function lacking<B extends Bound<unknown, unknown>>(
  { byType }: Resources<B>,
  { records, steps }: Recipe,
  more: (bound: B, type: MappedType, fields: readonly string[]) => readonly string[] = () => [],
): string[] {
  const typeOf = new Map(records.map(({ name, type }) => [name, type]));
  return steps.flatMap(({ update, create }) => {
    const type = create?.type ?? typeOf.get(update?.record ?? '') ?? '';
    const resource = byType.get(type);
    const bound = update === undefined ? resource?.create : resource?.update;
    if (resource === undefined || bound === undefined)
      return [`${type} has no ${update === undefined ? 'create' : 'update'}`];
    const fields = update ?? create;
    const correctable = [...resource.type.fields.values()].filter((each) => each.correctable).map(({ name }) => name);
    return more(bound, resource.type, [
      ...(fields?.set.keys() ?? []),
      ...(fields?.corrections === undefined ? [] : correctable),
    ]);
  });
}
