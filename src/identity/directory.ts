import { parseDictionary, parseItem } from 'structured-headers';
import type { Thumbprint } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { VerifyKey } from '../../protocol/signature.ts';
import type { RawRequest } from '../edge/raw-request.ts';
import type { Clock } from '../ports.ts';
import type { KnownKey } from './authenticate.ts';
import type { GuardedFetch } from './guarded-fetch.ts';
import { verifyKeyOf } from './keys-node.ts';

const WELL_KNOWN = '/.well-known/http-message-signatures-directory';
/** Directories remembered at once; the least recently used goes first. */
const DIRECTORIES_MAX = 1_000;

interface Entry {
  readonly keys: ReadonlyMap<string, VerifyKey>;
  readonly fetchedAt: number;
  readonly expiresAt: number;
}

/** Keys that a request points to: a Web Bot Auth directory (`Signature-Agent`, both generations) or a profile (`UCP-Agent`).
 * An unknown key refreshes its directory once per {@link LIMITS.directoryRetrySeconds}; so does a directory that failed. */
export function makeDirectories(deps: { readonly fetch: GuardedFetch; readonly clock: Clock }) {
  const known = new Map<string, Entry>();
  const underway = new Map<string, Promise<Entry>>();

  async function load(url: string, now: number): Promise<Entry> {
    const fetched = await deps.fetch(url);
    const usable = fetched.ok && fetched.value.status === 200;
    const keys = usable ? readKeys(fetched.value.body) : new Map<string, VerifyKey>();
    const ttl = usable ? ttlSeconds(fetched.value.headers['cache-control']) : LIMITS.directoryRetrySeconds;
    const entry = { keys, fetchedAt: now, expiresAt: now + ttl * 1000 };
    known.delete(url);
    known.set(url, entry);
    const [oldest] = known.keys();
    if (known.size > DIRECTORIES_MAX && oldest !== undefined) known.delete(oldest);
    return entry;
  }

  return async function resolve(keyid: Thumbprint, request: RawRequest): Promise<KnownKey | undefined> {
    const source = sourceOf(request);
    if (source === undefined) return undefined;
    const now = deps.clock.now().getTime();
    const held = known.get(source.url);
    const rested = held === undefined || now - held.fetchedAt >= LIMITS.directoryRetrySeconds * 1000;
    let entry = held;
    if (held === undefined || (rested && (held.expiresAt <= now || !held.keys.has(keyid)))) {
      const loading = underway.get(source.url) ?? load(source.url, now).finally(() => underway.delete(source.url));
      underway.set(source.url, loading);
      entry = await loading;
    }
    const key = entry?.keys.get(keyid);
    return key === undefined ? undefined : { key, via: source.via, name: source.name };
  };
}

interface Source {
  readonly url: string;
  readonly via: 'directory' | 'profile';
  /** The identity is where the key was found, never what a header claims. */
  readonly name: string;
}

function sourceOf({ headers }: RawRequest): Source | undefined {
  const agent = headers.get('signature-agent')?.join(', ');
  if (agent !== undefined) {
    const url = URL.parse(signatureAgent(agent) ?? '');
    return url === null ? undefined : { url: `${url.origin}${WELL_KNOWN}`, via: 'directory', name: url.origin };
  }
  const profile = URL.parse(memberOf(headers.get('ucp-agent')?.join(', ') ?? '', 'profile') ?? '');
  return profile === null ? undefined : { url: profile.href, via: 'profile', name: profile.href };
}

/** A bare string (first generation) or a dictionary whose first member is one (current draft). */
function signatureAgent(field: string): string | undefined {
  try {
    const [value] = parseItem(field);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return memberOf(field, undefined);
  }
}

function memberOf(field: string, name: string | undefined): string | undefined {
  try {
    const dictionary = parseDictionary(field);
    const value = (name === undefined ? [...dictionary.values()][0] : dictionary.get(name))?.[0];
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** By computed thumbprint; kinds of keys we do not know never invalidate the set. */
function readKeys(body: Uint8Array): ReadonlyMap<string, VerifyKey> {
  const keys = new Map<string, VerifyKey>();
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    const set: Record<string, unknown> = typeof value === 'object' && value !== null ? { ...value } : {};
    const listed = [set['keys'], set['signing_keys']].find(Array.isArray) ?? [];
    for (const jwk of listed.slice(0, LIMITS.directoryKeysMax)) {
      const key = verifyKeyOf(jwk);
      if (key.ok) keys.set(key.value.kid, key.value);
    }
  } catch {
    // Not a directory: it has no keys.
  }
  return keys;
}

function ttlSeconds(cacheControl: unknown): number {
  const asked = Number(/max-age=(\d{1,9})/.exec(String(cacheControl))?.[1] ?? LIMITS.directoryTtlSecondsMin);
  return Math.min(Math.max(asked, LIMITS.directoryTtlSecondsMin), LIMITS.directoryTtlSecondsMax);
}
