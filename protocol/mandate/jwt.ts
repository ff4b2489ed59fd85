/** JWTs (RFC 7519) as mandates and status lists use them: two algorithms, closed headers, every member once (RFC 8725). */
import { base64url } from 'jose';
import { decodeBase64Url } from '../base/base64.ts';
import { canonicalBytes } from '../base/canonical.ts';
import type { JsonObject } from '../base/json.ts';
import { err, ok, type Result } from '../base/result.ts';
import { conform, objectWith, oneOf, text } from '../base/shape.ts';
import { type JwsParts, type PublicJwk, splitCompact, verifyJws } from '../base/strict-jws.ts';

/** A key that signs; {@link SignKey} of signature.ts is one. */
export interface JwtSigner {
  readonly alg: 'ed25519' | 'ecdsa-p256-sha256';
  readonly kid?: string;
  /** Raw signature, 64 bytes for both algorithms (RFC 8032; r‖s of RFC 7518 §3.4). */
  sign(data: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** Read, not yet verified: nothing in it is true until {@link isSignedBy} says so. */
export interface UnverifiedJwt {
  readonly kid: string | undefined;
  readonly claims: JsonObject;
  readonly parts: JwsParts;
}

/** A private key as a JWK, imported to sign. Throws for any other kind of key. */
export async function jwkSigner(jwk: PublicJwk & { readonly d: string; readonly kid?: string }): Promise<JwtSigner> {
  const { kid, ...bare } = jwk;
  const ecdsa = jwk.kty === 'EC';
  const curve = ecdsa ? { name: 'ECDSA', namedCurve: 'P-256' } : { name: 'Ed25519' };
  const key = await crypto.subtle.importKey('jwk', bare, curve, false, ['sign']);
  return {
    alg: ecdsa ? 'ecdsa-p256-sha256' : 'ed25519',
    ...(kid === undefined ? {} : { kid }),
    async sign(data) {
      return new Uint8Array(
        await crypto.subtle.sign(ecdsa ? { name: 'ECDSA', hash: 'SHA-256' } : 'Ed25519', key, new Uint8Array(data)),
      );
    },
  };
}

/** A compact JWS of the claims' canonical JSON: the same claims, the same bytes. */
export async function signJwt(typ: string, claims: object, key: JwtSigner): Promise<string> {
  const alg = key.alg === 'ed25519' ? 'EdDSA' : 'ES256';
  const header = { alg, typ, ...(key.kid === undefined ? {} : { kid: key.kid }) };
  const input = `${base64url.encode(canonicalBytes(header))}.${base64url.encode(canonicalBytes(claims))}`;
  return `${input}.${base64url.encode(await key.sign(new TextEncoder().encode(input)))}`;
}

// Closed: `crit`, `b64` and every header that brings or points to a key (`jwk`, `jku`, `x5u`, `x5c`) is refused, not ignored.
const header = objectWith({ alg: oneOf(['EdDSA', 'ES256']), typ: text }, { kid: text });

/** Reads a compact JWT of one type (`typ` exact, RFC 8725 §3.11). The reason never repeats the sender's bytes. */
export function readJwt(compact: string, typ: string): Result<UnverifiedJwt, string> {
  const parts = splitCompact(compact);
  if (parts === undefined) return err('is not a compact JWS');
  const head = conform(header, parseObject(parts.protected));
  if (!head.ok) return err('must have a header of `alg` (EdDSA or ES256), `typ` and `kid`, and nothing else');
  if (head.value.typ !== typ) return err(`must have the typ ${typ}`);
  const claims = parseObject(parts.payload);
  if (claims === undefined) return err('must carry one JSON object, each member once');
  return ok({ kid: head.value.kid, claims, parts });
}

/** True when one of these keys signed it, with the one algorithm of the key's type. */
export async function isSignedBy(jwt: UnverifiedJwt, keys: readonly PublicJwk[]): Promise<boolean> {
  for (const key of keys) if (await verifyJws(jwt.parts, key)) return true;
  return false;
}

/** The JSON of base64url text; `undefined` for what is not UTF-8, not JSON, or says a member twice. */
export function parseJsonText(encoded: string): unknown {
  const bytes = decodeBase64Url(encoded);
  if (bytes === undefined) return undefined;
  try {
    const json = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const value: unknown = JSON.parse(json);
    return saysMembersOnce(json, value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function parseObject(encoded: string): JsonObject | undefined {
  const value = parseJsonText(encoded);
  // What JSON.parse returned is JSON.
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}

// JSON.parse keeps the last of equal names, other parsers the first. Outside strings, each `:` is one member:
// if the value holds fewer, some were said twice.
function saysMembersOnce(json: string, value: unknown): boolean {
  const said = json.replace(/"(?:[^"\\]|\\.)*"/g, '').split(':').length - 1;
  let kept = 0;
  const open: unknown[] = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next !== 'object' || next === null) continue;
    const members: readonly unknown[] = Object.values(next);
    if (!Array.isArray(next)) kept += members.length;
    open.push(...members);
  }
  return kept === said;
}
