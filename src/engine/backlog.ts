import type { DuePlace, Store } from '../ports.ts';

const PAGE = 200;

export interface Backlog {
  /** To be worked on as soon as there is a hand free, whatever it rested for. */
  add(id: string): void;
  /** Takes the first that nobody works on. */
  take(): string | undefined;
  rest(id: string, ms: number): void;
  /** Puts at hand what is due, past whatever rests or is under way. */
  fill(nowMs: number): void;
  /** There is more that is due than is at hand, and little is at hand. */
  readonly isLow: boolean;
}

/** What is to be worked on: some at hand in memory, the rest in the store's order. */
export function makeBacklog(
  store: Pick<Store, 'duePlaces'>,
  { concurrency, atHand, isUnderWay, monotonic }: BacklogOptions,
): Backlog {
  const queue = new Set<string>();
  /** Until when, by the monotonic clock. */
  const resting = new Map<string, number>();
  let isMore = false;
  return {
    add(id) {
      resting.delete(id);
      queue.add(id);
    },
    take() {
      for (const id of queue) {
        if (isUnderWay(id)) continue;
        queue.delete(id);
        return id;
      }
      return undefined;
    },
    rest: (id, ms) => void resting.set(id, monotonic() + ms),
    fill(nowMs) {
      const mono = monotonic();
      for (const [id, until] of resting) if (until <= mono) resting.delete(id);
      let place: DuePlace | undefined;
      isMore = false;
      for (;;) {
        const page = store.duePlaces(nowMs, PAGE, place);
        for (const each of page) {
          isMore = queue.size >= atHand;
          if (isMore) return;
          if (!resting.has(each.id) && !isUnderWay(each.id)) queue.add(each.id);
          place = each;
        }
        if (page.length < PAGE) return;
      }
    },
    get isLow() {
      return isMore && queue.size < concurrency;
    },
  };
}

interface BacklogOptions {
  readonly concurrency: number;
  readonly atHand: number;
  readonly isUnderWay: (id: string) => boolean;
  readonly monotonic: () => number;
}
