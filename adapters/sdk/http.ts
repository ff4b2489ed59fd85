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
  /** Empty when the answer had none, or was a refusal (4xx, 5xx) that is not JSON: then the status says it all. */
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

/** The same CRM for `read`, `plan` and `verify`: not only its type lacks `send`, the object refuses it with `bug`. */
export function readOnly(http: WriteHttp): ReadHttp {
  const send = () => Promise.reject(new AdapterError('bug', 'A read or a plan tried to write.'));
  return Object.freeze({ get: http.get, send });
}

/** HTTP to one CRM: pinned origin, no redirects, no retries, bounded time and size. Throws `retryable` for what was not sent and for
 * reads; `unknown_outcome` for a write that may have arrived and has no usable answer. Statuses are the adapter's to judge. */
export function makeHttp(options: HttpOptions): WriteHttp {
  async function call(
    ctx: Ctx,
    method: string,
    target: Path,
    body: JsonObject | undefined,
    more: Readonly<Record<string, string>>,
  ): Promise<CrmResponse> {
    const isWrite = method !== 'GET';
    const url = pinned(options.origin, target);
    const headers = { accept: 'application/json', ...(await authorised(options)), ...more };
    if (ctx.signal.aborted) throw new AdapterError('retryable', 'The call was stopped before it was sent.');
    try {
      const response = await request(url, {
        method: method as Dispatcher.HttpMethod,
        headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(options.dispatcher === undefined ? {} : { dispatcher: options.dispatcher }),
        signal: AbortSignal.any([ctx.signal, AbortSignal.timeout(options.timeoutMs)]),
      });
      const bytes = await readBytes(response.body, options.bodyBytesMax);
      return { status: response.statusCode, headers: response.headers, body: parse(bytes, response.statusCode) };
    } catch (error) {
      throw unanswered(error, isWrite);
    }
  }
  return {
    get: (ctx, target) => call(ctx, 'GET', target, undefined, {}),
    send: (ctx, method, target, body, headers) => call(ctx, method, target, body, headers),
  };
}

/** What the fixed part of a path could still do to the origin or to dot segments is a mistake of ours, found before anything is sent. */
function pinned(origin: string, target: Path): URL {
  const base = new URL(origin);
  const url = URL.canParse(target, origin) ? new URL(target, origin) : undefined;
  const [pathname] = target.split('?');
  if (url?.origin !== base.origin || url.pathname !== pathname)
    throw new AdapterError('bug', 'A path would leave the CRM’s API.');
  return url;
}

/** Fetching credentials comes before the write: its failure is never an unknown outcome. */
async function authorised({ headers }: HttpOptions): Promise<Readonly<Record<string, string>>> {
  try {
    return await headers();
  } catch (error) {
    if (error instanceof AdapterError) throw error;
    throw new AdapterError('retryable', 'The CRM’s credentials cannot be had now.', { cause: error });
  }
}

/** An answer that is not the CRM's: says nothing about what the CRM did. */
class Unusable extends Error {}

async function readBytes(body: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > bytesMax) throw new Unusable('too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A refusal stays one, whatever a proxy wrote into its body; a success must be a JSON object. */
function parse(bytes: Uint8Array, status: number): JsonObject {
  if (bytes.length === 0) return {};
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  } catch {
    // Told below, with what parsed and is not an object.
  }
  if (status >= 400) return {};
  throw new Unusable('not a JSON object');
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

function unanswered(error: unknown, isWrite: boolean): AdapterError {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  if (isWrite && !NOT_SENT.has(code))
    return new AdapterError('unknown_outcome', 'The CRM gave no usable answer to a write that was sent.', {
      cause: error,
    });
  if (error instanceof Unusable)
    return new AdapterError('retryable', 'The CRM answered something that is not its API’s.', { cause: error });
  return new AdapterError('retryable', 'The CRM cannot be reached.', { cause: error });
}
