import { LIMITS } from '../../../protocol/base/limits.ts';

export interface NonceCap {
  /** Seconds until the key may go on; 0: at once. */
  wait(keyid: string, now: Date): number;
  count(keyid: string, now: Date): void;
}

/** How many signatures one key may make in a window: bounds what has to be remembered of it. Counted when they have verified, so that
 * nobody uses up another's share by its name alone; looked at before any crypto. One window for all, and nothing kept beyond it. */
export function makeNonceCap(max: number = LIMITS.noncesPerKeyMax): NonceCap {
  const counts = new Map<string, number>();
  let endMs = 0;

  function begin(now: Date): void {
    if (now.getTime() < endMs) return;
    counts.clear();
    endMs = now.getTime() + LIMITS.signatureWindowSecondsMax * 1000;
  }

  return {
    wait(keyid, now) {
      begin(now);
      return (counts.get(keyid) ?? 0) < max ? 0 : Math.ceil((endMs - now.getTime()) / 1000);
    },
    count(keyid, now) {
      begin(now);
      counts.set(keyid, (counts.get(keyid) ?? 0) + 1);
    },
  };
}
