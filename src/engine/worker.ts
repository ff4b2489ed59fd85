import { StoreUnavailable } from '../ports.ts';
import { makeBacklog } from './backlog.ts';
import { type ClockLook, makeClockWatch } from './clock-watch.ts';
import { within } from './limit.ts';
import type { Operation } from './operation.ts';
import { move } from './transitions.ts';
import { makeWaiters, type Waiters } from './waiters.ts';
import type { Change, World } from './world.ts';
import { write } from './write.ts';

const SCAN_INTERVAL_MS = 250;
/** A step that throws is our bug: the operation is left as it is and looked at again after this. */
const AFTER_BUG_MS = 30_000;
/** What the store did not take is tried again: until an intent is recorded nothing is written, and an outcome that is not is read again. */
const AFTER_UNSTORED_MS = 1_000;
/** Due operations kept at hand, a worker; what is behind them is looked up when there are fewer. */
const AT_HAND = 4;
/** What is due and has nothing to do now is looked at again after this. */
const AFTER_NOTHING_MS = 5_000;
/** Operations whose wait is mended at once after the clock was set back. */
const CATCH_UP_MAX = 200;
/** A stop waits for a CRM call under way no longer than this: far more than a call may take. What is cut off is found by reading. */
const STOP_MS_MAX = 15_000;

export interface Worker {
  /** Something changed: wake whoever waits for it and work on it. */
  changed(id: string): void;
  wake(id: string): void;
  /** Resolves with the operation when its version exceeds `version`, or as it is after `waitMs`, or at once where the worker has ended. */
  waitBeyond(id: string, version: number, waitMs: number): Promise<Operation | undefined>;
  /** What a step waits for that is not the CRM takes no place from the others meanwhile; undefined where the worker stops before it is there. */
  aside<T>(id: string, wait: () => Promise<T>): Promise<T | undefined>;
  /** The gateway stops: nothing will change here any more, and whoever waits goes. */
  readonly ended: boolean;
  start(): void;
  /** Stops taking work and waits for what is under way, within a limit. */
  stop(): Promise<void>;
}

type Deps = Pick<World, 'store' | 'clock' | 'log'>;
type Work = (operation: Operation, continuing: boolean) => Promise<Change | undefined>;

/** Drives operations through the company's steps: at once when woken, and by scanning for what is due, which is also the recovery. */
export function makeWorker(
  world: Deps,
  /** Operations worked on at once: what the CRM can take. */
  concurrency: number,
  work: Work,
  /** Milliseconds of a clock that nobody sets. */
  monotonic: () => number = () => performance.now(),
): Worker {
  const running = new Map<string, Promise<void>>();
  /** Those of them that wait for something else than the CRM. */
  const waiting = new Set<string>();
  const isUnderWay = (id: string) => running.has(id);
  const backlog = makeBacklog(world.store, { concurrency, atHand: concurrency * AT_HAND, isUnderWay, monotonic });
  const waiters = makeWaiters();
  const { promise: ending, resolve: end } = Promise.withResolvers<void>();
  const watch = makeClockWatch(world.clock, monotonic);
  let timer: NodeJS.Timeout | undefined;
  let stopped = true;
  /** What the clock did since the last scan. */
  let turned = { wentBack: false, wentAhead: false };

  function look(): ClockLook {
    const seen = watch();
    turned = { wentBack: turned.wentBack || seen.wentBack, wentAhead: turned.wentAhead || seen.wentAhead };
    return seen;
  }

  function pump(): void {
    while (!stopped && running.size - waiting.size < concurrency) {
      const id = backlog.take();
      if (id === undefined) return;
      // It runs before its first step: what that waits for may be waited for aside.
      const run = Promise.resolve()
        .then(() => advance({ world, work, waiters, wake, isStopped: () => stopped, look }, id))
        .then((isIdle) => (isIdle ? backlog.rest(id, AFTER_NOTHING_MS) : undefined))
        .catch((error: unknown) => rest(id, error))
        .finally(() => {
          running.delete(id);
          if (backlog.isLow) scan();
          else pump();
        });
      running.set(id, run);
    }
  }

  function rest(id: string, error: unknown): void {
    const isStore = error instanceof StoreUnavailable;
    backlog.rest(id, isStore ? AFTER_UNSTORED_MS : AFTER_BUG_MS);
    if (isStore) return;
    const told = error instanceof Error ? (error.stack ?? error.message) : 'unknown';
    world.log('worker.bug', { operation: id, error: told });
  }

  function scan(): void {
    if (stopped) return;
    try {
      const { nowMs } = look();
      const { wentBack, wentAhead } = turned;
      turned = { wentBack: false, wentAhead: false };
      if (wentAhead) world.log('clock.ahead', { now: new Date(nowMs).toISOString() });
      // More of them than one look takes: the next one goes on.
      if (wentBack) turned.wentBack = catchUp(world, nowMs, wake);
      backlog.fill(nowMs);
    } catch (error) {
      world.log('worker.scan_failed', { error: error instanceof Error ? error.message : 'unknown' });
    }
    pump();
  }

  function wake(id: string): void {
    backlog.add(id);
    pump();
  }

  return {
    wake,
    changed(id) {
      waiters.announce(id);
      wake(id);
    },
    async waitBeyond(id, version, waitMs) {
      const until = monotonic() + waitMs;
      for (;;) {
        const operation = world.store.operation(id);
        const left = until - monotonic();
        if (operation === undefined || operation.version > version || left <= 0 || waiters.ended) return operation;
        await waiters.next(id, left);
      }
    },
    async aside(id, wait) {
      if (!running.has(id)) return wait();
      waiting.add(id);
      pump();
      try {
        return await Promise.race([wait(), ending.then(() => undefined)]);
      } finally {
        waiting.delete(id);
      }
    },
    get ended() {
      return waiters.ended;
    },
    start() {
      stopped = false;
      timer = setInterval(scan, SCAN_INTERVAL_MS);
      // The clock may have been set while nobody was here.
      turned.wentBack = true;
      scan();
    },
    async stop() {
      stopped = true;
      clearInterval(timer);
      waiters.end();
      end();
      await within(STOP_MS_MAX, Promise.all(running.values()));
    },
  };
}

