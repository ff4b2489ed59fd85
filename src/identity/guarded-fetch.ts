/** Outbound calls to addresses a stranger chose: public unicast addresses only, checked at the moment of connecting, literals included. */
import { lookup as lookupByName } from 'node:dns/promises';
import { isIP } from 'node:net';
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

/** All addresses of a name. */
export type Lookup = (host: string) => Promise<readonly { readonly address: string }[]>;

const systemLookup: Lookup = (host) => lookupByName(host, { all: true });

/** A dispatcher that dials only the address it has checked: a name that resolves differently a moment later changes nothing. */
export function guardedDispatcher(allowPrivate: boolean, lookup: Lookup = systemLookup): Agent {
  return dispatcherThat((address) => allowPrivate || isPublic(address), lookup);
}

type Allows = (address: string, protocol: string) => boolean;

function dispatcherThat(allows: Allows, lookup: Lookup): Agent {
  const dial = buildConnector({ timeout: LIMITS.fetchTimeoutMs, allowH2: false });
  return new Agent({
    maxResponseSize: LIMITS.fetchBytesMax,
    allowH2: false,
    connect(options, callback) {
      addressOf(options.hostname, (address) => allows(address, options.protocol), lookup).then(
        // Certificates are checked against the name, never against the address it had. A literal address has no name to send (RFC 6066 §3).
        (address) => dial({ ...options, hostname: address, servername: nameOf(options.hostname) }, callback),
        (error: Error) => callback(error, null),
      );
    },
  });
}

const bare = (host: string): string => host.replace(/^\[|\]$/g, '');
const nameOf = (host: string): string => (isIP(bare(host)) === 0 ? host : '');

async function addressOf(host: string, allows: (address: string) => boolean, lookup: Lookup): Promise<string> {
  const literal = bare(host);
  const found = ipaddr.isValid(literal) ? [{ address: literal }] : await lookup(literal);
  const [first] = found;
  // One forbidden address among several is an attack, not a choice.
  if (first === undefined || !found.every(({ address }) => allows(address)))
    throw new Error('the address is not one that is dialled');
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

export interface GuardedFetchOptions {
  /** Private addresses too, on any port, and in clear text those only. */
  readonly allowPrivate: boolean;
  readonly lookup?: Lookup;
}

/** GET, bounded in time and size, without redirects, cookies or decompression. */
export function makeGuardedFetch({ allowPrivate, lookup = systemLookup }: GuardedFetchOptions): GuardedFetch {
  const allows: Allows = (address, protocol) => (isPublic(address) ? protocol === 'https:' : allowPrivate);
  const dispatcher = dispatcherThat(allows, lookup);
  return async (text) => {
    const url = checkUrl(text, allowPrivate);
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
