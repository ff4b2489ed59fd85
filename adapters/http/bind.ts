/** One operation with everything the adapter puts into it and takes out of it. */
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import type { FieldKind, MappedType } from '../sdk/mapping.ts';
import { POINTER } from '../sdk/pointer.ts';
import { type Bound, parseBound, type What } from '../sdk/remote/resource.ts';
import type { Api, Operation } from './openapi.ts';

/** A part of a request or an answer: `name` is a parameter, a header, or a JSON Pointer into the body. */
export interface Place {
  readonly in: 'path' | 'query' | 'header' | 'body';
  readonly name: string;
}

export interface HttpBound extends Bound<Operation, Place> {
  /** Where an answer says that it is the first one again. */
  readonly replayed: Place | undefined;
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

const MEMBERS = ['operation', 'id', 'key', 'guard', 'values', 'with', 'replayed', 'found', 'answers'];
const METHODS: Readonly<Record<What, readonly Operation['method'][]>> = {
  read: ['get'],
  find: ['get'],
  // A PUT would take away what the mapping does not name.
  update: ['patch', 'post'],
  create: ['post', 'put'],
};

export function bindOperation(
  api: Api,
  what: What,
  document: Json,
  type: MappedType,
  idAt: string,
  tell: (text: string) => void,
): HttpBound | undefined {
  const given = isObject(document) ? document : {};
  for (const each of Object.keys(given)) if (!MEMBERS.includes(each)) tell(`/${each} is not known`);
  const { operation: name, values, replayed } = given;
  const operation = typeof name === 'string' ? api.operations.get(name) : undefined;
  if (operation === undefined) {
    tell('/operation is not one of the document’s');
    return undefined;
  }
  if (!METHODS[what].includes(operation.method))
    tell(`/operation is a ${operation.method.toUpperCase()}, not one of ${METHODS[what].join(', ').toUpperCase()}`);
  const place = (member: string, expression: Json): Place | undefined => {
    const read = placeOf(expression, 'request');
    if (read === undefined) tell(`/${member} is no $request expression`);
    else if (!takes(api, operation, read)) tell(`/${member}: ${operation.id} takes no such ${read.in} ${read.name}`);
    return read;
  };
  const target = placeOf(values ?? '$request.body', 'request');
  if (target?.in !== 'body') tell('/values is no place in $request.body');
  const repeat = replayed === undefined ? undefined : placeOf(replayed, 'response');
  if (replayed !== undefined && repeat === undefined) tell('/replayed is no $response expression');
  const bound: HttpBound = {
    ...parseBound<Operation, Place>(given, `${type.object}${idAt}`, place, tell),
    operation,
    values: target?.name ?? '',
    replayed: repeat,
    tellsRepeats: repeat !== undefined,
  };
  if ((what === 'read' || what === 'update') && bound.id === undefined) tell('/id is missing');
  if (what === 'find' && bound.key === undefined) tell('/key is missing');
  unbound(operation, bound, tell);
  if (what !== 'find' && bound.isAnswered) checkRecord(api, operation.answer, type, idAt, tell);
  if (what === 'find') checkFound(api, operation, bound, tell);
  return bound;
}

/** Whether the document lets a request say this. */
function takes(api: Api, { parameters, body }: Operation, { in: place, name }: Place): boolean {
  if (place === 'body') return api.schemaAt(body, name) !== undefined;
  const same = (each: string) => (place === 'header' ? each.toLowerCase() === name.toLowerCase() : each === name);
  return parameters.some((each) => each.in === place && same(each.name));
}

/** Set by HTTP itself or by the sign-in. */
const NOT_PARAMETERS = ['accept', 'content-type', 'authorization'];

function unbound({ parameters, path }: Operation, bound: HttpBound, tell: (text: string) => void): void {
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

function checkFound(api: Api, { answer }: Operation, { found }: HttpBound, tell: (text: string) => void): void {
  for (const pointer of [found.id, ...(found.version === undefined ? [] : [found.version])])
    if (api.schemaAt(answer, pointer) === undefined) tell(`: the answer has no ${pointer}`);
}

/** What a recipe writes must be what the operation takes. */
export function writable(api: Api, bound: HttpBound, type: MappedType, names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const field = type.fields.get(name);
    const schema = field && api.schemaAt(bound.operation.body, `${bound.values}${field.field}`);
    return field === undefined || schema !== undefined ? [] : [`${bound.operation.id} takes no ${field.field}`];
  });
}
