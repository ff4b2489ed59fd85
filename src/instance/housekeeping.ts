import { setTimeout as sleep } from 'node:timers/promises';
import { LIMITS } from '../../protocol/base/limits.ts';
import type { Config } from '../config/config.ts';
import type { Registrations } from '../identity/signature/registrations.ts';
import type { Clock } from '../ports.ts';
import { instanceTables } from '../store/instance-sqlite.ts';
import { makeRetention } from '../store/retention-sqlite.ts';
import type { SqliteStore } from '../store/sqlite.ts';

interface Kept {
  readonly store: SqliteStore;
  readonly retention: Config['retention'];
  readonly clock: Clock;
  readonly registrations: Pick<Registrations, 'expire'>;
}

const SLICE_PAUSE_MS = 20;
const DAY_SECONDS = 86_400;

/** What is kept no longer than was said, in slices between which everybody else has their turn. */
export function makeHousekeeping({ store, retention, clock, registrations }: Kept): () => Promise<void> {
  const kept = {
    operations: retention.operations_days * DAY_SECONDS,
    outgoing: retention.outbox_days * DAY_SECONDS,
    checkpoints: retention.checkpoints_days * DAY_SECONDS,
    limits: LIMITS.limitMemorySeconds,
  };
  const forget = makeRetention(store.db, kept, instanceTables(store.db).epochs);
  return async () => {
    store.forgetNonces(Math.floor(clock.now().getTime() / 1_000));
    await registrations.expire();
    while (forget(clock.now().getTime()) > 0) await sleep(SLICE_PAUSE_MS);
  };
}
