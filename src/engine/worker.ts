import { StoreUnavailable } from '../ports.ts';
import type { Operation } from './operation.ts';
import type { Change, World } from './world.ts';
import { write } from './write.ts';

const SCAN_INTERVAL_MS = 250;
/** A step that throws is our bug: the operation is left as it is and looked at again after this. */
const AFTER_BUG_MS = 30_000;
/** What the store did not take is tried again: until an intent is recorded nothing is written, and an outcome that is not is read again. */
const AFTER_UNSTORED_MS = 1_000;

export interface Worker {
  /** Something changed: wake whoever waits for it and work on it. */
  changed(id: string): void;
  wake(id: string): void;
  /** Resolves with the operation when its version exceeds `version`, or as it is after `waitMs`. */
  waitBeyond(id: string, version: number, waitMs: number): Promise<Operation | undefined>;
  start(): void;
  /** Stops taking work and waits for what is under way. */
  stop(): Promise<void>;
}

/** Drives operations through the company's steps: at once when woken, and by scanning for what is due, which is also the recovery. */
export function makeWorker(
  world: Pick<World, 'store' | 'clock' | 'log'>,
  /** Operations worked on at once: what the CRM can take. */
  concurrency: number,
  work: (operation: Operation, continuing: boolean) => Promise<Change | undefined>,
): Worker {
  const queue = new Set<string>();
  const running = new Map<string, Promise<void>>();
  const resting = new Map<string, number>();
  const waiters = new Map<string, Set<() => void>>();
  let timer: NodeJS.Timeout | undefined;
  let stopped = true;

  function pump(): void {
    for (const id of queue) {
      if (stopped || running.size >= concurrency) return;
      if (running.has(id)) continue;
      queue.delete(id);
      const run = advance(id)
        .catch((error: unknown) => {
          if (error instanceof StoreUnavailable)
            return void resting.set(id, world.clock.now().getTime() + AFTER_UNSTORED_MS);
          resting.set(id, world.clock.now().getTime() + AFTER_BUG_MS);
          world.log('worker.bug', {
            operation: id,
            error: error instanceof Error ? (error.stack ?? error.message) : 'unknown',
          });
        })
        .finally(() => {
          running.delete(id);
          pump();
        });
      running.set(id, run);
    }
  }

  async function advance(id: string): Promise<void> {
    // True only while this very loop recorded the intent of a write and has not left it since.
    let continuing = false;
    while (!stopped) {
      const operation = world.store.operation(id);
      if (operation === undefined || operation.dueAt === null || operation.dueAt > world.clock.now().getTime()) return;
      const change = await work(operation, continuing);
      if (change === undefined) return;
      const written = await write(world.store, change);
      if (!written.ok) throw new Error(`${id}: nobody to refuse it to: ${written.error.code}`);
      continuing = written.value.committed.ok;
      if (!continuing) continue;
      announce(id);
      const { beside } = written.value.change;
      if (beside !== undefined) wake(beside.next.id);
    }
  }

  function scan(): void {
    const now = world.clock.now().getTime();
    for (const { id } of world.store.due(now, concurrency * 4)) {
      const until = resting.get(id) ?? 0;
      if (until > now) continue;
      resting.delete(id);
      queue.add(id);
    }
    pump();
  }

  function wake(id: string): void {
    queue.add(id);
    pump();
  }

  function announce(id: string): void {
    const listening = waiters.get(id);
    waiters.delete(id);
    for (const tell of listening ?? []) tell();
  }

  function nextChange(id: string, waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const listening = waiters.get(id) ?? new Set();
      const tell = () => {
        clearTimeout(timeout);
        listening.delete(tell);
        resolve();
      };
      const timeout = setTimeout(tell, waitMs);
      listening.add(tell);
      waiters.set(id, listening);
    });
  }

  return {
    wake,
    changed(id) {
      announce(id);
      wake(id);
    },
    async waitBeyond(id, version, waitMs) {
      const until = performance.now() + waitMs;
      for (;;) {
        const operation = world.store.operation(id);
        const left = until - performance.now();
        if (operation === undefined || operation.version > version || left <= 0 || stopped) return operation;
        await nextChange(id, left);
      }
    },
    start() {
      stopped = false;
      timer = setInterval(scan, SCAN_INTERVAL_MS);
      scan();
    },
    async stop() {
      stopped = true;
      clearInterval(timer);
      for (const id of waiters.keys()) announce(id);
      await Promise.all(running.values());
    },
  };
}
