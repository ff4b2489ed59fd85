import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { CompactSign, calculateJwkThumbprint, type JWK } from 'jose';
import { canonicalBytes } from '../../protocol/canonical.ts';
import { parseThumbprint, type Thumbprint } from '../../protocol/ids.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { KeyPurpose, Keys } from '../ports.ts';

const PURPOSES: readonly KeyPurpose[] = ['answers', 'evidence', 'mandates', 'log', 'cards', 'webhooks'];
/** Purposes that earlier versions did not have: made where they are missing. A key of the others that is missing was lost. */
const ADDED: ReadonlySet<unknown> = new Set<KeyPurpose>(['cards', 'webhooks']);

interface CompanyKey {
  readonly kid: Thumbprint;
  readonly key: KeyObject;
  readonly public: JsonObject;
}

/** The company's Ed25519 keys, one a purpose, kept in one file that only its owner may read. Made on first use. */
export async function loadCompanyKeys(path: string): Promise<Keys> {
  if (!existsSync(path))
    writeFileSync(path, JSON.stringify({ keys: PURPOSES.map(newKey) }, null, 2), { mode: 0o600, flag: 'wx' });
  if ((statSync(path).mode & 0o077) !== 0) throw new Error(`${path} must be readable by its owner only (chmod 600)`);
  const stored = withAdded(path, keysOf(JSON.parse(readFileSync(path, 'utf8'))));
  const held = new Map<KeyPurpose, CompanyKey>();
  for (const purpose of PURPOSES) held.set(purpose, await readKey(path, stored, purpose));
  const keyOf = (purpose: KeyPurpose): CompanyKey => {
    const found = held.get(purpose);
    if (found === undefined) throw new Error(`no ${purpose} key`);
    return found;
  };
  return {
    kid: (purpose) => keyOf(purpose).kid,
    sign: (purpose, bytes) => sign(null, bytes, keyOf(purpose).key),
    jws: (purpose, typ, payload) => {
      const { kid, key } = keyOf(purpose);
      return new CompactSign(canonicalBytes(payload)).setProtectedHeader({ alg: 'EdDSA', kid, typ }).sign(key);
    },
    jwks: () => ({ keys: PURPOSES.map((purpose) => keyOf(purpose).public) }),
  };
}

function newKey(purpose: KeyPurpose): JsonObject {
  const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  return { kty: 'OKP', crv: 'Ed25519', x: String(jwk.x), d: String(jwk.d), parley_purpose: purpose };
}

function keysOf(stored: unknown): readonly unknown[] {
  return typeof stored === 'object' && stored !== null && 'keys' in stored && Array.isArray(stored.keys)
    ? stored.keys
    : [];
}

const isFor = (purpose: KeyPurpose) => (each: unknown) =>
  typeof each === 'object' && each !== null && 'parley_purpose' in each && each.parley_purpose === purpose;

function withAdded(path: string, keys: readonly unknown[]): readonly unknown[] {
  const missing = PURPOSES.filter((purpose) => ADDED.has(purpose) && !keys.some(isFor(purpose)));
  if (missing.length === 0) return keys;
  const all = [...keys, ...missing.map(newKey)];
  writeFileSync(`${path}.new`, JSON.stringify({ keys: all }, null, 2), { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return all;
}

async function readKey(path: string, keys: readonly unknown[], purpose: KeyPurpose): Promise<CompanyKey> {
  const jwk = keys.find(isFor(purpose));
  if (typeof jwk !== 'object' || jwk === null || !('x' in jwk) || typeof jwk.x !== 'string')
    throw new Error(`${path} has no usable ${purpose} key`);
  const key = createPrivateKey({ key: jwk as JWK, format: 'jwk' });
  const bare = { kty: 'OKP', crv: 'Ed25519', x: jwk.x };
  const kid = parseThumbprint(await calculateJwkThumbprint(bare));
  if (kid === undefined) throw new Error(`${path}: the ${purpose} key has no thumbprint`);
  return { kid, key, public: { ...bare, kid, alg: 'EdDSA', use: 'sig', parley_purpose: purpose } };
}
