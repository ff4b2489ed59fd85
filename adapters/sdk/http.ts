import { type Dispatcher, request } from 'undici';
import type { JsonObject } from '../../protocol/json.ts';
import { AdapterError, type Ctx } from './index.ts';

export interface HttpOptions {
  /** The only origin ever called. */
  readonly origin: string;
  readonly headers: () => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
  readonly dispatcher?: Dispatcher;
  readonly timeoutMs: number;
  readonly bodyBytesMax: number;
}

export interface CrmResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: JsonObject;
}

declare const built: unique symbol;
/** A path whose every variable part was encoded as one segment: made only by {@link path}. */
export type Path = string & { readonly [built]: true };

/** `path\`/v1/contracts/${id}\``: each value becomes exactly one segment, whatever is in it. Throws `invalid` for what cannot be one. */
export function path(fixed: TemplateStringsArray, ...values: readonly string[]): Path {
  return fixed.reduce((all, part, index) => {
    const value = values[index];
    return `${all}${part}${value === undefined ? '' : segment(value)}`;
  }, '') as Path;
}

function segment(value: string): string {
  if (value === '' || value === '.' || value === '..' || !value.isWellFormed())
    throw new AdapterError('invalid', 'An identifier is not usable.');
  return encodeURIComponent(value);
}

/** Reads. All a planner is given: it cannot write, whatever it tries. */
export interface ReadHttp {
  get(ctx: Ctx, target: Path): Promise<CrmResponse>;
}

export interface WriteHttp extends ReadHttp {
  send(
    ctx: Ctx,
    method: 'POST' | 'PATCH' | 'PUT' | 'DELETE',
    target: Path,
    body: JsonObject,
    headers: Readonly<Record<string, string>>,
  ): Promise<CrmResponse>;
}

/** HTTP to one CRM: pinned origin, no redirects, bounded time and size. A write that was sent and not answered is `unknown_outcome`. */
export function makeHttp(options: HttpOptions): WriteHttp {
  async function call(
    ctx: Ctx,
    method: string,
    target: Path,
    body: JsonObject | undefined,
    more: Readonly<Record<string, string>>,
  ): Promise<CrmResponse> {
    const isWrite = method !== 'GET';
    const signal = AbortSignal.any([ctx.signal, AbortSignal.timeout(options.timeoutMs)]);
    try {
      const response = await request(new URL(target, options.origin), {
        method: method as Dispatcher.HttpMethod,
        headers: {
          accept: 'application/json',
          ...(await options.headers()),
          ...more,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(options.dispatcher === undefined ? {} : { dispatcher: options.dispatcher }),
        signal,
      });
      const text = await readText(response.body, options.bodyBytesMax);
      return { status: response.statusCode, headers: response.headers, body: parse(text, isWrite) };
    } catch (error) {
      throw error instanceof AdapterError ? error : networkError(error, isWrite);
    }
  }
  return {
    get: (ctx, target) => call(ctx, 'GET', target, undefined, {}),
    send: (ctx, method, target, body, headers) => call(ctx, method, target, body, headers),
  };
}

async function readText(body: AsyncIterable<Uint8Array>, bytesMax: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > bytesMax) throw new AdapterError('retryable', 'The CRM’s answer is too large.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string, isWrite: boolean): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  } catch {
    // Told below: what is not the CRM's JSON says nothing about what the CRM did.
  }
  throw new AdapterError(
    isWrite ? 'unknown_outcome' : 'retryable',
    'The CRM answered something that is not its API’s.',
  );
}

/** Node's and undici's codes for failures before anything can have reached the CRM. */
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

function networkError(error: unknown, isWrite: boolean): AdapterError {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  if (isWrite && !NOT_SENT.has(code))
    return new AdapterError('unknown_outcome', 'The CRM did not answer a write that was sent.', { cause: error });
  return new AdapterError('retryable', 'The CRM cannot be reached.', { cause: error });
}
