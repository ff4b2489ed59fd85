/** An OpenAPI 3.x document as what the mapping names of it: operations, their parameters, and the schemas of what goes in and comes out. */
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { at, tokensOf } from '../sdk/pointer.ts';

export const METHODS = ['get', 'put', 'post', 'patch', 'delete', 'head', 'options', 'trace'] as const;

export interface Parameter {
  readonly in: 'path' | 'query' | 'header';
  readonly name: string;
  readonly isRequired: boolean;
}

export interface Operation {
  readonly id: string;
  readonly method: (typeof METHODS)[number];
  /** With `{name}` where a parameter goes. */
  readonly path: string;
  readonly parameters: readonly Parameter[];
  /** Undefined when the operation takes no JSON. */
  readonly body: Json | undefined;
  /** What a success answers; undefined when that is no JSON. */
  readonly answer: Json | undefined;
}

export interface Api {
  readonly title: string;
  readonly operations: ReadonlyMap<string, Operation>;
  readonly schemes: JsonObject;
  /** The schema at a place inside another: `anything` where the document does not say, undefined where there is no such place. */
  schemaAt(schema: Json | undefined, pointer: string): JsonObject | 'anything' | undefined;
}

/** How many references a schema may take to say what it is. */
const REFS_MAX = 32;

export function parseOpenApi(document: JsonObject): Result<Api, readonly string[]> {
  const problems: string[] = [];
  if (!/^3\.\d/.test(String(document['openapi']))) problems.push('openapi: is not a document of OpenAPI 3.x');
  const resolve = (value: Json | undefined, refs = 0): Json | undefined => {
    const ref = isObject(value) ? value['$ref'] : undefined;
    if (typeof ref !== 'string') return value;
    return ref.startsWith('#/') && refs < REFS_MAX ? resolve(at(document, ref.slice(1)), refs + 1) : undefined;
  };
  const operations = new Map<string, Operation>();
  for (const [path, item] of Object.entries(objectOf(document['paths']))) {
    const shared = resolve(item);
    for (const method of METHODS) {
      const each = isObject(shared) ? shared[method] : undefined;
      if (!isObject(each) || typeof each['operationId'] !== 'string') continue;
      const id = each['operationId'];
      if (operations.has(id)) problems.push(`openapi: two operations are called ${id}`);
      operations.set(id, operationOf(id, method, path, each, objectOf(shared), resolve));
    }
  }
  if (problems.length > 0) return err(problems);
  return ok({
    title: String(objectOf(document['info'])['title'] ?? 'REST API'),
    operations,
    schemes: objectOf(objectOf(document['components'])['securitySchemes']),
    schemaAt: (schema, pointer) => schemaAt(schema, tokensOf(pointer), resolve),
  });
}

type Resolve = (value: Json | undefined, refs?: number) => Json | undefined;

function operationOf(
  id: string,
  method: Operation['method'],
  path: string,
  operation: JsonObject,
  item: JsonObject,
  resolve: Resolve,
): Operation {
  const named = [...listOf(item['parameters']), ...listOf(operation['parameters'])].flatMap((each) => {
    const { name, in: place, required } = objectOf(resolve(each));
    if (typeof name !== 'string' || (place !== 'path' && place !== 'query' && place !== 'header')) return [];
    return [{ in: place, name, isRequired: place === 'path' || required === true }] as const;
  });
  const responses = objectOf(operation['responses']);
  const success = Object.keys(responses).find((status) => /^2(?:\d\d|XX)$/.test(status));
  return {
    id,
    method,
    path,
    // The operation's own take the place of the path's.
    parameters: [...new Map(named.map((each) => [`${each.in} ${each.name}`, each])).values()],
    body: jsonSchema(resolve(operation['requestBody'])),
    answer: success === undefined ? undefined : jsonSchema(resolve(responses[success])),
  };
}

function jsonSchema(holder: Json | undefined): Json | undefined {
  const content = objectOf(objectOf(holder)['content']);
  const type = Object.keys(content).find((each) => /^application\/(?:[\w.-]+\+)?json\b/.test(each));
  return type === undefined ? undefined : (objectOf(content[type])['schema'] ?? {});
}

function schemaAt(
  schema: Json | undefined,
  [token, ...rest]: readonly string[],
  resolve: Resolve,
): JsonObject | 'anything' | undefined {
  const here = resolve(schema);
  if (here === true) return 'anything';
  if (!isObject(here)) return undefined;
  const branches = ['allOf', 'anyOf', 'oneOf'].flatMap((name) => listOf(here[name]));
  if (token === undefined && branches.length === 0) return here;
  const inner = branches.map((each) => schemaAt(each, token === undefined ? [] : [token, ...rest], resolve));
  const found = inner.find((each) => each !== undefined && each !== 'anything');
  if (token === undefined) return found ?? here;
  const properties = objectOf(here['properties']);
  if (Object.hasOwn(properties, token)) return schemaAt(properties[token], rest, resolve);
  if (found !== undefined) return found;
  if (/^\d+$/.test(token) && here['items'] !== undefined) return schemaAt(here['items'], rest, resolve);
  const others = here['additionalProperties'];
  if (isObject(others)) return schemaAt(others, rest, resolve);
  // A schema that names properties means those; one that names none leaves it open.
  const isOpen = others === true || (Object.keys(properties).length === 0 && branches.length === 0);
  return (isOpen && others !== false) || inner.includes('anything') ? 'anything' : undefined;
}

function objectOf(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}
