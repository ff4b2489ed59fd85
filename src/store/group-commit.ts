import type { Statements } from './statements.ts';

interface Job {
  readonly run: () => unknown;
  readonly done: (value: unknown) => void;
  readonly failed: (error: unknown) => void;
}

/** Primary result codes of SQLite that a statement's own values cause, and no disk. */
const REFUSED_VALUES: ReadonlySet<unknown> = new Set([
  /* SQLITE_TOOBIG */ 18, /* SQLITE_CONSTRAINT */ 19, /* SQLITE_MISMATCH */ 20,
]);

/** Runs every job that arrived in the same turn of the event loop in one transaction, so that they share one fsync, and settles
 * them only after it. A job decides by its return value. What the database refuses is a mistake in one job and costs its neighbours
 * nothing; when the database itself fails nobody is acknowledged. */
export function makeGroupCommit(
  sql: Pick<Statements, 'begin' | 'commit' | 'rollback'>,
  onFatal: (error: unknown) => void,
) {
  let waiting: Job[] = [];

  function flush(): void {
    const jobs = waiting;
    waiting = [];
    together(jobs);
  }

  function together(jobs: readonly Job[]): void {
    const results: unknown[] = [];
    try {
      sql.begin.run();
      for (const job of jobs) results.push(job.run());
      sql.commit.run();
    } catch (error) {
      rollback();
      if (isRefused(error) && jobs.length > 1) {
        for (const job of jobs) together([job]);
        return;
      }
      for (const job of jobs) job.failed(error);
      if (isRefused(error)) return;
      // After a failed fsync the page cache can no longer be trusted: the process must not retry on the same handle.
      onFatal(error);
      return;
    }
    jobs.forEach((job, index) => {
      job.done(results[index]);
    });
  }

  function rollback(): void {
    try {
      sql.rollback.run();
    } catch {
      // The transaction is already gone; the first error is the one that counts.
    }
  }

  return function commit<T>(run: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (waiting.length === 0) setImmediate(flush);
      waiting.push({ run, done: (value) => resolve(value as T), failed: reject });
    });
  };
}

function isRefused(error: unknown): boolean {
  // The low byte is the primary result code, the rest its refinement.
  return error instanceof Error && 'errcode' in error && REFUSED_VALUES.has(Number(error.errcode) & 0xff);
}
