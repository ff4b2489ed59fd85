/** Making mandates (the principal's or the company's side) and presenting them (the agent's side). */

import type { PublicJwk } from '../base/strict-jws.ts';
import {
  type BindingClaims,
  IDENTITY_CLAIMS,
  type IdentityClaim,
  KEY_BINDING_TYP,
  MANDATE_TYP,
  MANDATE_VCT,
  type MandateClaims,
  readMandateClaims,
} from './claims.ts';
import type { MandateConstraints } from './facts.ts';
import { type JwtSigner, signJwt } from './jwt.ts';
import { disclosureDigest, makeDisclosure, openDisclosures, sdHash, shownOf, splitSdJwt } from './sd-jwt.ts';

export interface MandateOrder {
  /** The issuer's key; its `kid` is how gateways find the public half. */
  readonly key: JwtSigner & { readonly kid: string };
  readonly issuer: string;
  /** CRM reference of the principal: `contact:C-1001` or `account:A-1001`. */
  readonly subject: string;
  /** The agent's public key: only its holder can present the mandate. */
  readonly agent: PublicJwk;
  /** Unique and unguessable; what a revocation names. */
  readonly jti: string;
  readonly now: Date;
  readonly expiresAt: Date;
  readonly notBefore?: Date;
  /** The one gateway it is for, as an origin. */
  readonly audience?: string;
  readonly constraints: MandateConstraints;
  /** Claims the agent may show or withhold. `salt`: at least 128 random bits, base64url, never used twice. */
  readonly identity?: readonly { readonly name: IdentityClaim; readonly value: string; readonly salt: string }[];
  readonly status?: { readonly uri: string; readonly index: number };
}

/** An SD-JWT without key binding, ending in `~`. Throws `TypeError` for an order no gateway would accept. */
export async function issueMandate(order: MandateOrder): Promise<string> {
  const disclosures = (order.identity ?? []).map(({ name, value, salt }) => makeDisclosure(salt, name, value));
  const { status, notBefore, audience } = order;
  const claims: MandateClaims = {
    vct: MANDATE_VCT,
    iss: order.issuer,
    sub: order.subject,
    jti: order.jti,
    iat: unixSeconds(order.now),
    exp: unixSeconds(order.expiresAt),
    cnf: { jwk: { ...order.agent } },
    constraints: order.constraints,
    ...(notBefore && { nbf: unixSeconds(notBefore) }),
    ...(audience !== undefined && { aud: audience }),
    ...(status && { status: { status_list: { idx: status.index, uri: status.uri } } }),
  };
  // Sorted, so that the order of digests says nothing about the claims (RFC 9901 §4.2.4.1).
  const hidden = disclosures.length === 0 ? {} : { _sd_alg: 'sha-256', _sd: disclosures.map(disclosureDigest).sort() };
  const sealed = { ...claims, ...hidden };
  const opened = openDisclosures(sealed, disclosures, IDENTITY_CLAIMS);
  const readable = opened.ok ? readMandateClaims(opened.value) : opened;
  if (!readable.ok) throw new TypeError(`the mandate ${readable.error}`);
  const issuerJwt = await signJwt(MANDATE_TYP, sealed, order.key);
  return [issuerJwt, ...disclosures, ''].join('~');
}

export interface Presenting {
  /** The agent's key, the one its requests are signed with. */
  readonly key: Pick<JwtSigner, 'alg' | 'sign'>;
  /** Origin of the gateway. */
  readonly audience: string;
  /** The Idempotency-Key of the request that carries the mandate: it serves that request only. */
  readonly nonce: string;
  readonly now: Date;
  /** Identity claims to show. Nothing unless named. */
  readonly reveal?: readonly IdentityClaim[];
}

/** The mandate with a fresh key binding (RFC 9901 §4.3), for one request. Throws `TypeError` when it is not a mandate as issued. */
export async function presentMandate(mandate: string, presenting: Presenting): Promise<string> {
  const split = splitSdJwt(mandate);
  if (!split.ok || split.value.keyBinding !== undefined) throw new TypeError('not a mandate as its issuer gave it');
  const { issuerJwt, disclosures, delegations } = split.value;
  const bound = [issuerJwt, ...shownOf(disclosures, presenting.reveal ?? []), ...delegations, ''].join('~');
  const { audience: aud, nonce, now, key } = presenting;
  const claims: BindingClaims = { aud, nonce, iat: unixSeconds(now), sd_hash: sdHash(bound) };
  return bound + (await signJwt(KEY_BINDING_TYP, claims, key));
}

const unixSeconds = (date: Date): number => Math.floor(date.getTime() / 1000);
