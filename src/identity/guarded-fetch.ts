/** Outbound calls to addresses a stranger chose: public unicast addresses only, checked at the moment of connecting, literals included. */
import { lookup } from 'node:dns/promises';
import ipaddr from 'ipaddr.js';
import { Agent, buildConnector, request } from 'undici';
import { LIMITS } from '../../protocol/limits.ts';
import { err, ok, type Result } from '../../protocol/result.ts';

export interface Fetched {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array;
}

export type GuardedFetch = (url: string) => Promise<Result<Fetched, { readonly reason: string }>>;

/** A dispatcher that dials only the address it has checked: a name that resolves differently a moment later changes nothing. */
export function guardedDispatcher(allowPrivate: boolean): Agent {
  const dial = buildConnector({ timeout: LIMITS.fetchTimeoutMs });
  return new Agent({
    maxResponseSize: LIMITS.fetchBytesMax,
    connect(options, callback) {
      resolveChecked(options.hostname, allowPrivate).then(
        (address) =>
          dial({ ...options, hostname: address, servername: options.servername ?? options.hostname }, callback),
        (error: Error) => callback(error, null),
      );
    },
  });
}

async function resolveChecked(host: string, allowPrivate: boolean): Promise<string> {
  const bare = host.replace(/^\[|\]$/g, '');
  const found = ipaddr.isValid(bare) ? [{ address: bare }] : await lookup(bare, { all: true });
  const [first] = found;
  // One private address among several is an attack, not a choice.
  if (first === undefined || !(allowPrivate || found.every(({ address }) => isPublic(address))))
    throw new Error('the address is not public');
  return first.address;
}

/** `process` unwraps IPv4 inside IPv6; everything that is not plain unicast (loopback, private, link-local, NAT64, 6to4, …) is refused. */
function isPublic(address: string): boolean {
  return ipaddr.process(address).range() === 'unicast';
}

export function checkUrl(text: string, allowPrivate: boolean): Result<URL, { readonly reason: string }> {
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '') return err({ reason: 'not a usable URL' });
  if (url.protocol !== 'https:' && !(allowPrivate && url.protocol === 'http:'))
    return err({ reason: 'only https is fetched' });
  if (!allowPrivate && url.port !== '' && url.port !== '8443') return err({ reason: 'that port is not allowed' });
  return ok(url);
}

/** GET, bounded in time and size, without redirects, cookies or decompression. */
export function makeGuardedFetch(options: { readonly allowPrivate: boolean }): GuardedFetch {
  const dispatcher = guardedDispatcher(options.allowPrivate);
  return async (text) => {
    const url = checkUrl(text, options.allowPrivate);
    if (!url.ok) return url;
    try {
      const response = await request(url.value, {
        dispatcher,
        signal: AbortSignal.timeout(LIMITS.fetchTimeoutMs),
        headers: { 'accept-encoding': 'identity' },
      });
      const body = new Uint8Array(await response.body.arrayBuffer());
      return ok({ status: response.statusCode, headers: response.headers, body });
    } catch (error) {
      return err({ reason: error instanceof Error ? error.message : 'unreachable' });
    }
  };
}
