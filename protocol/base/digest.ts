/** RFC 9530 Content-Digest over the exact bytes of a body. */
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { parseDictionary, serializeDictionary } from 'structured-headers';

/** Hash functions by their RFC 9530 names. A server passes its platform's own, which are several times faster. */
export interface Hashes {
  readonly 'sha-256': (bytes: Uint8Array) => Uint8Array;
  readonly 'sha-512': (bytes: Uint8Array) => Uint8Array;
}

const PORTABLE: Hashes = { 'sha-256': (bytes) => sha256(bytes), 'sha-512': (bytes) => sha512(bytes) };

/** `sha-256=:…:` */
export function contentDigest(bytes: Uint8Array, hashes: Pick<Hashes, 'sha-256'> = PORTABLE): string {
  return serializeDictionary(new Map([['sha-256', [hashes['sha-256'](bytes), new Map()]]]));
}

/** Every algorithm we know must match, and at least one must be there: weak or unknown ones alone prove nothing (RFC 9530 §6.6). */
export function matchesContentDigest(field: string, bytes: Uint8Array, hashes: Hashes = PORTABLE): boolean {
  let known = 0;
  try {
    for (const [name, [value]] of parseDictionary(field)) {
      if (name !== 'sha-256' && name !== 'sha-512') continue;
      if (!(value instanceof ArrayBuffer) || !equal(new Uint8Array(value), hashes[name](bytes))) return false;
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
