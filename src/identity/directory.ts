import { LIMITS } from '../../protocol/limits.ts';
import type { Candidate, VerifyKey } from '../../protocol/signature.ts';
import type { RawRequest } from '../edge/raw-request.ts';
import { parseStrictJson } from '../edge/strict-json.ts';
import type { Clock } from '../ports.ts';
import type { KnownKey } from './authenticate.ts';
import type { Fetched, GuardedFetch } from './guarded-fetch.ts';
import { type KeySource, keySourceOf } from './key-source.ts';
import { verifyKeyOf } from './keys-node.ts';

const DIRECTORY_TYPE = 'application/http-message-signatures-directory+json';

interface Entry {
  readonly keys: ReadonlyMap<string, VerifyKey>;
  /** Unix milliseconds, all three. */
  readonly triedAt: number;
  readonly freshUntil: number;
  /** Known keys survive a directory that is down, for a while; unknown ones never do. */
  readonly usableUntil: number;
}

/** Keys that a request points to: a Web Bot Auth directory (`Signature-Agent`, both generations) or a profile (`UCP-Agent`).
 * An unknown key refreshes its directory once per {@link LIMITS.directoryRetrySeconds}; so does a directory that failed. */
export function makeDirectories(deps: { readonly fetch: GuardedFetch; readonly clock: Clock }) {
  // In the order of their last use: the first is the one to forget.
  const known = new Map<string, Entry>();
  const underway = new Map<string, Promise<Entry>>();

  function remember(url: string, entry: Entry): Entry {
    known.delete(url);
    known.set(url, entry);
    const [oldest] = known.keys();
    if (known.size > LIMITS.directoriesMax && oldest !== undefined) known.delete(oldest);
    return entry;
  }

  async function load({ url, via }: KeySource, now: number): Promise<Entry> {
    const fetched = await deps.fetch(url);
    const keys = fetched.ok ? readDirectory(fetched.value, via) : undefined;
    if (keys === undefined || !fetched.ok) {
      const held = known.get(url) ?? { keys: new Map(), freshUntil: now, usableUntil: now };
      return remember(url, { ...held, triedAt: now });
    }
    const freshUntil = now + ttlSeconds(fetched.value.headers['cache-control']) * 1000;
    const usableUntil = freshUntil + LIMITS.directoryStaleSecondsMax * 1000;
    return remember(url, { keys, triedAt: now, freshUntil, usableUntil });
  }

  function loadOnce(source: KeySource, now: number): Promise<Entry> | undefined {
    const loading = underway.get(source.url);
    if (loading !== undefined) return loading;
    // Strangers choose where we fetch from, before anything is proven: they must not choose how often at a time.
    if (underway.size >= LIMITS.directoryFetchesMax) return undefined;
    const started = load(source, now).finally(() => underway.delete(source.url));
    underway.set(source.url, started);
    return started;
  }

  return async function resolve(candidate: Candidate, request: RawRequest): Promise<KnownKey | undefined> {
    const source = keySourceOf(request, candidate);
    if (source === undefined) return undefined;
    const now = deps.clock.now().getTime();
    const held = known.get(source.url);
    const due = held === undefined || held.freshUntil <= now || !held.keys.has(candidate.keyid);
    const rested = held === undefined || now - held.triedAt >= LIMITS.directoryRetrySeconds * 1000;
    const entry = due && rested ? ((await loadOnce(source, now)) ?? held) : held;
    if (entry === undefined || entry.usableUntil <= now) return undefined;
    if (entry === held) remember(source.url, entry);
    const key = entry.keys.get(candidate.keyid);
    return key === undefined ? undefined : { key, via: source.via, name: source.name };
  };
}

/** By computed thumbprint; kinds of keys we do not know never invalidate the set. `undefined` when this is no directory. */
function readDirectory(fetched: Fetched, via: KeySource['via']): ReadonlyMap<string, VerifyKey> | undefined {
  const type = String(fetched.headers['content-type'] ?? '').split(';', 1)[0];
  const expected = via === 'directory' ? type?.toLowerCase() === DIRECTORY_TYPE : /\/(?:.+\+)?json$/i.test(type ?? '');
  if (fetched.status !== 200 || !expected) return undefined;
  const parsed = parseStrictJson(fetched.body);
  if (!parsed.ok || typeof parsed.value !== 'object' || parsed.value === null) return undefined;
  const set: Readonly<Record<string, unknown>> = { ...parsed.value };
  const listed: unknown[] | undefined = [set['keys'], set['signing_keys']].find(Array.isArray);
  if (listed === undefined) return undefined;
  const keys = new Map<string, VerifyKey>();
  for (const jwk of listed.slice(0, LIMITS.directoryKeysMax)) {
    const key = verifyKeyOf(jwk);
    if (key.ok) keys.set(key.value.kid, key.value);
  }
  return keys;
}

function ttlSeconds(cacheControl: unknown): number {
  const asked = Number(/max-age=(\d{1,9})/.exec(String(cacheControl))?.[1] ?? LIMITS.directoryTtlSecondsMin);
  return Math.min(Math.max(asked, LIMITS.directoryTtlSecondsMin), LIMITS.directoryTtlSecondsMax);
}
