/** Holds what a gateway answers to what it publishes: the native binding to `/openapi.json`, tools to the output schemas they are listed with,
 * A2A to its own wire. What a generated client would break at, whatever the test was about. */
import { createHash } from 'node:crypto';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { type Json, type JsonObject, objectOf } from '../../protocol/base/json.ts';
import { a2aAnswerFaults } from './a2a-schema.ts';

const NATIVE = /^\/(?:agents|actions|operations|invitations)(?:\/|$)/;
const JSON_TYPE = /[/+]json\b/;

interface Answered {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly type: string;
  readonly body: Promise<string>;
}

type Judge = (answered: Answered, body: string) => string | undefined;

export interface Held {
  witness(request: Request, answer: Response): void;
  /** Judges what was answered since the last time, by what is published now: before the gateway stops, and with it what it publishes. */
  judge(): Promise<void>;
  /** What did not keep to what was published so far. */
  found(): readonly string[];
}

export interface HeldOptions {
  readonly origin: string;
  /** Fixtures have tools of their own names, and no gateway's schemas. */
  readonly tools: boolean;
}

export function holdAnswers({ origin, tools }: HeldOptions): Held {
  const found = new Set<string>();
  const seen: Answered[] = [];

  async function judge(): Promise<void> {
    const pending = seen.splice(0);
    if (pending.length === 0) return;
    const native = judgeBy(await publishedAt(origin));
    const tool =
      tools && pending.some(({ path }) => path === '/mcp') ? toolJudge(await toolsAt(origin)) : () => undefined;
    for (const each of pending) {
      const fault = JUDGE[kindOf(each.path)]({ native, tool })(each, await each.body);
      if (fault !== undefined) found.add(fault);
    }
  }

  return {
    witness({ method, url }, answer) {
      const { pathname: path } = new URL(url);
      if (kindOf(path) === 'none') return;
      const type = answer.headers.get('content-type') ?? '';
      // A stream is nobody's to read but its reader's.
      if (type.startsWith('text/event-stream')) return;
      seen.push({ method, path, status: answer.status, type, body: textOf(answer.clone()) });
    },
    judge,
    found: () => [...found],
  };
}

type Kind = 'native' | 'mcp' | 'a2a' | 'none';

function kindOf(path: string): Kind {
  if (NATIVE.test(path)) return 'native';
  return path === '/mcp' ? 'mcp' : /^\/a2a(?:\/|$)/.test(path) ? 'a2a' : 'none';
}

const JUDGE: Readonly<Record<Kind, (by: { native: Judge; tool: Judge }) => Judge>> = {
  native: ({ native }) => native,
  mcp: ({ tool }) => tool,
  a2a: () => a2aJudge,
  none: () => () => undefined,
};

async function textOf(answer: Response): Promise<string> {
  const bytes = Buffer.from(await answer.arrayBuffer());
  const coding = answer.headers.get('content-encoding');
  const plain = coding === 'gzip' ? gunzipSync(bytes) : coding === 'br' ? brotliDecompressSync(bytes) : bytes;
  return plain.toString('utf8');
}

async function publishedAt(origin: string): Promise<JsonObject> {
  return (await (await fetch(`${origin}/openapi.json`)).json()) as JsonObject;
}

async function toolsAt(origin: string): Promise<readonly JsonObject[]> {
  const answer = await fetch(`${origin}/mcp`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: '*/*', 'mcp-protocol-version': '2025-06-18' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
  });
  const { tools } = objectOf(objectOf((await answer.json()) as Json)['result']);
  if (!Array.isArray(tools)) throw new Error('the gateway lists no tools');
  return tools.map(objectOf);
}

/** The same document has the same judge in every gateway of this process: to compile its schemas costs more than all the judging. */
const judges = new Map<string, Judge>();

function judgeBy({ paths, components }: JsonObject): Judge {
  const key = createHash('sha256')
    .update(JSON.stringify([paths, components]))
    .digest('base64');
  const known = judges.get(key) ?? nativeJudge(objectOf(paths), { paths: paths ?? {}, components: components ?? {} });
  judges.set(key, known);
  return known;
}

