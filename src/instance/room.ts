/** A store of a running gateway: it waits for a disk that is full, and ends the process over one that fails. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Log, StoreUnavailable } from '../ports.ts';
import { openSqliteStore, type SqliteStore } from '../store/sqlite.ts';
import { troubleOf } from '../store/sqlite-errors.ts';

const TRY_INTERVAL_MS = 1_000;

export function openStore(path: string, log: Log): SqliteStore {
  const fatal = (error: unknown) => {
    log('store.fatal', { error: error instanceof Error ? error.message : 'unknown' });
    // Nothing that was not fsynced may be acknowledged, and a failed fsync cannot be retried: a restart recovers from the disk.
    process.exit(70);
  };
  return openSqliteStore(path, fatal, { room: (hasRoom) => log(hasRoom ? 'store.room' : 'store.full') });
}

/** A disk without room is waited for at the start too: a gateway that ends over it would be started again, and again. */
export async function whenThereIsRoom<T>(open: () => Promise<T>, log: Log): Promise<T> {
  for (let waits = 0; ; waits += 1) {
    try {
      return await open();
    } catch (error) {
      const isFull = error instanceof StoreUnavailable ? error.reason === 'full' : troubleOf(error) === 'full';
      if (!isFull) throw error;
      if (waits === 0) log('store.full', { during: 'start' });
      await sleep(TRY_INTERVAL_MS);
    }
  }
}
