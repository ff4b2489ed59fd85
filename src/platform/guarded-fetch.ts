/** Outbound calls to addresses a stranger chose: public unicast addresses only, checked at the moment of connecting, literals included. */
import { type Dispatcher, request } from 'undici';
import { isPublic } from '../../adapters/sdk/addresses.ts';
import { type Allows, dialler, type Lookup } from '../../adapters/sdk/dial.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { makeNames } from './names.ts';

export interface Fetched {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array;
}

/** A form to post; without one it is a GET. */
export interface Posted {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface FetchOptions {
  readonly signal?: AbortSignal | undefined;
  readonly post?: Posted;
}

export interface Unfetched {
  readonly reason: string;
  /** Asking again would end alike: nobody calls such an address, nobody has the name, or too much is there. */
  readonly isFinal: boolean;
}

export type GuardedFetch = (url: string, options?: FetchOptions) => Promise<Result<Fetched, Unfetched>>;

/** A dispatcher for addresses that strangers name. */
export function guardedDispatcher(allowPrivate: boolean, lookup: Lookup = makeNames()): Dispatcher {
  return dispatcherThat((address) => allowPrivate || isPublic(address), lookup);
}

function dispatcherThat(allows: Allows, lookup: Lookup, connections?: number): Dispatcher {
  return dialler({
    allows,
    lookup,
    connectTimeoutMs: LIMITS.fetchTimeoutMs,
    answerBytesMax: LIMITS.fetchBytesMax,
    ...(connections === undefined ? {} : { connections }),
  });
}

export function checkUrl(text: string, allowPrivate: boolean): Result<URL, { readonly reason: string }> {
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '') return err({ reason: 'not a usable URL' });
  if (url.protocol !== 'https:' && !(allowPrivate && url.protocol === 'http:'))
    return err({ reason: 'only https is fetched' });
  if (!allowPrivate && url.port !== '' && url.port !== '8443') return err({ reason: 'that port is not allowed' });
  return ok(url);
}

export interface GuardedFetchOptions {
  /** Private addresses too, on any port, and in clear text those only. */
  readonly allowPrivate: boolean;
  readonly lookup?: Lookup;
}

/** GET or POST, bounded in time and size, without redirects, cookies or decompression. */
export function makeGuardedFetch({ allowPrivate, lookup = makeNames() }: GuardedFetchOptions): GuardedFetch {
  const allows: Allows = (address, protocol) => (isPublic(address) ? protocol === 'https:' : allowPrivate);
  const dispatcher = dispatcherThat(allows, lookup, LIMITS.lookupsOfHostMax);
  return async (text, { signal, post } = {}) => {
    const url = checkUrl(text, allowPrivate);
    if (!url.ok) return err({ ...url.error, isFinal: true });
    try {
      const response = await request(url.value, {
        dispatcher,
        signal: AbortSignal.any([
          AbortSignal.timeout(LIMITS.fetchTimeoutMs),
          ...(signal === undefined ? [] : [signal]),
        ]),
        headers: { 'accept-encoding': 'identity', ...post?.headers },
        ...(post === undefined ? {} : { method: 'POST', body: post.body }),
      });
      const body = new Uint8Array(await response.body.arrayBuffer());
      return ok({ status: response.statusCode, headers: response.headers, body });
    } catch (error) {
      return err(unfetched(error));
    }
  };
}

const FINAL: ReadonlySet<unknown> = new Set([
  'ERR_ADDRESS_REFUSED',
  'ENOTFOUND',
  'ENODATA',
  'UND_ERR_RES_EXCEEDED_MAX_SIZE',
]);

function unfetched(error: unknown): Unfetched {
  if (!(error instanceof Error)) return { reason: 'unreachable', isFinal: false };
  return { reason: error.message, isFinal: 'code' in error && FINAL.has(error.code) };
}
