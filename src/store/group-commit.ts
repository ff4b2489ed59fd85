import { StoreUnavailable } from '../ports.ts';
import type { Handle } from './handle.ts';

interface Job {
  readonly run: () => unknown;
  readonly done: (value: unknown) => void;
  readonly failed: (error: unknown) => void;
  readonly since: number;
}

/** Another process (a backup, somebody's shell) may hold the lock this long before the units that wait for it are refused. */
const BUSY_MS_MAX = 5_000;
const BUSY_RETRY_MS = 20;

/** Runs every job that arrived in the same turn of the event loop in one transaction, so that they share one fsync, and settles
 * them only after it. A job decides by its return value. What the database refuses is a mistake in one job and costs its neighbours
 * nothing; when the database itself fails nobody is acknowledged. */
export function makeGroupCommit(handle: Pick<Handle, 'transaction'>, busyMs: number = BUSY_MS_MAX) {
  let waiting: Job[] = [];

  function flush(): void {
    const jobs = waiting;
    waiting = [];
    together(jobs);
  }

  function together(jobs: readonly Job[]): void {
    let results: readonly unknown[];
    try {
      results = handle.transaction(() => jobs.map((job) => job.run()));
    } catch (error) {
      if (error instanceof StoreUnavailable) unavailable(jobs, error);
      else if (jobs.length > 1) for (const job of jobs) together([job]);
      else for (const job of jobs) job.failed(error);
      return;
    }
    jobs.forEach((job, index) => {
      job.done(results[index]);
    });
  }

  /** Reading and thinking go on while a lock is waited for. */
  function unavailable(jobs: readonly Job[], error: StoreUnavailable): void {
    const now = performance.now();
    const patient = error.reason === 'busy' ? jobs.filter(({ since }) => now - since < busyMs) : [];
    for (const job of jobs) if (!patient.includes(job)) job.failed(error);
    if (patient.length === 0) return;
    if (waiting.length === 0) setTimeout(flush, BUSY_RETRY_MS);
    waiting = [...patient, ...waiting];
  }

  return function commit<T>(run: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (waiting.length === 0) setImmediate(flush);
      waiting.push({ run, done: (value) => resolve(value as T), failed: reject, since: performance.now() });
    });
  };
}
