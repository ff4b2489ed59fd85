import { type Nonce, StoreUnavailable } from '../ports.ts';

/** Reads of ten minutes and more at any rate a gateway serves, ~20 MB. */
const HELD_MAX = 100_000;

/** Nonces of reads that came while nothing could be written: remembered in memory until they could not be replayed anyway. */
export function makeSpentAside() {
  const held = new Map<string, number>();
  const nameOf = ({ keyid, nonce }: Nonce) => `${keyid} ${nonce}`;
  return {
    has: (nonce: Nonce | undefined): boolean => held.size > 0 && nonce !== undefined && held.has(nameOf(nonce)),
    /** False when it was spent before. */
    spend(nonce: Nonce, isSpent: (nonce: Nonce) => boolean): boolean {
      if (held.has(nameOf(nonce)) || isSpent(nonce)) return false;
      if (held.size >= HELD_MAX) throw new StoreUnavailable('full');
      held.set(nameOf(nonce), nonce.expiresAt);
      return true;
    },
    forget(nowSeconds: number): void {
      for (const [name, expiresAt] of held) if (expiresAt < nowSeconds) held.delete(name);
    },
  };
}
