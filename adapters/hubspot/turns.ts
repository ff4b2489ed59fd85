import type { Ctx } from '../sdk/index.ts';
import { orStopped } from '../sdk/timing.ts';

/** One after the other for whoever has the same name, in this process: HubSpot has no condition on a write, so at least our own
 * writes never meet between reading and writing. */
export function makeTurns() {
  const last = new Map<string, Promise<unknown>>();
  return async function inTurn<T>(ctx: Ctx, name: string, work: () => Promise<T>): Promise<T> {
    const before = last.get(name) ?? Promise.resolve();
    const waited = orStopped(before, ctx.signal);
    const mine = waited.then(work);
    // Whoever leaves the queue early leaves the one before still at work.
    const over = Promise.allSettled([before, mine]);
    last.set(name, over);
    try {
      return await mine;
    } finally {
      void over.then(() => {
        if (last.get(name) === over) last.delete(name);
      });
    }
  };
}
