import { LIMITS } from '../../../protocol/base/limits.ts';
import type { Result } from '../../../protocol/base/result.ts';
import type { Candidate } from '../../../protocol/signature/signature.ts';
import type { RawRequest } from '../../edge/raw-request.ts';
import { makeByteCache } from '../../platform/byte-cache.ts';
import type { Fetched, GuardedFetch, Unfetched } from '../../platform/guarded-fetch.ts';
import { makeStrangerLane } from '../../platform/stranger-lane.ts';
import type { Clock } from '../../ports.ts';
import { keySeconds } from '../key-lifetime.ts';
import type { Found } from './authenticate.ts';
import { type KeySet, NO_KEYS, readDocument } from './key-documents.ts';
import { type KeySource, keySourceOf, type SourceForm } from './key-source.ts';
import type { UnopenedKey } from './keys-node.ts';

interface Entry {
  readonly keys: KeySet;
  /** When it was last tried: whether nobody can say what it would have said. */
  readonly isUnanswered: boolean;
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

/** Too much is under way; nobody answered; or there is no such document. */
type NotLoaded = 'busy' | 'unanswered' | undefined;

/** A source, by the name it is remembered under: one address may be read as several forms, and what it is as one says nothing of the others. */
interface Place {
  readonly source: KeySource;
  readonly name: string;
  readonly host: string;
}

/** Keys that a request points to: a Web Bot Auth directory, JWK Set or card (`Signature-Agent`, both generations) or a profile
 * (`UCP-Agent`). Signatures of directories over themselves are not asked for: the draft leaves them to verifiers that did not fetch
 * the directory themselves. An unknown key refreshes its directory once per {@link LIMITS.directoryRetrySeconds}; so does a directory that failed.
 * What nothing has proven yet is kept apart, in a small room; one request causes one look-up at most. */
export function makeDirectories({ fetch, clock }: { readonly fetch: GuardedFetch; readonly clock: Clock }) {
  const proven = makeByteCache<Entry>({
    bytesMax: LIMITS.directoryBytesMax,
    bytesOfGroupMax: LIMITS.directoryBytesOfHostMax,
  });
  const unproven = makeByteCache<Entry>({
    bytesMax: LIMITS.unprovenBytesMax,
    bytesOfGroupMax: LIMITS.unprovenBytesOfHostMax,
  });
  const underway = new Map<string, Promise<Entry | 'busy'>>();
  const lane = makeStrangerLane(clock);

  function remember({ name, host }: Place, entry: Entry, where: typeof proven): Entry {
    where.set(name, { value: entry, group: host, bytes: entry.keys.bytes });
    return entry;
  }

  /** A card may lead one address further, never two. */
  async function read(url: string, form: SourceForm, signal: AbortSignal): Promise<Loaded | NotLoaded> {
    const fetched = await fetch(url, { signal });
    if (signal.aborted) return 'busy';
    if (isUnanswered(fetched)) return 'unanswered';
    if (!fetched.ok) return undefined;
    const found = readDocument(fetched.value, form, url);
    if (found instanceof URL) return lane.mayCall(found.host) ? read(found.href, 'jwks_uri', signal) : 'busy';
    return found === undefined
      ? undefined
      : { keys: found, ttlSeconds: keySeconds(fetched.value.headers['cache-control']) };
  }

  async function load(place: Place, now: number, signal: AbortSignal): Promise<Entry | 'busy'> {
    const loaded = await read(place.source.url, place.source.form, signal);
    if (loaded === 'busy') return loaded;
    const isProven = proven.get(place.name) !== undefined;
    const where = isProven ? proven : unproven;
    if (loaded === undefined || loaded === 'unanswered') {
      const held = where.get(place.name) ?? { keys: NO_KEYS, freshUntil: now, usableUntil: now };
      return remember(place, { ...held, triedAt: now, isUnanswered: loaded === 'unanswered' }, where);
    }
    const freshUntil = now + loaded.ttlSeconds * 1000;
    const usableUntil = freshUntil + LIMITS.directoryStaleSecondsMax * 1000;
    return remember(place, { keys: loaded.keys, triedAt: now, isUnanswered: false, freshUntil, usableUntil }, where);
  }

  function start(place: Place, now: number): Promise<Entry | 'busy'> {
    const started = lane.run(place.host, (signal) => load(place, now, signal));
    if (started === undefined) return Promise.resolve('busy');
    const shared = started.finally(() => underway.delete(place.name));
    underway.set(place.name, shared);
    return shared;
  }

  /** Its keys have proven a request. */
  function proved(place: Place, entry: Entry): void {
    lane.proved(place.host);
    if (proven.get(place.name) === entry) return;
    unproven.delete(place.name);
    remember(place, entry, proven);
  }

  /** For the signatures of one request. */
  return (request: RawRequest) => {
    let mayLook = true;

    async function entryOf(place: Place, candidate: Candidate, now: number): Promise<Entry | 'busy' | undefined> {
      const held = proven.get(place.name) ?? unproven.get(place.name);
      const isDue = held === undefined || held.freshUntil <= now || keyOf(held.keys, candidate) === undefined;
      const isRested = held === undefined || now - held.triedAt >= LIMITS.directoryRetrySeconds * 1000;
      if (!isDue || !isRested) return held;
      const shared = underway.get(place.name);
      const loading = shared ?? (mayLook ? start(place, now) : 'busy');
      if (shared === undefined) mayLook = false;
      const loaded = await loading;
      return loaded === 'busy' && held !== undefined && keyOf(held.keys, candidate) !== undefined ? held : loaded;
    }

    return async (candidate: Candidate): Promise<Found> => {
      const source = keySourceOf(request, candidate);
      const host = source === undefined ? undefined : URL.parse(source.url)?.host;
      if (source === undefined || host === undefined) return undefined;
      const now = clock.now().getTime();
      const place: Place = { source, host, name: `${source.form} ${source.url}` };
      const entry = await entryOf(place, candidate, now);
      if (entry === 'busy') return entry;
      const key = entry === undefined || entry.usableUntil <= now ? undefined : keyOf(entry.keys, candidate)?.open();
      if (entry === undefined || key === undefined) return entry?.isUnanswered ? 'unanswered' : undefined;
      const { profile } = entry.keys;
      const { via, name } = source;
      return { key, via, name, proved: () => proved(place, entry), ...(profile === undefined ? {} : { profile }) };
    };
  };
}

/** Nothing came, or a server came to say that it cannot. What is there and wrong is the agent's own. */
function isUnanswered(fetched: Result<Fetched, Unfetched>): boolean {
  return fetched.ok ? fetched.value.status >= 500 || fetched.value.status === 429 : !fetched.error.isFinal;
}

function keyOf({ byThumbprint, byLabel }: KeySet, { keyid, profile }: Candidate): UnopenedKey | undefined {
  return byThumbprint.get(keyid) ?? (profile.keyid === 'label' ? byLabel.get(keyid) : undefined);
}
