/** RFC 9530 Content-Digest over the exact bytes of a body. */
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { parseDictionary, serializeDictionary } from 'structured-headers';

const ALGORITHMS: ReadonlyMap<string, (bytes: Uint8Array) => Uint8Array> = new Map([
  ['sha-256', (bytes: Uint8Array) => sha256(bytes)],
  ['sha-512', (bytes: Uint8Array) => sha512(bytes)],
]);

/** `sha-256=:…:` */
export function contentDigest(bytes: Uint8Array): string {
  return serializeDictionary(new Map([['sha-256', [sha256(bytes), new Map()]]]));
}

/** Every algorithm we know must match, and at least one must be there: weak or unknown ones alone prove nothing (RFC 9530 §6.6). */
export function matchesContentDigest(field: string, bytes: Uint8Array): boolean {
  let known = 0;
  try {
    for (const [name, [value]] of parseDictionary(field)) {
      const hash = ALGORITHMS.get(name);
      if (hash === undefined) continue;
      if (!(value instanceof ArrayBuffer) || !equal(new Uint8Array(value), hash(bytes))) return false;
      known += 1;
    }
  } catch {
    return false;
  }
  return known > 0;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
