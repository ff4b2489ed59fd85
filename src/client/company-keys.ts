import type { JsonObject } from '../../protocol/base/json.ts';
import { unlessEnded } from './call.ts';

/** A key that was replaced because it was lost signs nothing that is believed for longer than this. */
const KEPT_MS_MAX = 3_600_000;
/** Whoever answers with keys that nobody has cannot have the company asked more often for them. */
const REREAD_MS_MIN = 60_000;

export interface KeysWanted {
  /** Key ids that something was signed with: where one is unknown, the keys are read again, once a minute at most. */
  readonly wanted?: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** The company's keys for a purpose. */
export type CompanyKeys = (purpose: string, wanted?: KeysWanted) => Promise<readonly JsonObject[]>;

/** Read over TLS when they are first needed, kept for an hour, read again for a key that is not among them. A read that failed is not kept. */
export function makeCompanyKeys(read: () => Promise<readonly JsonObject[]>, clock: () => Date): CompanyKeys {
  let kept: { readonly keys: readonly JsonObject[]; readonly at: number } | undefined;
  let reading: Promise<readonly JsonObject[]> | undefined;
  let rereadAt = Number.NEGATIVE_INFINITY;
  const ageOf = (at: number) => Math.abs(clock().getTime() - at);

  function readNow(): Promise<readonly JsonObject[]> {
    reading ??= readAndKeep().finally(() => {
      reading = undefined;
    });
    return reading;
  }

  async function readAndKeep(): Promise<readonly JsonObject[]> {
    const keys = await read();
    kept = { keys, at: clock().getTime() };
    return keys;
  }

  async function reread(): Promise<readonly JsonObject[]> {
    const keys = await readNow();
    rereadAt = clock().getTime();
    return keys;
  }

  return async (purpose, { wanted = [], signal } = {}) => {
    const isNew = kept !== undefined && ageOf(kept.at) < KEPT_MS_MAX;
    let keys = isNew && kept !== undefined ? kept.keys : await unlessEnded(readNow(), signal);
    const isKnown = (kid: string) => keys.some((each) => each['kid'] === kid);
    if (!wanted.every(isKnown) && ageOf(rereadAt) >= REREAD_MS_MIN) keys = await unlessEnded(reread(), signal);
    return keys.filter((each) => each['parley_purpose'] === purpose);
  };
}
