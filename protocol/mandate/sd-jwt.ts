/** The part of SD-JWT (RFC 9901) that Parley uses: top-level object properties, SHA-256, and a key binding JWT. */
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { base64url } from 'jose';
import { canonicalBytes } from '../base/canonical.ts';
import type { Json } from '../base/json.ts';
import { err, ok, type Result } from '../base/result.ts';
import { parseJsonText } from './jwt.ts';

export interface SdJwt {
  readonly issuerJwt: string;
  readonly disclosures: readonly string[];
  /** What stands behind the disclosures and is a JWT: the hops of a chain (mandate-chain.ts). */
  readonly delegations: readonly string[];
  /** Everything before the key binding, with its last `~`: what `sd_hash` is over. */
  readonly bound: string;
  /** Absent in what an issuer hands out. */
  readonly keyBinding?: string;
}

/** Splits the compact form `<issuer JWT>~<disclosure>~…~<key binding JWT>` (§4), with delegations before the key binding if there are any. */
export function splitSdJwt(presented: string): Result<SdJwt, string> {
  const [issuerJwt = '', ...rest] = presented.split('~');
  const keyBinding = rest.pop();
  if (keyBinding === undefined || issuerJwt === '' || rest.includes('')) return err('is not an SD-JWT');
  const bound = presented.slice(0, presented.length - keyBinding.length);
  const first = rest.findIndex((each) => each.includes('.'));
  const disclosures = first === -1 ? rest : rest.slice(0, first);
  const delegations = rest.slice(disclosures.length);
  return ok({ issuerJwt, disclosures, delegations, bound, ...(keyBinding === '' ? {} : { keyBinding }) });
}

/** The disclosures of these claims. */
export function shownOf(disclosures: readonly string[], reveal: readonly string[]): string[] {
  return disclosures.filter((each) => reveal.includes(disclosedName(each) ?? ''));
}

/** `sd_hash` (§4.3.1): SHA-256 over the US-ASCII of what is presented, base64url. */
export function sdHash(bound: string): string {
  return base64url.encode(sha256(utf8ToBytes(bound)));
}

/** A disclosure of an object property (§4.2.1). `salt`: at least 128 random bits, base64url. */
export function makeDisclosure(salt: string, name: string, value: Json): string {
  if (!/^[A-Za-z0-9_-]{22,}$/.test(salt)) throw new TypeError('a salt has at least 128 bits in base64url');
  return base64url.encode(canonicalBytes([salt, name, value]));
}

/** The digest of a disclosure (§4.2.3): over its base64url text, not over what that text says. */
export const disclosureDigest = sdHash;

/** The name a disclosure reveals; `undefined` when it is not one of an object property. */
export function disclosedName(disclosure: string): string | undefined {
  return readDisclosure(disclosure)?.name;
}

/** The claims with what was disclosed in its place (§7.1). Digests nobody opened are left out, as are the format's own members. */
export function openDisclosures(
  claims: { readonly [name: string]: unknown },
  disclosures: readonly string[],
  allowed: readonly string[],
): Result<{ readonly [name: string]: unknown }, string> {
  const { _sd: hidden = [], _sd_alg: algorithm = 'sha-256', ...opened } = claims;
  if (algorithm !== 'sha-256') return err('must have the `_sd_alg` sha-256');
  if (!Array.isArray(hidden) || !hidden.every((each) => typeof each === 'string')) return err('has an unusable `_sd`');
  const unopened = new Set<unknown>(hidden);
  if (unopened.size !== hidden.length) return err('lists a digest twice');
  const revealed = new Map(Object.entries(opened));
  for (const disclosure of disclosures) {
    const read = readDisclosure(disclosure);
    if (read === undefined) return err('has a malformed disclosure');
    // Taken out as it is used: a disclosure given twice, or one the issuer never made, opens nothing.
    if (!unopened.delete(disclosureDigest(disclosure))) return err('has a disclosure its issuer did not make');
    if (!allowed.includes(read.name) || revealed.has(read.name)) return err('discloses a claim that may not be hidden');
    revealed.set(read.name, read.value);
  }
  return ok(Object.fromEntries(revealed));
}

function readDisclosure(disclosure: string): { readonly name: string; readonly value: Json } | undefined {
  const parsed = parseJsonText(disclosure);
  if (!Array.isArray(parsed) || parsed.length !== 3) return undefined;
  const [salt, name, value]: readonly Json[] = parsed;
  return typeof salt === 'string' && typeof name === 'string' && value !== undefined ? { name, value } : undefined;
}
