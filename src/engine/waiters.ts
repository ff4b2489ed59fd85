/** Who waits for news of an operation. */
export interface Waiters {
  /** Resolves at the next news of it, or after so long, whichever is first. */
  next(id: string, waitMs: number): Promise<void>;
  announce(id: string): void;
  /** Nobody waits any more, now or later. */
  end(): void;
  readonly ended: boolean;
}

export function makeWaiters(): Waiters {
  const waiting = new Map<string, Set<() => void>>();
  let ended = false;

  function announce(id: string): void {
    const listening = waiting.get(id);
    waiting.delete(id);
    for (const tell of listening ?? []) tell();
  }

  return {
    announce,
    next(id, waitMs) {
      if (ended) return Promise.resolve();
      return new Promise((resolve) => {
        const listening = waiting.get(id) ?? new Set();
        const tell = () => {
          clearTimeout(timeout);
          listening.delete(tell);
          if (listening.size === 0 && waiting.get(id) === listening) waiting.delete(id);
          resolve();
        };
        const timeout = setTimeout(tell, waitMs);
        listening.add(tell);
        waiting.set(id, listening);
      });
    },
    end() {
      ended = true;
      for (const id of [...waiting.keys()]) announce(id);
    },
    get ended() {
      return ended;
    },
  };
}
