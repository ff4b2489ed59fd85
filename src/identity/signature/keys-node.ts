import { createHash, createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto';
import { parseThumbprint, type Thumbprint } from '../../../protocol/base/ids.ts';
import { err, ok, type Result } from '../../../protocol/base/result.ts';
import type { Hashes, SignatureAlgorithm, SignKey, VerifyKey } from '../../../protocol/signature/signature.ts';

/** RFC 9530 hashes of the platform: five times faster than the portable ones. */
export const NODE_HASHES: Hashes = {
  'sha-256': (bytes) => hash('sha256', bytes, 'buffer'),
  'sha-512': (bytes) => hash('sha512', bytes, 'buffer'),
};

interface PublicParts {
  readonly alg: SignatureAlgorithm;
  /** Only the members RFC 7638 §3.2 names, in its order: what the thumbprint is over. */
  readonly jwk: Readonly<Record<string, string>>;
}

/** The keys of RFC 9421 Appendix B and of AdCP's test vectors: everybody has their private halves. */
const PUBLISHED_TEST_KEYS = new Set([
  'poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U',
  'ydQXMtvbsOsZyFir-Y7A8t7fKEM1gbKPvyFkdpu4fvI',
  'UzIDv8saQJiAhqGpwv_q3rYCRiDqkoR_6ISmmHffTC0',
  'kYxXVm3IzZuXqYpEcHzUfSHiaCLt1XU9tWDtwBK9YlI',
  '3eGq4Kr63h2gUSD1CmszeL25ipsyVfVR5ZJwzk-c4_8',
  'JoUQQAQt8Exl8R1HSPNa-GICLG89uMxP3nABQ9XengI',
]);

/** y-coordinates of the points of small order on edwards25519 (sign bit cleared), little endian hex: a signature under such a key proves nothing. */
const SMALL_ORDER = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
]);

/** A public key for verifying, from a JWK that holds nothing private. The reason is for people. */
export function verifyKeyOf(jwk: unknown): Result<VerifyKey, string> {
  const parts = publicParts(jwk);
  if (!parts.ok) return parts;
  const kid = thumbprintOf(parts.value.jwk);
  if (PUBLISHED_TEST_KEYS.has(kid)) return err('The key is a published test key.');
  try {
    const key = createPublicKey({ key: { ...parts.value.jwk }, format: 'jwk' });
    return ok({ kid, alg: parts.value.alg, verify: verifier(parts.value.alg, key) });
  } catch {
    return err('The key is not a valid point on its curve.');
  }
}

/** A key that was read and not opened: opening costs more than all else about it, and most keys of a set are never used. */
export interface UnopenedKey {
  readonly kid: Thumbprint;
  /** `undefined` when it is none that may be used. */
  open(): VerifyKey | undefined;
}

export function unopenedKeyOf(jwk: unknown): UnopenedKey | undefined {
  const parts = publicParts(jwk);
  if (!parts.ok) return undefined;
  let opened: Result<VerifyKey, string> | undefined;
  return {
    kid: thumbprintOf(parts.value.jwk),
    open() {
      opened ??= verifyKeyOf(parts.value.jwk);
      return opened.ok ? opened.value : undefined;
    },
  };
}

/** A private key for signing, from a private JWK. Throws when it is not one: our own keys are not outside data. */
export function signKeyOf(jwk: Readonly<Record<string, string>>): SignKey {
  const { d: _private, ...rest } = jwk;
  const parts = publicParts(rest);
  if (!parts.ok) throw new TypeError(parts.error);
  const key = createPrivateKey({ key: { ...jwk }, format: 'jwk' });
  const { alg } = parts.value;
  return {
    kid: thumbprintOf(parts.value.jwk),
    alg,
    sign: (data) =>
      alg === 'ed25519' ? sign(null, data, key) : sign('sha256', data, { key, dsaEncoding: 'ieee-p1363' }),
  };
}

function verifier(alg: SignatureAlgorithm, key: KeyObject): VerifyKey['verify'] {
  return alg === 'ed25519'
    ? (data, signature) => signature.length === 64 && verify(null, data, key, signature)
    : (data, signature) =>
        signature.length === 64 && verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature);
}

function publicParts(value: unknown): Result<PublicParts, string> {
  if (typeof value !== 'object' || value === null) return err('A JWK is an object.');
  const jwk: Readonly<Record<string, unknown>> = { ...value };
  if ('d' in jwk || 'k' in jwk) return err('The JWK holds a private or symmetric key.');
  const { kty, crv, x, y, use } = jwk;
  if (use !== undefined && use !== 'sig') return err('The JWK is not for signatures.');
  if (kty === 'OKP' && crv === 'Ed25519' && isCoordinate(x)) {
    return isSmallOrder(x) ? err('The key is of small order.') : ok({ alg: 'ed25519', jwk: { crv, kty, x } });
  }
  if (kty === 'EC' && crv === 'P-256' && isCoordinate(x) && isCoordinate(y))
    return ok({ alg: 'ecdsa-p256-sha256', jwk: { crv, kty, x, y } });
  return err('Only Ed25519 (OKP) and P-256 (EC) keys are accepted.');
}

function isCoordinate(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    /^[A-Za-z0-9_-]{43}$/.test(value) &&
    Buffer.from(value, 'base64url').toString('base64url') === value
  );
}

function isSmallOrder(x: string): boolean {
  const bytes = Buffer.from(x, 'base64url');
  bytes[31] = (bytes[31] ?? 0) & 0x7f;
  return SMALL_ORDER.has(bytes.toString('hex'));
}

function thumbprintOf(jwk: Readonly<Record<string, string>>): Thumbprint {
  const members = Object.keys(jwk)
    .sort()
    .map((name) => [name, jwk[name]]);
  const kid = parseThumbprint(
    createHash('sha256')
      .update(JSON.stringify(Object.fromEntries(members)))
      .digest('base64url'),
  );
  if (kid === undefined) throw new TypeError('a SHA-256 thumbprint has 43 characters');
  return kid;
}
