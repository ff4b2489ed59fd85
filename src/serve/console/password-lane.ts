/** Where passwords are hashed: one at a time, because each takes 128 MB and one of the four threads that all of Node shares. */

export interface Asker {
  /** Of a device that has signed in before: it has a queue of its own, which goes first. */
  readonly isKnown: boolean;
  readonly address: string;
}

interface Job {
  readonly address: string;
  readonly run: () => Promise<void>;
}

const WAITING_MAX = 8;
const WAITING_OF_ADDRESS_MAX = 2;
/** What strangers may have hashed: so many at once, and then one in so long. A name guessed from everywhere is tried 43,200 times a day at most. */
const BURST = 10;
const PAUSE_MS = 2_000;

export function makePasswordLane(nowMs: () => number) {
  const known: Job[] = [];
  const strangers: Job[] = [];
  let busy = false;
  let tokens = BURST;
  let filledAtMs = nowMs();

  function hasToken(): boolean {
    // A clock that was set back says nothing of how long it is.
    if (nowMs() < filledAtMs) filledAtMs = nowMs();
    const more = Math.floor((nowMs() - filledAtMs) / PAUSE_MS);
    tokens = Math.min(BURST, tokens + more);
    filledAtMs += more * PAUSE_MS;
    return tokens > 0;
  }

  function hasPlace(queue: readonly Job[], { isKnown, address }: Asker): boolean {
    if (queue.length >= WAITING_MAX) return false;
    return isKnown || queue.filter((each) => each.address === address).length < WAITING_OF_ADDRESS_MAX;
  }

  function next(): void {
    const job = busy ? undefined : (known.shift() ?? strangers.shift());
    if (job === undefined) return;
    busy = true;
    void job.run().finally(() => {
      busy = false;
      next();
    });
  }

  return {
    /** Whether it was right; `undefined` when there is no place: nothing was hashed. */
    run(asker: Asker, task: () => Promise<boolean>): Promise<boolean> | undefined {
      const queue = asker.isKnown ? known : strangers;
      if (!hasPlace(queue, asker) || !(asker.isKnown || hasToken())) return undefined;
      if (!asker.isKnown) tokens -= 1;
      const judge = async (): Promise<boolean> => {
        const isRight = await task();
        // It was no stranger.
        if (isRight && !asker.isKnown) tokens = Math.min(BURST, tokens + 1);
        return isRight;
      };
      return new Promise((resolve, reject) => {
        queue.push({ address: asker.address, run: () => judge().then(resolve, reject) });
        next();
      });
    },
  };
}
