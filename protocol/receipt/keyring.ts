/** Which of the company's keys a verifier knows, and why it may believe them. */
import { isRecord } from '../base/shape.ts';
import { type PublicJwk, publicJwk, thumbprintOf } from '../base/strict-jws.ts';

/** What the person who verifies brings along. With neither, nothing can be valid: keys inside a receipt prove nothing by themselves. */
export interface Trust {
  /** A JWK Set obtained from the company out of band. */
  readonly keys?: unknown;
  /** RFC 7638 thumbprints: keys carried by the receipt count when theirs is among these. */
  readonly pinned?: readonly string[];
}

export interface CompanyKey {
  readonly jwk: PublicJwk;
  readonly thumbprint: string;
  /** What it may sign; keys given without a purpose may sign anything. */
  readonly purpose: string | undefined;
  /** Unix seconds; believed only of given keys, for thumbprints do not cover them. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly source: 'given' | 'pinned' | 'embedded';
}

export type Keyring = readonly CompanyKey[];

/** Given keys first, so that they win over the receipt's own copies. */
export async function makeKeyring(trust: Trust, embedded: unknown): Promise<Keyring> {
  const pinned = new Set(trust.pinned);
  const given = await readKeys(trust.keys, () => 'given');
  const carried = await readKeys(embedded, (thumbprint) => (pinned.has(thumbprint) ? 'pinned' : 'embedded'));
  return [...given, ...carried];
}

/** By computed thumbprint only: a `kid` somebody wrote beside a key says nothing about it. */
export function findKey(ring: Keyring, thumbprint: string, purpose: string): CompanyKey | undefined {
  return ring.find((key) => key.thumbprint === thumbprint && serves(key, purpose));
}

export function serves(key: CompanyKey, purpose: string): boolean {
  return key.purpose === undefined || key.purpose === purpose;
}

export function wasValid(key: CompanyKey, unixSeconds: number): boolean {
  return key.notBefore <= unixSeconds && unixSeconds <= key.notAfter;
}

async function readKeys(set: unknown, sourceOf: (thumbprint: string) => CompanyKey['source']): Promise<CompanyKey[]> {
  const list = isRecord(set) && Array.isArray(set['keys']) ? set['keys'] : [];
  const keys: CompanyKey[] = [];
  for (const entry of list) {
    const jwk = isRecord(entry) ? publicJwk(entry) : undefined;
    if (jwk === undefined || !isRecord(entry)) continue;
    const { parley_purpose: purpose, nbf, exp } = entry;
    const thumbprint = await thumbprintOf(jwk);
    const source = sourceOf(thumbprint);
    keys.push({
      jwk,
      thumbprint,
      source,
      purpose: typeof purpose === 'string' ? purpose : undefined,
      notBefore: source === 'given' && typeof nbf === 'number' ? nbf : Number.NEGATIVE_INFINITY,
      notAfter: source === 'given' && typeof exp === 'number' ? exp : Number.POSITIVE_INFINITY,
    });
  }
  return keys;
}
