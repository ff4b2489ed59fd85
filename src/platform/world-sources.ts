import { randomBytes } from 'node:crypto';
import { makeId } from '../../protocol/base/ids.ts';
import type { Later } from '../edge/turns.ts';
import type { Clock, Ids } from '../ports.ts';

export const systemClock: Clock = { now: () => new Date() };

/** Milliseconds of a clock that nobody sets. */
export const monotonic = (): number => performance.now();

/** Keeps no process from ending. */
export const systemLater: Later = (ms, run) => void setTimeout(run, ms).unref();

const POOL_BYTES = 8_192;

/** One call to the kernel serves many ids; every byte is given out once. */
function pooledRandom(): (bytes: number) => Uint8Array {
  let pool = Buffer.alloc(0);
  return (bytes) => {
    if (pool.length < bytes) pool = randomBytes(Math.max(POOL_BYTES, bytes));
    const taken = pool.subarray(0, bytes);
    pool = pool.subarray(bytes);
    return taken;
  };
}

/** UUIDv7 (RFC 9562 §5.7): 48 bits of Unix milliseconds, then random. */
export function makeIds(clock: Clock, random: (bytes: number) => Uint8Array = pooledRandom()): Ids {
  return {
    make: (kind) => makeId(kind, uuidV7(clock.now().getTime(), random(10))),
    secret: (bytes) => Buffer.from(random(bytes)).toString('base64url'),
  };
}

function uuidV7(ms: number, random: Uint8Array): string {
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(ms, 0, 6);
  bytes.set(random, 6);
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
