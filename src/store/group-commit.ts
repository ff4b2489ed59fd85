import type { Statements } from './statements.ts';

interface Job {
  readonly run: () => unknown;
  readonly done: (value: unknown) => void;
  readonly failed: (error: unknown) => void;
}

/** Runs every job that arrived in the same turn of the event loop in one transaction, so that they share one fsync, and settles
 * them only after it. A job decides by its return value; it throws only when the database itself fails, and then nobody is acknowledged. */
export function makeGroupCommit(
  sql: Pick<Statements, 'begin' | 'commit' | 'rollback'>,
  onFatal: (error: unknown) => void,
) {
  let waiting: Job[] = [];

  function flush(): void {
    const jobs = waiting;
    waiting = [];
    const results: unknown[] = [];
    try {
      sql.begin.run();
      for (const job of jobs) results.push(job.run());
      sql.commit.run();
    } catch (error) {
      rollback();
      for (const job of jobs) job.failed(error);
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
