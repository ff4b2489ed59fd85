import { randomInt } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { AdapterError } from './index.ts';

/** Chance and waiting, so that a test can decide both. */
export interface Timing {
  /** From 0 up to but not 1. */
  random(): number;
  /** Rejects when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** As many steps as `randomInt` has. */
const STEPS = 2 ** 48 - 1;

export const systemTiming: Timing = {
  random: () => randomInt(STEPS) / STEPS,
  sleep: (ms, signal) => wait(ms, undefined, { signal }),
};

export function stopped(): AdapterError {
  return new AdapterError('retryable', 'The call was stopped before it was sent.');
}

/** The caller goes when it must; the work goes on for whoever else waits for it. */
export function orStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    work.catch(() => undefined);
    return Promise.reject(stopped());
  }
  return new Promise((resolve, reject) => {
    const abort = () => reject(stopped());
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
