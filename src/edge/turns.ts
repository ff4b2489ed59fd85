/** Turns at something dear that strangers ask for: so many at a time and in a time, and one of each network after the other, so that nobody
 * who has many addresses keeps out somebody who has one. */
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { makeFairQueue } from './fair-queue.ts';
import { networksOf } from './networks.ts';

/** Calls back once, after so many milliseconds. */
export type Later = (ms: number, run: () => void) => void;

export interface TurnLimits {
  /** Turns of strangers at a time. */
  readonly atOnce: number;
  /** Beside them, for those who are known. */
  readonly atOnceOfKnown: number;
  /** So many turns of strangers, and then one in `pauseMs`. */
  readonly burst: number;
  readonly pauseMs: number;
  /** Of strangers, and as many of those who are known. */
  readonly waitingMax: number;
  readonly waitingOfAddressMax: number;
  readonly waitMsMax: number;
}

export interface Asker {
  /** Has proven itself before: strangers are not asked first, and take no place of theirs. */
  readonly isKnown: boolean;
  /** As {@link networksOf} reads it. */
  readonly address: string;
}

/** Too many wait from the same address; or from everywhere, or none came in time. */
export type NoTurn = 'own' | 'full';

interface Waiting {
  readonly begin: () => void;
  readonly giveUp: () => void;
}

export interface TurnDeps {
  readonly limits: TurnLimits;
  readonly nowMs: () => number;
  readonly later: Later;
}

export function makeTurns({ limits, nowMs, later }: TurnDeps) {
  const known: (() => void)[] = [];
  const strangers = makeFairQueue<Waiting>(limits.waitingMax);
  let running = 0;
  let runningStrangers = 0;
  let tokens = limits.burst;
  let filledAtMs = nowMs();
  let isWoken = false;

  function hasToken(): boolean {
    // A clock that was set back says nothing of how long it is.
    if (nowMs() < filledAtMs) filledAtMs = nowMs();
    const more = Math.floor((nowMs() - filledAtMs) / limits.pauseMs);
    tokens = Math.min(limits.burst, tokens + more);
    filledAtMs += more * limits.pauseMs;
    return tokens > 0;
  }

  function pump(): void {
    const isFree = () => running < limits.atOnce + limits.atOnceOfKnown;
    while (isFree() && known.length > 0) known.shift()?.();
    while (isFree() && runningStrangers < limits.atOnce && strangers.size > 0) {
      if (!hasToken()) {
        wake();
        return;
      }
      strangers.take()?.begin();
    }
  }

  function wake(): void {
    if (isWoken) return;
    isWoken = true;
    later(limits.pauseMs, () => {
      isWoken = false;
      pump();
    });
  }

  async function run<T>(task: () => Promise<T>, isKnown: boolean): Promise<T> {
    running += 1;
    if (!isKnown) runningStrangers += 1;
    try {
      return await task();
    } finally {
      running -= 1;
      if (!isKnown) runningStrangers -= 1;
      pump();
    }
  }

  function runKnown<T>(task: () => Promise<T>): Promise<Result<T, NoTurn>> {
    if (known.length >= limits.waitingMax) return Promise.resolve(err('full'));
    return new Promise((resolve, reject) => {
      known.push(() => void run(task, true).then((value) => resolve(ok(value)), reject));
      pump();
    });
  }

  return {
    /** What the task gave; nothing was done where there was no turn. A turn whose value is `good` was no stranger's, and costs them none. */
    async take<T>(
      { isKnown, address }: Asker,
      task: () => Promise<T>,
      good: (value: T) => boolean = () => false,
    ): Promise<Result<T, NoTurn>> {
      if (isKnown) return runKnown(task);
      const networks = networksOf(address);
      if (strangers.waitingAt(networks) >= limits.waitingOfAddressMax) return err('own');
      return new Promise((resolve, reject) => {
        const giveUp = () => resolve(err('full'));
        const waiting: Waiting = {
          giveUp,
          begin() {
            tokens -= 1;
            const given = (value: T): void => {
              if (good(value)) tokens = Math.min(limits.burst, tokens + 1);
              resolve(ok(value));
            };
            run(task, false).then(given, reject);
          },
        };
        const place = strangers.add(waiting, networks);
        if (place === undefined) return giveUp();
        place.out?.giveUp();
        later(limits.waitMsMax, () => {
          if (strangers.leave(waiting)) giveUp();
        });
        pump();
      });
    },
  };
}