function nativeJudge(paths: JsonObject, document: JsonObject): Judge {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: 'openapi', ...document });
  const compiled = new Map<string, ValidateFunction>();
  const validatorAt = (pointer: string): ValidateFunction => {
    const known = compiled.get(pointer) ?? ajv.compile({ $ref: `openapi#${pointer}` });
    compiled.set(pointer, known);
    return known;
  };
  const patterns = Object.keys(paths).map((each) => ({
    each,
    pattern: new RegExp(`^${each.replace(/\{\w+\}/g, '[^/]+').replaceAll('.', '\\.')}/?$`),
  }));
  return ({ method, path, status, type }, body) => {
    const at = patterns.find(({ pattern }) => pattern.test(path))?.each;
    const what = `${method} ${at ?? path} ${status}`;
    const operation = memberOf(memberOf(paths, at ?? ''), method.toLowerCase());
    // No body: what the asker has already, and a page's question before it asks.
    if (status === 304 || method === 'HEAD' || (method === 'OPTIONS' && status === 204)) return undefined;
    // Of what is not there, or not in this method, a problem is all there is to say.
    if (operation === undefined) {
      const name = status >= 400 ? 'Problem' : withdrawn(method, path, status);
      if (name === undefined) return `${what}: not documented`;
      const validate = validatorAt(`/components/schemas/${name}`);
      return validate(JSON.parse(body)) ? undefined : `${what}: ${ajv.errorsText(validate.errors)}`;
    }
    const key = memberOf(memberOf(operation, 'responses'), String(status)) === undefined ? 'default' : String(status);
    if (key === 'default' && status < 400) return `${what}: this status is not documented`;
    const essence = type.split(';')[0]?.trim() ?? '';
    const pointer = ['paths', at ?? '', method.toLowerCase(), 'responses', key, 'content', essence, 'schema'];
    if (pointer.reduce<Json | undefined>(memberOf, document) === undefined)
      return `${what}: ${essence} is not documented`;
    const validate = validatorAt(`/${pointer.map(escaped).join('/')}`);
    return validate(JSON.parse(body)) ? undefined : `${what}: ${ajv.errorsText(validate.errors)}`;
  };
}

/** An action that was offered when it was asked for, and is no longer: the CRM cannot do it now. */
function withdrawn(method: string, path: string, status: number): string | undefined {
  if (!/^\/actions\/[\w.]+$/.test(path)) return undefined;
  return method === 'POST' && status === 202
    ? 'Operation'
    : method === 'GET' && status === 200
      ? 'Definition'
      : undefined;
}

const schemas = new Map<string, ValidateFunction>();

/** Results of tools, by the action that is in them: a step of an operation is answered with it, as the tool that began it would. */
function toolJudge(tools: readonly JsonObject[]): Judge {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  const schemaOf = new Map(tools.map(({ name, outputSchema }) => [String(name), objectOf(outputSchema)]));
  const validatorOf = (name: string): ValidateFunction | undefined => {
    const schema = schemaOf.get(name);
    if (schema === undefined) return undefined;
    const key = JSON.stringify(schema);
    const known = schemas.get(key) ?? ajv.compile(schema);
    schemas.set(key, known);
    return known;
  };
  const toolOf = (content: JsonObject): string => {
    if ('receipt' in content) return 'receipt_read';
    if ('actions' in content) return 'actions_read';
    const own = String(content['action']).replaceAll('.', '_');
    return schemaOf.has(own) ? own : 'operation_read';
  };
  return ({ method, status, type }, body) => {
    if (method !== 'POST' || !JSON_TYPE.test(type)) return undefined;
    for (const { result } of [JSON.parse(body)].flat().map(objectOf)) {
      const content = objectOf(result)['structuredContent'];
      if (content === undefined) continue;
      const name = toolOf(objectOf(content));
      const validate = validatorOf(name);
      if (validate?.(content) !== true) return `tool ${name} ${status}: ${ajv.errorsText(validate?.errors)}`;
    }
    return undefined;
  };
}

const a2aJudge: Judge = ({ method, path, status, type }, body) => {
  if (status === 204 && body === '') return undefined;
  if (method === 'HEAD') return undefined;
  const what = `${method} ${path.replace(/op_[\w-]+/, '{id}')} ${status}`;
  if (!JSON_TYPE.test(type)) return `${what}: ${type} is no JSON`;
  const faults = a2aAnswerFaults(JSON.parse(body));
  return faults === '' ? undefined : `${what}: ${faults}`;
};

const escaped = (name: string): string => encodeURIComponent(name.replace(/~/g, '~0').replace(/\//g, '~1'));

function memberOf(value: Json | undefined, name: string): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject)[name] : undefined;
}
