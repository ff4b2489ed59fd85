import type { Dispatcher } from 'undici';
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import type { Auth, Credentials } from './auth.ts';
import { AdapterError, type Ctx } from './index.ts';
import type { Limiter } from './limiter.ts';
import { type RetryPolicy, retrying } from './retry.ts';
import { orStopped } from './timing.ts';
import { type Answer, exchange, guardedDispatcher, type Headers, Unanswered } from './transport.ts';

export interface HttpOptions {
  /** The only origin ever called. */
  readonly origin: string;
  /** What every request carries besides its credentials. */
  readonly headers?: () => Credentials | Promise<Credentials>;
  readonly auth?: Auth;
  /** Dials instead of the guarded one: for tests, which count what leaves. */
  readonly dispatcher?: Dispatcher;
  /** Private and loopback addresses too, and those in clear text. */
  readonly allowPrivate?: boolean;
  /** One try’s time, from the first byte sent to the last one read. */
  readonly timeoutMs: number;
  readonly bodyBytesMax: number;
  readonly limiter?: Limiter;
  /** Repeats of reads and of writes declared idempotent; none unless told. */
  readonly retry?: RetryPolicy;
  /** POSTs that only read (a search, a preview), by their encoded path without the query and, for an API where everything is sent to one
   * address, by what they carry: {@link ReadHttp.query} sends no other. */
  readonly queries?: (pathname: string, body: Json) => boolean;
  /** `any` for an API whose successes may be lists; a success that is no object is unusable otherwise. */
  readonly answers?: 'object' | 'any';
}

