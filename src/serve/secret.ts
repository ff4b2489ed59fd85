import { createHash } from 'node:crypto';
import type { Keys } from '../ports.ts';

/** A secret for one use. Every replica that holds the company's keys derives the same one, after every restart; a signature over these
 * bytes is never given out. */
export function secretFor(use: string, keys: Pick<Keys, 'sign'>): Uint8Array {
  return createHash('sha256')
    .update(keys.sign('answers', Buffer.from(`parley: ${use} secret`)))
    .digest();
}
