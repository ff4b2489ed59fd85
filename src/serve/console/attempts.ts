/** Attempts to sign in, counted before they are judged: however many come at once, no more than the limit are looked at. */

export interface Bucket {
  readonly name: string;
  readonly max: number;
}

interface Count {
  used: number;
  underWay: number;
  readonly endsMs: number;
}

const WINDOW_MS = 15 * 60_000;
/** Some 200 bytes each. */
const BUCKETS_MAX = 20_000;

export interface Attempt {
  /** What became of it: one that was right or was not looked at is given back; what is right clears the first of its buckets, too. */
  end(as: 'right' | 'wrong' | 'unseen'): void;
}

export function makeAttempts(nowMs: () => number) {
  // In the order of their beginning, which is that of their end.
  const counts = new Map<string, Count>();

  function countOf(name: string): Count {
    const found = counts.get(name);
    const left = found === undefined ? 0 : found.endsMs - nowMs();
    // A window that is longer than any was begun by a clock that has been set back since.
    if (found !== undefined && ((left > 0 && left <= WINDOW_MS) || found.underWay > 0)) return found;
    counts.delete(name);
    const [first] = counts.keys();
    if (counts.size >= BUCKETS_MAX && first !== undefined) counts.delete(first);
    const fresh = { used: 0, underWay: 0, endsMs: nowMs() + WINDOW_MS };
    counts.set(name, fresh);
    return fresh;
  }

  return {
    /** Counts one in every bucket; or the seconds after which there may be room again. */
    begin(buckets: readonly Bucket[]): Attempt | number {
      const taken = buckets.map(({ name, max }) => ({ count: countOf(name), max }));
      const full = taken.find(({ count, max }) => count.used >= max);
      if (full !== undefined)
        return full.count.underWay > 0 ? 1 : Math.max(1, Math.ceil((full.count.endsMs - nowMs()) / 1_000));
      for (const { count } of taken) {
        count.used += 1;
        count.underWay += 1;
      }
      return {
        end(as) {
          for (const [at, { count }] of taken.entries()) {
            count.underWay -= 1;
            if (as !== 'wrong') count.used = as === 'right' && at === 0 ? count.underWay : count.used - 1;
          }
        },
      };
    },
    get size(): number {
      return counts.size;
    },
  };
}

export type Attempts = ReturnType<typeof makeAttempts>;
