/** Connections to addresses somebody else chose: public unicast addresses only, checked at the moment of connecting, literals included. */
import { lookup as lookupByName } from 'node:dns/promises';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { Agent, buildConnector } from 'undici';

/** All addresses of a name. */
export type Lookup = (host: string) => Promise<readonly { readonly address: string }[]>;

/** As the machine resolves names, hosts file and search domains included. It takes one of the four threads that all of Node shares, for as
 * long as a silent server lets it wait: one a name, and only for names that the company wrote down. */
export const systemLookup: Lookup = shared((host) => lookupByName(host, { all: true }));

function shared(lookup: Lookup): Lookup {
  const underway = new Map<string, ReturnType<Lookup>>();
  return (host) => {
    const asked = underway.get(host);
    if (asked !== undefined) return asked;
    const started = lookup(host).finally(() => underway.delete(host));
    underway.set(host, started);
    return started;
  };
}

/** Whether an address may be dialled over `http:` or `https:`. */
export type Allows = (address: string, protocol: string) => boolean;

export interface DialOptions {
  readonly allows: Allows;
  readonly lookup?: Lookup;
  readonly connectTimeoutMs: number;
  readonly answerBytesMax: number;
  /** Connections to one origin at a time; any number unless told. */
  readonly connections?: number;
}

/** A dispatcher that dials only the address it has checked: a name that resolves differently a moment later changes nothing. */
export function dialler({
  allows,
  lookup = systemLookup,
  connectTimeoutMs,
  answerBytesMax,
  connections,
}: DialOptions): Agent {
  const dial = buildConnector({ timeout: connectTimeoutMs, allowH2: false });
  return new Agent({
    maxResponseSize: answerBytesMax,
    allowH2: false,
    ...(connections === undefined ? {} : { connections }),
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
    throw Object.assign(new Error('the address is not one that is dialled'), { code: 'ERR_ADDRESS_REFUSED' });
  return first.address;
}