export interface CrmResponse {
  readonly status: number;
  readonly headers: Headers;
  /** The answer where it is an object; empty when there was none or it is another kind of JSON. */
  readonly body: JsonObject;
  /** The whole answer, a list as well; undefined when there was none, or a refusal that is not JSON: then the status says it all. */
  readonly json: Json | undefined;
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

/** The path of a next page as the CRM names it: only below `prefix`, and only at this origin. */
export function linked(origin: string, prefix: string, link: string): Path {
  const url = URL.canParse(link, origin) ? new URL(link, origin) : undefined;
  if (url === undefined || url.origin !== new URL(origin).origin || !url.pathname.startsWith(prefix))
    throw new AdapterError('bug', 'The CRM links to a place outside its API.');
  return `${url.pathname}${url.search}` as Path;
}

/** Reads. All a planner is given: it cannot write, whatever it tries. */
export interface ReadHttp {
  get(ctx: Ctx, target: Path, headers?: Credentials): Promise<CrmResponse>;
  /** A POST that reads, declared in {@link HttpOptions.queries}. Any other is refused with `bug`. */
  query(ctx: Ctx, target: Path, body: Json): Promise<CrmResponse>;
}

export interface WriteOptions {
  /** The CRM answers a repeat with what the first one did: it may be sent again after a failure, and after a renewed sign-in. */
  readonly idempotent?: boolean;
}

export interface WriteHttp extends ReadHttp {
  send(
    ctx: Ctx,
    method: 'POST' | 'PATCH' | 'PUT' | 'DELETE',
    target: Path,
    body: Json | undefined,
    headers: Credentials,
    options?: WriteOptions,
  ): Promise<CrmResponse>;
}

/** The same CRM for `read`, `plan` and `verify`: not only its type lacks `send`, the object refuses it with `bug`. */
export function readOnly(http: WriteHttp): ReadHttp {
  const send = () => Promise.reject(new AdapterError('bug', 'A read or a plan tried to write.'));
  return Object.freeze({ get: http.get, query: http.query, send });
}

interface Call {
  readonly method: Dispatcher.HttpMethod;
  readonly target: Path;
  readonly body?: Json | undefined;
  readonly headers: Credentials;
  readonly isWrite: boolean;
  readonly isRepeatable: boolean;
}

const NO_RETRY: RetryPolicy = { retriesMax: 0, baseMs: 0, waitMsMax: 0 };

/** HTTP to one CRM: pinned origin, guarded addresses, no redirects, bounded time and size. Throws `retryable` for what was not sent
 * and for reads; `unknown_outcome` for a write that may have arrived and has no usable answer. Statuses are the adapter's to judge. */
export function makeHttp(options: HttpOptions): WriteHttp {
  const { auth, origin, allowPrivate = false, timeoutMs, bodyBytesMax } = options;
  const dispatcher = options.dispatcher ?? guardedDispatcher({ allowPrivate, timeoutMs, bodyBytesMax });

  async function once(ctx: Ctx, url: URL, call: Call, credentials: Credentials): Promise<CrmResponse> {
    await options.limiter?.admit(ctx);
    const fixed = await orStopped(
      authorised(async () => (await options.headers?.()) ?? {}),
      ctx.signal,
    );
    try {
      const answer = await exchange({
        url,
        method: call.method,
        headers: {
          accept: 'application/json',
          ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...fixed,
          ...credentials,
          ...call.headers,
        },
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
        dispatcher,
        timeoutMs,
        bytesMax: bodyBytesMax,
        signal: ctx.signal,
      });
      options.limiter?.heard(ctx, answer);
      return responseOf(answer, options.answers ?? 'object');
    } catch (error) {
      throw unanswered(error, call.isWrite);
    }
  }

  /** A renewed sign-in is tried once. A write that must not be repeated is not: its next call has the new credentials. */
  async function signedIn(ctx: Ctx, url: URL, call: Call): Promise<CrmResponse> {
    if (auth === undefined) return once(ctx, url, call, {});
    const credentials = await authorised(() => auth.credentials(ctx));
    const first = await once(ctx, url, call, credentials);
    if (first.status !== 401 || !auth.refused(credentials) || !call.isRepeatable) return first;
    const renewed = await authorised(() => auth.credentials(ctx));
    const second = await once(ctx, url, call, renewed);
    if (second.status === 401) auth.refused(renewed);
    return second;
  }

  function call(ctx: Ctx, each: Call): Promise<CrmResponse> {
    const policy = each.isRepeatable ? (options.retry ?? NO_RETRY) : NO_RETRY;
    const url = pinned(origin, each.target);
    return retrying(ctx, policy, each.isWrite, () => signedIn(ctx, url, each));
  }

  const reading = { isWrite: false, isRepeatable: true } as const;
  return {
    get: async (ctx, target, headers = {}) => call(ctx, { method: 'GET', target, headers, ...reading }),
    async query(ctx, target, body) {
      if (options.queries?.(target.split('?')[0] ?? '', body) !== true)
        throw new AdapterError('bug', 'A POST that is not declared as reading tried to pass for it.');
      return call(ctx, { method: 'POST', target, body, headers: {}, ...reading });
    },
    send: async (ctx, method, target, body, headers, { idempotent = false } = {}) =>
      call(ctx, { method, target, body, headers, isWrite: true, isRepeatable: idempotent }),
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
async function authorised(credentials: () => Promise<Credentials>): Promise<Credentials> {
  try {
    return await credentials();
  } catch (error) {
    if (error instanceof AdapterError && error.code !== 'unknown_outcome') throw error;
    throw new AdapterError('retryable', 'The CRM’s credentials cannot be had now.');
  }
}

/** A refusal stays one, whatever a proxy wrote into its body; a success must be JSON of the promised kind. */
function responseOf({ status, headers, bytes }: Answer, answers: 'object' | 'any'): CrmResponse {
  const json = bytes.length === 0 ? undefined : parsed(bytes);
  if (isObject(json)) return { status, headers, body: json, json };
  const isFine = status >= 300 || bytes.length === 0 || (answers === 'any' && json !== undefined);
  if (!isFine) throw new Unanswered(true, 'ERR_NOT_JSON');
  return { status, headers, body: {}, json };
}

function parsed(bytes: Uint8Array): Json | undefined {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

function unanswered(error: unknown, isWrite: boolean): AdapterError {
  if (error instanceof AdapterError) return error;
  const { isSent, why } = error instanceof Unanswered ? error : new Unanswered(true, 'Error');
  const cause = why;
  if (why === 'UND_ERR_INVALID_ARG') return new AdapterError('bug', 'A request cannot be sent as it is.', { cause });
  if (isWrite && isSent)
    return new AdapterError('unknown_outcome', 'The CRM gave no usable answer to a write that was sent.', { cause });
  if (why === 'ERR_NOT_JSON' || why === 'ERR_TOO_LARGE' || why === 'UND_ERR_RES_EXCEEDED_MAX_SIZE')
    return new AdapterError('retryable', 'The CRM answered something that is not its API’s.', { cause });
  return new AdapterError('retryable', 'The CRM cannot be reached.', { cause });
}
