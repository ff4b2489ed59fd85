import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import canonicalize from 'canonicalize';
import { base64url } from 'jose';

/** RFC 8785 (JCS) text of a JSON value. Throws `TypeError` for what JSON cannot carry: undefined members, NaN, lone surrogates.
 * Messages are signed over their exact bytes; canonical JSON is only for records that are exported (offers, agreements, receipts, log leaves). */
export function canonicalText(value: unknown): string {
  refuseUndefined(value);
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('value has no JSON form');
  return text;
}

/** UTF-8 bytes of {@link canonicalText}. */
export function canonicalBytes(value: unknown): Uint8Array {
  return utf8ToBytes(canonicalText(value));
}

/** `sha-256:<base64url>` over the JCS bytes: the form of every `*_digest` member on the wire. */
export function digest(value: unknown): string {
  return digestBytes(canonicalBytes(value));
}

/** `sha-256:<base64url>` over bytes. */
export function digestBytes(bytes: Uint8Array): string {
  return `sha-256:${base64url.encode(sha256(bytes))}`;
}

// canonicalize drops undefined members and functions silently; a record that loses a member must never be signed.
function refuseUndefined(value: unknown): void {
  if (value === undefined || typeof value === 'function' || typeof value === 'symbol')
    throw new TypeError('value has no JSON form');
  if (typeof value !== 'object' || value === null) return;
  for (const member of Array.isArray(value) ? value : Object.values(value)) refuseUndefined(member);
}
