import { type Refusal, refusal } from '../../../protocol/base/errors.ts';
import { LIMITS } from '../../../protocol/base/limits.ts';
import { err, ok, type Result } from '../../../protocol/base/result.ts';
import type { MandateFacts, MandateIssuers } from '../../../protocol/mandate/mandate.ts';
import { readStatusList, type StatusList, statusAt } from './status-list.ts';

/** A guarded GET: public addresses only, no redirects, bounded in size and time. */
export type GuardedFetch = (
  url: string,
) => Promise<Result<{ readonly status: number; readonly body: Uint8Array }, { readonly reason: string }>>;

export interface StatusLists {
  /** Whether the mandate's published status is valid. `mandate-revoked` when it is not, `mandate-unverifiable` when nobody can tell. */
  check(facts: MandateFacts, now: Date): Promise<Result<void, Refusal>>;
}

interface Held {
  readonly list: Promise<Result<StatusList, string>>;
  /** Unix seconds; open while the answer is on its way, so that requests share one fetch. */
  until: number;
}

/** Published revocation lists, each fetched once and believed for as long as it says. Unreachable ones refuse, and are not asked again at once. */
export function makeStatusLists(deps: { readonly fetch: GuardedFetch; readonly issuers: MandateIssuers }): StatusLists {
  const held = new Map<string, Held>();

  async function read(uri: string, issuer: string, now: Date): Promise<Result<StatusList, string>> {
    const trusted = deps.issuers.get(issuer);
    if (trusted === undefined) return err('its issuer is not known here');
    try {
      const answer = await deps.fetch(uri);
      if (!answer.ok || answer.value.status !== 200) return err('its status list cannot be fetched');
      return await readStatusList(answer.value.body, uri, trusted, now);
    } catch {
      return err('its status list cannot be fetched');
    }
  }

  function obtain(uri: string, issuer: string, now: Date): Held {
    const seconds = now.getTime() / 1000;
    // By issuer too: a list is believed for the one whose keys signed it.
    const name = `${issuer} ${uri}`;
    const known = held.get(name);
    if (known !== undefined && seconds < known.until) return known;
    held.delete(name);
    const oldest = held.size < LIMITS.statusListsMax ? undefined : held.keys().next().value;
    if (oldest !== undefined) held.delete(oldest);
    const fresh: Held = { list: read(uri, issuer, now), until: Number.POSITIVE_INFINITY };
    held.set(name, fresh);
    void fresh.list.then((list) => {
      fresh.until = list.ok ? list.value.freshUntil : seconds + LIMITS.directoryRetrySeconds;
    });
    return fresh;
  }

  return {
    async check({ status, issuer }, now) {
      if (status === undefined) return ok(undefined);
      const obtained = obtain(status.uri, issuer, now);
      const list = await obtained.list;
      const value = list.ok ? statusAt(list.value, status.index) : undefined;
      if (value === 0) return ok(undefined);
      if (value !== undefined) return err(refusal('mandate-revoked'));
      const why = list.ok ? 'The mandate’s place is not in its status list' : `Not verifiable: ${list.error}`;
      // Until then the same is read again.
      const seconds = Math.ceil(obtained.until - now.getTime() / 1000);
      return err({ ...refusal('mandate-unverifiable', `${why}.`), retryAfterSeconds: Math.max(1, seconds) });
    },
  };
}
