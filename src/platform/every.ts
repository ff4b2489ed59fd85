import { type Log, StoreUnavailable } from '../ports.ts';

/** Repeats a task that never overlaps with itself, until its timer is cleared. */
export function every(intervalMs: number, task: () => Promise<unknown>, log: Log): NodeJS.Timeout {
  let busy = false;
  return setInterval(() => {
    if (busy) return;
    busy = true;
    task()
      .catch(logFailure(log))
      .finally(() => {
        busy = false;
      });
  }, intervalMs);
}

export const logFailure = (log: Log) => (error: unknown) => {
  // Told once, when it began; the task comes again.
  if (error instanceof StoreUnavailable) return;
  log('task.failed', { error: error instanceof Error ? error.message : 'unknown' });
};
