/** One operation with everything the adapter puts into it and takes out of it. */
import type { Json, JsonObject } from '../../protocol/json.ts';
import type { FieldKind, MappedType } from '../sdk/mapping.ts';
import { POINTER } from '../sdk/pointer.ts';
import { isObject } from '../sdk/values.ts';
import type { Api, Operation } from './openapi.ts';

/** A part of a request or an answer: `name` is a parameter, a header, or a JSON Pointer into the body. */
export interface Place {
  readonly in: 'path' | 'query' | 'header' | 'body';
  readonly name: string;
}

export interface Bound {
  readonly operation: Operation;
  readonly id: Place | undefined;
  readonly key: Place | undefined;
  readonly guard: Place | undefined;
  /** Where in the body the fields go. */
  readonly values: string;
  /** What is always sent. */
  readonly fixed: readonly (readonly [place: Place, value: string | number | boolean])[];
  /** Where an answer says that it is the first one again. */
  readonly replayed: Place | undefined;
  /** Where a find’s answer has the id and, where it has that, the version the write left. */
  readonly found: { readonly id: string; readonly version: string | undefined };
  /** Whether a write answers with the record. */
  readonly isAnswered: boolean;
}

const REQUEST = /^\$request\.(?:(path|query|header)\.([A-Za-z0-9_.~!$&'*+-]{1,100})|body(?:#(.*))?)$/;
const RESPONSE = /^\$response\.(?:(header)\.([A-Za-z0-9_-]{1,100})|body(?:#(.*))?)$/;

/** An OpenAPI runtime expression. */
export function placeOf(expression: Json | undefined, of: 'request' | 'response'): Place | undefined {
  const found = (of === 'request' ? REQUEST : RESPONSE).exec(typeof expression === 'string' ? expression : '');
  if (found === null) return undefined;
  const [, kind, name, pointer = ''] = found;
  if (name !== undefined && (kind === 'path' || kind === 'query' || kind === 'header')) return { in: kind, name };
  return POINTER.test(pointer) ? { in: 'body', name: pointer } : undefined;
}

type What = 'read' | 'update' | 'create' | 'find';
const METHODS: Readonly<Record<What, readonly Operation['method'][]>> = {
  read: ['get'],
  find: ['get'],
  // A PUT would take away what the mapping does not name.
  update: ['patch', 'post'],
  create: ['post', 'put'],
};

export function bindOperation(
  what: What,
  document: Json,
  type: MappedType,
  idAt: string,
  api: Api,
  problems: string[],
): Bound | undefined {
  const at = `/types/${type.type}/${what}`;
  const given = isObject(document) ? document : {};
  const { operation: name, id, key, guard, values, with: constants = {}, replayed, found, answers, ...unknown } = given;
  const tell = (text: string) => void problems.push(`${at}${text}`);
  for (const each of Object.keys(unknown)) tell(`/${each} is not known`);
  const operation = typeof name === 'string' ? api.operations.get(name) : undefined;
  if (operation === undefined) {
    tell('/operation is not one of the document’s');
    return undefined;
  }
  if (!METHODS[what].includes(operation.method))
    tell(`/operation is a ${operation.method.toUpperCase()}, not one of ${METHODS[what].join(', ').toUpperCase()}`);
  const place = (member: string, expression: Json | undefined): Place | undefined => {
    if (expression === undefined) return undefined;
    const read = placeOf(expression, 'request');
    if (read === undefined) tell(`/${member} is no $request expression`);
    else if (!takes(api, operation, read)) tell(`/${member}: ${operation.id} takes no such ${read.in} ${read.name}`);
    return read;
  };
  const target = placeOf(values ?? '$request.body', 'request');
  if (target?.in !== 'body') tell('/values is no place in $request.body');
  const fixed = Object.entries(isObject(constants) ? constants : {}).flatMap(([expression, value]) => {
    const read = place(`with/${expression}`, expression);
    if (typeof value === 'object') tell(`/with/${expression} is no text, number or flag`);
    return read === undefined || typeof value === 'object' ? [] : [[read, value] as const];
  });
  const bound: Bound = {
    operation,
    id: place('id', id),
    key: place('key', key),
    guard: place('guard', guard),
    values: target?.name ?? '',
    fixed,
    replayed: replayed === undefined ? undefined : placeOf(replayed, 'response'),
    found: foundAt(found, `${type.object}${idAt}`, tell),
    isAnswered: answers !== 'nothing',
  };
  if (replayed !== undefined && bound.replayed === undefined) tell('/replayed is no $response expression');
  if (answers !== undefined && answers !== 'record' && answers !== 'nothing')
    tell('/answers must be record or nothing');
  if ((what === 'read' || what === 'update') && bound.id === undefined) tell('/id is missing');
  if (what === 'find' && bound.key === undefined) tell('/key is missing');
  unbound(operation, bound, tell);
  if (what !== 'find' && bound.isAnswered) checkRecord(api, operation.answer, type, idAt, tell);
  if (what === 'find') checkFound(api, operation, bound, tell);
  return bound;
}

function foundAt(found: Json | undefined, standard: string, tell: (text: string) => void): Bound['found'] {
  const { id = standard, version, ...unknown } = isObject(found) ? found : {};
  const isPointer = (value: Json | undefined): value is string => typeof value === 'string' && POINTER.test(value);
  if (!isPointer(id) || (version !== undefined && !isPointer(version)) || Object.keys(unknown).length > 0)
    tell('/found must have id, and perhaps version, as JSON Pointers into the answer');
  return { id: String(id), version: isPointer(version) ? version : undefined };
}

/** Whether the document lets a request say this. */
function takes(api: Api, { parameters, body }: Operation, { in: place, name }: Place): boolean {
  if (place === 'body') return api.schemaAt(body, name) !== undefined;
  const same = (each: string) => (place === 'header' ? each.toLowerCase() === name.toLowerCase() : each === name);
  return parameters.some((each) => each.in === place && same(each.name));
}

/** Set by HTTP itself or by the sign-in. */
const NOT_PARAMETERS = ['accept', 'content-type', 'authorization'];

function unbound({ parameters, path }: Operation, bound: Bound, tell: (text: string) => void): void {
  const places = [bound.id, bound.key, bound.guard, ...bound.fixed.map(([place]) => place)];
  const named = (place: string, name: string) =>
    places.some((each) => each?.in === place && each.name.toLowerCase() === name.toLowerCase());
  for (const { in: place, name, isRequired } of parameters)
    if (isRequired && !NOT_PARAMETERS.includes(name.toLowerCase()) && !named(place, name))
      tell(`: ${place} ${name} must be sent, and nothing says what`);
  for (const [, name = ''] of path.matchAll(/\{([^}]*)\}/g))
    if (!parameters.some((each) => each.in === 'path' && each.name === name)) tell(`: path {${name}} is not declared`);
}

/** JSON types that can hold each kind. */
const TYPES: Readonly<Record<FieldKind, readonly string[]>> = {
  text: ['string'],
  long: ['string'],
  id: ['string', 'integer'],
  whole: ['integer', 'number'],
  day: ['string'],
  flag: ['boolean'],
  choice: ['string', 'integer'],
  money: ['object', 'string', 'integer', 'number'],
  json: ['object', 'array', 'string', 'number', 'integer', 'boolean'],
};

function checkRecord(
  api: Api,
  answer: Json | undefined,
  type: MappedType,
  idAt: string,
  tell: (text: string) => void,
): void {
  const there = (pointer: string) => api.schemaAt(answer, `${type.object}${pointer}`);
  for (const pointer of [idAt, ...(type.account === undefined ? [] : [type.account])])
    if (there(pointer) === undefined) tell(`: the answer has no ${type.object}${pointer}`);
  for (const { field, currency, kind, values } of type.fields.values())
    checkField(
      there(field),
      field,
      kind,
      [...values.values()],
      tell,
      currency !== undefined && there(currency) === undefined,
    );
}

function checkField(
  schema: JsonObject | 'anything' | undefined,
  field: string,
  kind: FieldKind,
  words: readonly string[],
  tell: (text: string) => void,
  lacksCurrency: boolean,
): void {
  if (schema === undefined || lacksCurrency)
    tell(`: the document has no ${field}${lacksCurrency ? ' with a currency' : ''}`);
  if (schema === undefined || schema === 'anything') return;
  const declared = Array.isArray(schema['type']) ? schema['type'] : [schema['type']];
  const isTyped = declared.some((each) => typeof each === 'string');
  if (isTyped && !declared.some((each) => typeof each === 'string' && TYPES[kind].includes(each)))
    tell(`: ${field} is ${declared.join(' or ')}, which is no ${kind}`);
  const allowed = Array.isArray(schema['enum']) ? schema['enum'].map(String) : undefined;
  const strange = kind === 'choice' ? words.find((word) => allowed?.includes(word) === false) : undefined;
  if (strange !== undefined) tell(`: ${field} cannot be ${strange}`);
}

function checkFound(api: Api, { answer }: Operation, { found }: Bound, tell: (text: string) => void): void {
  for (const pointer of [found.id, ...(found.version === undefined ? [] : [found.version])])
    if (api.schemaAt(answer, pointer) === undefined) tell(`: the answer has no ${pointer}`);
}

/** What a recipe writes must be what the operation takes. */
export function writable(api: Api, bound: Bound, type: MappedType, names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const field = type.fields.get(name);
    const schema = field && api.schemaAt(bound.operation.body, `${bound.values}${field.field}`);
    return field === undefined || schema !== undefined ? [] : [`${bound.operation.id} takes no ${field.field}`];
  });
}
