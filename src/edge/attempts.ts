/** Attempts at something, counted before they are judged: however many come at once, no more than the limit are looked at. */

export interface Bucket {
  readonly name: string;
  readonly max: number;
}

interface Count {
  used: number;
  underWay: number;
  readonly endsMs: number;
}

/** Some 200 bytes each. */
const BUCKETS_MAX = 20_000;

export interface Attempt {
  /** What became of it: one that was right or was not looked at is given back; what is right clears the first of its buckets, too. */
  end(as: 'right' | 'wrong' | 'unseen'): void;
}

export interface AttemptsDeps {
  readonly nowMs: () => number;
  /** From the first of a bucket on. */
  readonly windowMs: number;
}

export function makeAttempts({ nowMs, windowMs }: AttemptsDeps) {
  // In the order of their beginning, which is that of their end.
  const counts = new Map<string, Count>();

  function countOf(name: string): Count {
    const found = counts.get(name);
    const left = found === undefined ? 0 : found.endsMs - nowMs();
    // A window that is longer than any was begun by a clock that has been set back since.
    if (found !== undefined && ((left > 0 && left <= windowMs) || found.underWay > 0)) return found;
    counts.delete(name);
    const [first] = counts.keys();
    if (counts.size >= BUCKETS_MAX && first !== undefined) counts.delete(first);
    const fresh = { used: 0, underWay: 0, endsMs: nowMs() + windowMs };
    counts.set(name, fresh);
    return fresh;
  }

  return {
    /** Counts one in every bucket; or the seconds after which there may be room again. */
    begin(buckets: readonly Bucket[]): Attempt | number {
      const taken = buckets.map(({ name, max }) => ({ name, count: countOf(name), max }));
      const full = taken.find(({ count, max }) => count.used >= max);
      if (full !== undefined)
        return full.count.underWay > 0 ? 1 : Math.max(1, Math.ceil((full.count.endsMs - nowMs()) / 1_000));
      for (const { count } of taken) {
        count.used += 1;
        count.underWay += 1;
      }
      return {
        end(as) {
          for (const [at, { name, count }] of taken.entries()) {
            count.underWay -= 1;
            if (as !== 'wrong') count.used = as === 'right' && at === 0 ? count.underWay : count.used - 1;
            // Nothing is kept of what was not looked at: it would push out what was.
            if (count.used <= 0 && counts.get(name) === count) counts.delete(name);
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
