/** JWS for records (RFC 7515): one spelling, closed headers, two algorithms. Looser JWS (`crit`, `jku`, `x5c`, `b64`) never gets as far as a key. */
import { calculateJwkThumbprint, flattenedVerify, importJWK } from 'jose';
import { decodeBase64Url } from './base64.ts';
import { canonicalText } from './canonical.ts';
import { conform, nullOr, object, oneOf, record, text } from './shape.ts';

export interface JwsParts {
  readonly protected: string;
  readonly payload: string;
  readonly signature: string;
}

export interface RecordHeader {
  readonly alg: 'EdDSA' | 'ES256';
  readonly kid: string;
  readonly typ: string;
  /** Only on an agent's signature: its public key, which its thumbprint identifies. */
  readonly jwk: { readonly [member: string]: unknown } | null;
}

/** A public signing key, and nothing else a JWK can carry: no private members, no hints. */
export type PublicJwk =
  | { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string }
  | { readonly kty: 'EC'; readonly crv: 'P-256'; readonly x: string; readonly y: string };

export function splitCompact(jws: string): JwsParts | undefined {
  const [header, payload, signature, ...rest] = jws.split('.', 4);
  if (header === undefined || payload === undefined || signature === undefined || rest.length > 0) return undefined;
  return { protected: header, payload, signature };
}

const headerShape = object<RecordHeader>({ alg: oneOf(['EdDSA', 'ES256']), kid: text, typ: text, jwk: nullOr(record) });

export function parseHeader(encoded: string): RecordHeader | undefined {
  const value = parseJsonBytes(decodeBase64Url(encoded));
  const header = conform(headerShape, typeof value === 'object' && value !== null ? { jwk: null, ...value } : value);
  return header.ok ? header.value : undefined;
}

/** The JSON value of base64url JCS text; `undefined` unless it is exactly canonical, which also rules out
 * duplicate members, imprecise numbers and nesting that exhausts the stack. */
export function parseCanonicalPayload(encoded: string): unknown {
  const bytes = decodeBase64Url(encoded);
  const value = parseJsonBytes(bytes);
  try {
    return bytes !== undefined && value !== undefined && canonicalText(value) === new TextDecoder().decode(bytes)
      ? value
      : undefined;
  } catch {
    return undefined;
  }
}

/** Picks the public key out of a JWK; `undefined` for other kinds of keys. */
export function publicJwk(jwk: { readonly [member: string]: unknown }): PublicJwk | undefined {
  const { kty, crv, x, y } = jwk;
  if (typeof x !== 'string') return undefined;
  if (kty === 'OKP' && crv === 'Ed25519') return { kty, crv, x };
  if (kty === 'EC' && crv === 'P-256' && typeof y === 'string') return { kty, crv, x, y };
  return undefined;
}

/** RFC 7638, SHA-256. */
export async function thumbprintOf(jwk: PublicJwk): Promise<string> {
  return calculateJwkThumbprint(jwk, 'sha256');
}

/** True when the signature over `protected.payload` is by this key, with the one algorithm of its type. */
export async function verifyJws(parts: JwsParts, jwk: PublicJwk): Promise<boolean> {
  const alg = jwk.kty === 'OKP' ? 'EdDSA' : 'ES256';
  // Stray bits would let one signature be written in several ways.
  if (decodeBase64Url(parts.signature) === undefined || decodeBase64Url(parts.payload) === undefined) return false;
  try {
    const { protected: header, payload, signature } = parts;
    await flattenedVerify({ protected: header, payload, signature }, await importJWK({ ...jwk }, alg), {
      algorithms: [alg],
    });
    return true;
  } catch {
    return false;
  }
}

/** A raw Ed25519 signature (RFC 8032), as signed notes carry it. */
export async function verifyEd25519(jwk: PublicJwk, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  try {
    const key = await crypto.subtle.importKey('jwk', { ...jwk }, 'Ed25519', false, ['verify']);
    return await crypto.subtle.verify('Ed25519', key, new Uint8Array(signature), new Uint8Array(message));
  } catch {
    return false;
  }
}

function parseJsonBytes(bytes: Uint8Array | undefined): unknown {
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
