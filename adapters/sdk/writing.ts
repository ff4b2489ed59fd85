/** For CRMs that do not keep a write’s key by themselves. */
import type { Trace, Write } from './by-recipe.ts';
import type { Reader } from './payload.ts';
import { same } from './values.ts';

/** Writes with one key one after the other: what the first did is there for the next to find. In this process only. */
export function makeTurns(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return async (key, work) => {
    const before = last.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    last.set(key, mine);
    try {
      return await mine;
    } finally {
      if (last.get(key) === mine) last.delete(key);
    }
  };
}

/** What a change left, by the record alone: it was made if the record shows it, in whole or in part. */
export async function byReading(read: Reader, { payload: { update } }: Write): Promise<readonly Trace[] | undefined> {
  if (update === null) return undefined;
  const { ref, version, data } = await read({ type: update.type, by: 'id', value: update.id });
  const isShown = Object.entries(update.values).some(([name, value]) => same(data[name] ?? null, value));
  return isShown ? [{ ref, version }] : undefined;
}
