import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { CompactSign, calculateJwkThumbprint, type JWK } from 'jose';
import { canonicalBytes } from '../../protocol/base/canonical.ts';
import { parseThumbprint, type Thumbprint } from '../../protocol/base/ids.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { KeyPurpose, Keys } from '../ports.ts';
import { saveFile } from './save-file.ts';

export const PURPOSES: readonly KeyPurpose[] = ['answers', 'evidence', 'mandates', 'log', 'cards', 'webhooks'];
/** Purposes that earlier versions did not have: made where they are missing. A key of the others that is missing was lost. */
const ADDED: ReadonlySet<unknown> = new Set<KeyPurpose>(['cards', 'webhooks']);

/** `keys.json`: one Ed25519 key a purpose, private. */
export interface KeyFile {
  /** Of which data directory they are the keys; unset until the first start. */
  readonly instance?: string;
  /** The first start was not finished: the database may not know them yet. */
  readonly unfinished?: boolean;
  readonly keys: readonly unknown[];
}

interface CompanyKey {
  readonly kid: Thumbprint;
  readonly key: KeyObject;
  readonly public: JsonObject;
}

export function newKeyFile(): KeyFile {
  return { keys: PURPOSES.map(newKey) };
}

/** Undefined where there is none. Throws for one that others may read, or that is no key file. */
export function readKeyFile(path: string): KeyFile | undefined {
  if (!existsSync(path)) return undefined;
  if ((statSync(path).mode & 0o077) !== 0) throw new Error(`${path} must be readable by its owner only (chmod 600)`);
  const stored: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (typeof stored !== 'object' || stored === null || !('keys' in stored) || !Array.isArray(stored.keys))
    throw new Error(`${path} is no key file: restore it from a copy`);
  const keys: readonly unknown[] = stored.keys;
  const missing = PURPOSES.filter((purpose) => ADDED.has(purpose) && !keys.some(isFor(purpose)));
  return {
    ...('instance' in stored && typeof stored.instance === 'string' ? { instance: stored.instance } : {}),
    ...('unfinished' in stored && stored.unfinished === true ? { unfinished: true } : {}),
    keys: [...keys, ...missing.map(newKey)],
  };
}

/** Whole or not at all, and on the disk when it returns. */
export function saveKeyFile(path: string, file: KeyFile): void {
  saveFile(path, JSON.stringify(file, null, 2));
}

/** The file with a new key for this purpose in the old one's place. */
export function withNewKey(file: KeyFile, purpose: KeyPurpose): KeyFile {
  return { ...file, keys: [...file.keys.filter((each) => !isFor(purpose)(each)), newKey(purpose)] };
}

/** A key as others may see it. */
export interface PublicKey {
  readonly kid: string;
  readonly purpose: string;
  readonly jwk: JsonObject;
  /** Unix seconds of its first and last use: not known to the file. */
  readonly nbf: null;
  readonly exp: null;
}

/** Public halves and names of a file's keys. */
export async function publicKeys(file: KeyFile): Promise<readonly PublicKey[]> {
  const keys: PublicKey[] = [];
  for (const each of file.keys) {
    const { kty, crv, x, parley_purpose } = each as JsonObject;
    const bare = { kty, crv, x } as JWK & JsonObject;
    const [kid, purpose] = [await calculateJwkThumbprint(bare), String(parley_purpose)];
    keys.push({
      kid,
      purpose,
      jwk: { ...bare, kid, alg: 'EdDSA', use: 'sig', parley_purpose: purpose },
      nbf: null,
      exp: null,
    });
  }
  return keys;
}

/** The keys of a file; made on first use. */
export async function loadCompanyKeys(path: string): Promise<Keys> {
  const found = readKeyFile(path);
  const file = found ?? newKeyFile();
  if (found === undefined) saveKeyFile(path, file);
  return openKeys(path, file);
}

/** `earlier`: public keys that were the company's once and still verify what they signed. */
export async function openKeys(path: string, file: KeyFile, earlier: readonly JsonObject[] = []): Promise<Keys> {
  const held = new Map<KeyPurpose, CompanyKey>();
  for (const purpose of PURPOSES) held.set(purpose, await readKey(path, file.keys, purpose));
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
    jwks: () => ({ keys: [...PURPOSES.map((purpose) => keyOf(purpose).public), ...earlier] }),
  };
}

function newKey(purpose: KeyPurpose): JsonObject {
  const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  return { kty: 'OKP', crv: 'Ed25519', x: String(jwk.x), d: String(jwk.d), parley_purpose: purpose };
}

const isFor = (purpose: KeyPurpose) => (each: unknown) =>
  typeof each === 'object' && each !== null && 'parley_purpose' in each && each.parley_purpose === purpose;

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