/** What was put off while the clock was ahead comes now: its wait would be as long as the clock was wrong. Whether there is more. */
function catchUp({ store, clock, log }: Deps, nowMs: number, wake: (id: string) => void): boolean {
  const now = clock.now();
  const ahead = store.changedAfter(now.toISOString(), CATCH_UP_MAX);
  const late = ahead.filter((each) => !waitsForAnHour(each, nowMs));
  if (late.length > 0) log('clock.back', { now: now.toISOString(), operations: late.length });
  for (const operation of late) {
    const { tries } = operation;
    const moved = move(operation, 'noted', 'engine', now, { tries, dueAt: nowMs }, { clock: 'set back' });
    const unit = { operations: [{ next: moved.next, expected: moved.expected }], records: [moved.record] };
    const done = store.commit(unit);
    done.then(() => wake(operation.id)).catch(() => undefined);
  }
  return ahead.length === CATCH_UP_MAX && late.length > 0;
}

interface Advancing {
  readonly world: Deps;
  readonly work: Work;
  readonly waiters: Waiters;
  readonly wake: (id: string) => void;
  readonly isStopped: () => boolean;
  readonly look: () => ClockLook;
}

/** Takes an operation as far as it goes now. Whether it is left due, with nothing to do. */
async function advance({ world, work, waiters, wake, isStopped, look }: Advancing, id: string): Promise<boolean> {
  // True only while this very loop recorded the intent of a write and has not left it since.
  let continuing = false;
  while (!isStopped()) {
    const operation = world.store.operation(id);
    if (operation === undefined || operation.dueAt === null) return false;
    const { nowMs, believedMs } = look();
    if (operation.dueAt > nowMs) return false;
    if (waitsForAnHour(operation, believedMs)) return true;
    const change = await work(operation, continuing);
    if (change === undefined) return true;
    const written = await write(world.store, change);
    if (!written.ok) throw new Error(`${id}: nobody to refuse it to: ${written.error.code}`);
    continuing = written.value.committed.ok;
    if (!continuing) continue;
    waiters.announce(id);
    for (const { next } of written.value.change.beside ?? []) {
      waiters.announce(next.id);
      wake(next.id);
    }
  }
  return false;
}

/** Whether it waits for an hour or a day that was said to others and has not come: not for another try. */
function waitsForAnHour({ state, dueAt, schedule, negotiation }: Operation, nowMs: number): boolean {
  if (state === 'scheduled') return Date.parse(schedule?.at ?? '') > nowMs;
  const expires = state === 'awaiting_signoff' || (state === 'negotiating' && negotiation?.turn === 'agent');
  return expires && (dueAt ?? 0) > nowMs;
}
