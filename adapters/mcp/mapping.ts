/** The mapping document over the tools of an MCP server: which tool reads, changes, makes and finds a record, where in its arguments and
 * results everything is, and which tools exactly: each by its name and the digest of its input schema. */
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import type { AdapterErrorCode } from '../sdk/index.ts';
import type { MappedType } from '../sdk/mapping.ts';
import { POINTER } from '../sdk/pointer.ts';
import {
  type Bound,
  meaningOf,
  parseBound,
  parseResources,
  type Resources,
  type What,
} from '../sdk/remote/resource.ts';

/** A tool’s name, and pointers into its arguments. */
export type McpBound = Bound<string, string>;

export interface ErrorRule {
  /** Into the failed tool’s structured result, or its text where that is JSON. */
  readonly at: string;
  readonly is: Json;
  readonly means: AdapterErrorCode;
}

export interface McpMapping {
  readonly resources: Resources<McpBound>;
  /** `sha-256:…` of each tool’s input schema, in canonical JSON. */
  readonly pins: ReadonlyMap<string, string>;
  readonly errors: readonly ErrorRule[];
}

const TOOL = /^[A-Za-z0-9_./-]{1,128}$/;
const PIN = /^sha-256:[A-Za-z0-9_-]{43}$/;
const MEMBERS = ['tool', 'id', 'key', 'guard', 'values', 'with', 'found', 'answers'];

export function parseMcpMapping(document: JsonObject): Result<McpMapping, readonly string[]> {
  const { errors = [], tools = {}, ...rest } = document;
  const problems: string[] = [];
  const pins = new Map(
    Object.entries(isObject(tools) ? tools : {}).flatMap(([name, pin]) => {
      if (TOOL.test(name) && typeof pin === 'string' && PIN.test(pin)) return [[name, pin] as const];
      problems.push(`/tools/${name} is not the sha-256:… of an input schema`);
      return TOOL.test(name) ? [[name, ''] as const] : [];
    }),
  );
  const resources = parseResources<McpBound>(rest, {
    bind: (...given) => bindTool(pins, ...given),
    header: () => undefined,
  });
  if (!resources.ok) problems.push(...resources.error);
  if (resources.ok && resources.value.idempotency !== 'lookup' && resources.value.idempotency !== 'none')
    problems.push('/idempotency of tools is lookup or none: nothing in MCP makes a call safe to repeat');
  const rules = errorRules(errors, problems);
  return !resources.ok || problems.length > 0 ? err(problems) : ok({ resources: resources.value, pins, errors: rules });
}

function bindTool(
  pins: ReadonlyMap<string, string>,
  what: What,
  document: Json,
  type: MappedType,
  idAt: string,
  tell: (text: string) => void,
): McpBound | undefined {
  const given = isObject(document) ? document : {};
  for (const each of Object.keys(given)) if (!MEMBERS.includes(each)) tell(`/${each} is not known`);
  const { tool, values = '' } = given;
  if (typeof tool !== 'string' || !pins.has(tool)) {
    tell('/tool is not one of /tools');
    return undefined;
  }
  const place = (member: string, pointer: Json): string | undefined => {
    if (typeof pointer === 'string' && pointer !== '' && POINTER.test(pointer)) return pointer;
    tell(`/${member} is no JSON Pointer into the arguments`);
    return undefined;
  };
  if (typeof values !== 'string' || !POINTER.test(values)) tell('/values is no JSON Pointer into the arguments');
  const bound: McpBound = {
    ...parseBound<string, string>(given, `${type.object}${idAt}`, place, tell),
    operation: tool,
    values: String(values),
    tellsRepeats: false,
  };
  if ((what === 'read' || what === 'update') && bound.id === undefined) tell('/id is missing');
  if (what === 'find' && bound.key === undefined) tell('/key is missing');
  return bound;
}

function errorRules(errors: Json, problems: string[]): ErrorRule[] {
  if (!Array.isArray(errors)) problems.push('/errors must be a list');
  const list: readonly Json[] = Array.isArray(errors) ? errors : [];
  return list.flatMap((each: Json, index) => {
    const { at, is, means, ...unknown } = isObject(each) ? each : {};
    const meaning = meaningOf(means);
    if (
      typeof at === 'string' &&
      POINTER.test(at) &&
      is !== undefined &&
      meaning !== undefined &&
      Object.keys(unknown).length === 0
    )
      return [{ at, is, means: meaning }];
    problems.push(`/errors/${index} must have at, is and a known means`);
    return [];
  });
}
