/** Names that strangers chose, looked up without the machine's threads: every asker has queries, sockets and time limits of its own. */
import { Resolver } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lookup } from '../../adapters/sdk/dial.ts';

/** With its timers' grain, two tries end within `fetchTimeoutMs`: a look-up does not outlast the call it is for. */
const TRY_MS = 900;
const TRIES = 2;
/** Once a name has an address of one family, the other family's answer is not waited for any longer than this. */
const OTHER_FAMILY_MS = 250;

export interface NamesOptions {
  /** DNS servers, `address` or `address:port`; those of the machine where left out. */
  readonly servers?: readonly string[];
  /** Names with fixed addresses. */
  readonly hosts?: ReadonlyMap<string, readonly string[]>;
}

/** A resolver of its own: nothing that hangs in another delays it. Without search domains: a name is what was written. */
export function makeNames({ servers = [], hosts = new Map() }: NamesOptions = {}): Lookup {
  const resolver = new Resolver({ timeout: TRY_MS, maxTimeout: TRY_MS, tries: TRIES });
  if (servers.length > 0) resolver.setServers(servers);
  return async (host) => {
    const name = host.toLowerCase().replace(/\.$/, '');
    const fixed = isLocal(name) ? ['127.0.0.1', '::1'] : hosts.get(name);
    const found = fixed ?? (await resolved(resolver, name));
    return found.map((address) => ({ address }));
  };
}

async function resolved(resolver: Resolver, name: string): Promise<readonly string[]> {
  const families = [resolver.resolve4(name), resolver.resolve6(name)];
  const none: readonly string[] = [];
  const known = families.map((each) => each.catch(() => none));
  // Whichever comes first; where neither comes, the reason of the first.
  const first = await Promise.any(families).catch(() => undefined);
  if (first === undefined) return families[0] ?? none;
  const late = sleep(OTHER_FAMILY_MS, none, { ref: false });
  const [v4 = none, v6 = none] = await Promise.all(known.map((each) => Promise.race([each, late])));
  return hasIpv4() ? [...v4, ...v6] : [...v6, ...v4];
}

/** RFC 6761 §6.3: never asked of anybody. */
const isLocal = (name: string): boolean => name === 'localhost' || name.endsWith('.localhost');

/** Only a machine without any IPv4 address of its own dials IPv6 first. */
function hasIpv4(): boolean {
  const outward = Object.values(networkInterfaces()).flatMap((each = []) => each.filter(({ internal }) => !internal));
  return outward.length === 0 || outward.some(({ family }) => family === 'IPv4');
}

/** The machine's hosts file, for names that the company wrote down. */
export function hostsFile(path = '/etc/hosts'): ReadonlyMap<string, readonly string[]> {
  const hosts = new Map<string, string[]>();
  for (const line of textOf(path).split('\n')) {
    const [address, ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (address === undefined || address === '') continue;
    for (const name of names) hosts.set(name.toLowerCase(), [...(hosts.get(name.toLowerCase()) ?? []), address]);
  }
  return hosts;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
