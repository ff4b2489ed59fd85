import { LIMITS } from '../../protocol/limits.ts';
import type { Candidate, VerifyKey } from '../../protocol/signature.ts';
import type { RawRequest } from '../edge/raw-request.ts';
import type { Clock } from '../ports.ts';
import type { KnownKey } from './authenticate.ts';
import type { GuardedFetch } from './guarded-fetch.ts';
import { type KeySet, NO_KEYS, readDocument } from './key-documents.ts';
import { type KeySource, keySourceOf, type SourceForm } from './key-source.ts';

interface Entry {
  readonly keys: KeySet;
  /** Unix milliseconds, all three. */
  readonly triedAt: number;
  readonly freshUntil: number;
  /** Known keys survive a directory that is down, for a while; unknown ones never do. */
  readonly usableUntil: number;
}

interface Loaded {
  readonly keys: KeySet;
  readonly ttlSeconds: number;
}

/** Keys that a request points to: a Web Bot Auth directory, JWK Set or card (`Signature-Agent`, both generations) or a profile
 * (`UCP-Agent`). Signatures of directories over themselves are not asked for: the draft leaves them to verifiers that did not fetch
 * the directory themselves. An unknown key refreshes its directory once per {@link LIMITS.directoryRetrySeconds}; so does a directory that failed. */
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

  /** A card may lead one address further, never two. */
  async function read(url: string, form: SourceForm): Promise<Loaded | undefined> {
    const fetched = await deps.fetch(url);
    if (!fetched.ok) return undefined;
    const found = readDocument(fetched.value, form, url);
    if (found instanceof URL) return read(found.href, 'jwks_uri');
    return found === undefined
      ? undefined
      : { keys: found, ttlSeconds: ttlSeconds(fetched.value.headers['cache-control']) };
  }

  async function load({ url, form }: KeySource, place: string, now: number): Promise<Entry> {
    const loaded = await read(url, form);
    if (loaded === undefined) {
      const held = known.get(place) ?? { keys: NO_KEYS, freshUntil: now, usableUntil: now };
      return remember(place, { ...held, triedAt: now });
    }
    const freshUntil = now + loaded.ttlSeconds * 1000;
    const usableUntil = freshUntil + LIMITS.directoryStaleSecondsMax * 1000;
    return remember(place, { keys: loaded.keys, triedAt: now, freshUntil, usableUntil });
  }

  function loadOnce(source: KeySource, place: string, now: number): Promise<Entry> | undefined {
    const loading = underway.get(place);
    if (loading !== undefined) return loading;
    // Strangers choose where we fetch from, before anything is proven: they must not choose how often at a time.
    if (underway.size >= LIMITS.directoryFetchesMax) return undefined;
    const started = load(source, place, now).finally(() => underway.delete(place));
    underway.set(place, started);
    return started;
  }

  return async function resolve(candidate: Candidate, request: RawRequest): Promise<KnownKey | undefined> {
    const source = keySourceOf(request, candidate);
    if (source === undefined) return undefined;
    const now = deps.clock.now().getTime();
    // One address may be read as several forms, and what it is as one says nothing of the others.
    const place = `${source.form} ${source.url}`;
    const held = known.get(place);
    const due = held === undefined || held.freshUntil <= now || keyOf(held.keys, candidate) === undefined;
    const rested = held === undefined || now - held.triedAt >= LIMITS.directoryRetrySeconds * 1000;
    const entry = due && rested ? ((await loadOnce(source, place, now)) ?? held) : held;
    if (entry === undefined || entry.usableUntil <= now) return undefined;
    if (entry === held) remember(place, entry);
    const key = keyOf(entry.keys, candidate);
    if (key === undefined) return undefined;
    const { profile } = entry.keys;
    return { key, via: source.via, name: source.name, ...(profile === undefined ? {} : { profile }) };
  };
}

function keyOf({ byThumbprint, byLabel }: KeySet, { keyid, profile }: Candidate): VerifyKey | undefined {
  return byThumbprint.get(keyid) ?? (profile.keyid === 'label' ? byLabel.get(keyid) : undefined);
}

function ttlSeconds(cacheControl: unknown): number {
  const asked = Number(/max-age=(\d{1,9})/.exec(String(cacheControl))?.[1] ?? LIMITS.directoryTtlSecondsMin);
  return Math.min(Math.max(asked, LIMITS.directoryTtlSecondsMin), LIMITS.directoryTtlSecondsMax);
}
