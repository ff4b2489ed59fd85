import { base64url } from 'jose';

/** Standard Base64 with padding (RFC 4648 §4): what C2SP formats use. Everything else on the wire is base64url. */
export function encodeBase64(bytes: Uint8Array): string {
  const text = base64url.encode(bytes).replaceAll('-', '+').replaceAll('_', '/');
  return text + '='.repeat((4 - (text.length % 4)) % 4);
}

/** The bytes of canonical standard Base64; `undefined` for any other spelling, so that one value has one text. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  const bytes = decodeBase64Url(text.replace(/=+$/, '').replaceAll('+', '-').replaceAll('/', '_'));
  return bytes !== undefined && encodeBase64(bytes) === text ? bytes : undefined;
}

/** The bytes of canonical unpadded base64url (RFC 4648 §5, RFC 7515 §2). Stray bits in the last character are refused:
 * lenient decoders ignore them, and a signed text could be changed without breaking its signature. */
export function decodeBase64Url(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return undefined;
  const bytes = base64url.decode(text);
  return base64url.encode(bytes) === text ? bytes : undefined;
}
