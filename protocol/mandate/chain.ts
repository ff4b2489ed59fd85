/** Delegation: a mandate handed on (person → orchestrator → specialist), each hop signed by the holder before it and never wider than what
 * that holder had. A delegation is a JWT that stands behind the mandate's disclosures: `<mandate>~…~<delegation>~…~<key binding>`. */

import { LIMITS } from '../base/limits.ts';
import type { Money } from '../base/money.ts';
import { err, ok, type Result } from '../base/result.ts';
import { conform, matching, object, record, type Shape } from '../base/shape.ts';
import { type PublicJwk, publicJwk, thumbprintOf } from '../base/strict-jws.ts';
import {
  IDENTITY_CLAIMS,
  type IdentityClaim,
  MANDATE_TYP,
  type MandateClaims,
  publicKey,
  readConstraints,
  readMandateClaims,
} from './claims.ts';
import { type MandateConstraints, type MandateFacts, sharedLimits } from './facts.ts';
import { isSignedBy, type JwtSigner, readJwt, signJwt, type UnverifiedJwt } from './jwt.ts';
import { openDisclosures, sdHash, shownOf, splitSdJwt } from './sd-jwt.ts';

export const DELEGATION_TYP = 'parley-delegation+jwt';

interface DelegationClaims {
  readonly jti: string;
  /** Unix seconds, as is `exp`. */
  readonly iat: number;
  readonly exp: number;
  /** What is handed on: the hash (as `sd_hash`) of the issuer's JWT and the delegations before, each with its `~`. Disclosures are not
   * part of it: each holder shows what it chooses to. */
  readonly parent: string;
  /** The key it is handed to (RFC 7800 §3.2). */
  readonly cnf: { readonly jwk: PublicJwk };
  readonly constraints: MandateConstraints;
}

/** One hop as it was read: form only, nothing verified. */
export interface Hop {
  readonly jwt: UnverifiedJwt;
  readonly claims: DelegationClaims;
  readonly holder: PublicJwk;
}

/** What a chain comes to: who holds it in the end, and what is left of the permission. */
export interface Chained {
  readonly holder: PublicJwk;
  readonly constraints: MandateConstraints;
  readonly expiresAt: number;
  /** Every hop, first to last: what a revocation may name, and who handed it to whom. */
  readonly hops: readonly { readonly jti: string; readonly to: string }[];
  /** What all operations under the mandate, and under each hop of it, share. */
  readonly chain: NonNullable<MandateFacts['chain']>;
}

const seconds: Shape<number> = { misfit: (value, path) => (Number.isSafeInteger(value) ? undefined : path) };
const delegation = object<Omit<DelegationClaims, 'constraints'> & { readonly constraints: unknown }>({
  jti: matching(/^[\x21-\x7e]{1,128}$/),
  iat: seconds,
  exp: seconds,
  parent: matching(/^[\w-]{43}$/),
  cnf: object<DelegationClaims['cnf']>({ jwk: publicKey }),
  constraints: record,
});

/** Reads what stands between a mandate's disclosures and its key binding. */
export function readChain(issuerJwt: string, delegations: readonly string[]): Result<readonly Hop[], string> {
  if (delegations.length > LIMITS.delegationsMax) return err(`is handed on more than ${LIMITS.delegationsMax} times`);
  const hops: Hop[] = [];
  let handed = `${issuerJwt}~`;
  for (const compact of delegations) {
    const jwt = readJwt(compact, DELEGATION_TYP);
    if (!jwt.ok) return err(`has a delegation that ${jwt.error}`);
    const read = conform(delegation, jwt.value.claims);
    if (!read.ok) return err(`has a delegation with a claim that is missing, malformed or unknown: ${read.error}`);
    const constraints = readConstraints(read.value.constraints);
    if (!constraints.ok) return err(`has a delegation that ${constraints.error}`);
    const holder = publicJwk(read.value.cnf.jwk);
    if (holder === undefined) return err('has a delegation to no usable key');
    if (read.value.parent !== sdHash(handed)) return err('has a delegation of something else');
    hops.push({ jwt: jwt.value, claims: { ...read.value, constraints: constraints.value }, holder });
    handed += `${compact}~`;
  }
  return ok(hops);
}

/** Follows the chain from the mandate's own holder: every hop signed by the holder before it, in time, and narrower. */
export async function followChain(
  root: MandateClaims,
  agent: PublicJwk,
  hops: readonly Hop[],
  now: Date,
): Promise<Result<Chained, string>> {
  let name = root.jti;
  let chained: Chained = {
    holder: agent,
    constraints: root.constraints,
    expiresAt: root.exp,
    hops: [],
    chain: [{ name, ...sharedLimits(root.constraints) }],
  };
  for (const { jwt, claims, holder } of hops) {
    const narrower = narrows(chained.constraints, claims.constraints);
    if (!narrower.ok) return err(`is handed on ${narrower.error}`);
    if (!(claims.exp <= chained.expiresAt)) return err('is handed on for longer than it lasts');
    if (!(claims.iat <= now.getTime() / 1000 + LIMITS.clockSkewSeconds)) return err('has a delegation from the future');
    if (!(now.getTime() < claims.exp * 1000)) return err('has a delegation that has expired');
    if (!(await isSignedBy(jwt, [chained.holder]))) return err('is handed on by somebody who did not hold it');
    // Within the chain: two hops of different mandates, or of different holders, may have the same id.
    name += ` ${claims.jti}`;
    chained = {
      holder,
      constraints: claims.constraints,
      expiresAt: claims.exp,
      hops: [...chained.hops, { jti: claims.jti, to: await thumbprintOf(holder) }],
      chain: [...chained.chain, { name, ...sharedLimits(claims.constraints) }],
    };
  }
  return ok(chained);
}

/** Whether `given` permits nothing that `held` does not; the reason otherwise. Every limit must be said again: a hop that leaves one
 * out would be read as having none. */
export function narrows(held: MandateConstraints, given: MandateConstraints): Result<void, string> {
  if (!((given.max_delegations ?? 0) <= (held.max_delegations ?? 0) - 1)) return err('more often than it may be');
  if (!given.actions.every((each) => held.actions.includes(each))) return err('for actions it does not cover');
  if (!given.accounts.every((each) => held.accounts.includes(each))) return err('for accounts it does not cover');
  if (!withinMoney(held.max_total, given.max_total)) return err('with a higher `max_total`');
  if (!withinPeriod(held.max_total_per_period, given.max_total_per_period))
    return err('with a higher `max_total_per_period`, or one for another period');
  if (!within(held.max_uses, given.max_uses)) return err('with higher `max_uses`');
  if (!within(held.max_term_months, given.max_term_months)) return err('with a longer `max_term_months`');
  return within(held.max_seats, given.max_seats) ? ok(undefined) : err('with higher `max_seats`');
}

const within = (held: number | undefined, given: number | undefined): boolean =>
  held === undefined || (given !== undefined && given <= held);

const withinMoney = (held: Money | undefined, given: Money | undefined): boolean =>
  held === undefined || (given !== undefined && given.currency === held.currency && given.amount <= held.amount);

/** A limit for another period is not a narrower one: so much a day may be more in a month. */
const withinPeriod = (
  held: MandateConstraints['max_total_per_period'],
  given: MandateConstraints['max_total_per_period'],
): boolean => withinMoney(held, given) && (held === undefined || given?.period === held.period);

export interface Delegating {
  /** The key of the present holder. */
  readonly key: JwtSigner;
  /** The public key it is handed to. */
  readonly to: PublicJwk;
  /** Unique and unguessable; what a revocation names. */
  readonly jti: string;
  readonly now: Date;
  readonly expiresAt: Date;
  readonly constraints: MandateConstraints;
  /** Identity claims the next holder may show. None unless named. */
  readonly reveal?: readonly IdentityClaim[];
}

/** The mandate handed on, still without key binding: the next holder presents it as it would its own. Throws `TypeError` for a delegation
 * that no gateway would accept. */
export async function delegateMandate(mandate: string, delegating: Delegating): Promise<string> {
  const split = splitSdJwt(mandate);
  if (!split.ok || split.value.keyBinding !== undefined) throw new TypeError('not a mandate as its holder has it');
  const { issuerJwt, disclosures, delegations } = split.value;
  const { key, to, jti, now, expiresAt, constraints, reveal = [] } = delegating;
  const held = heldConstraints(issuerJwt, delegations);
  const narrower = held === undefined ? err('in a form nobody can read') : narrows(held, constraints);
  if (!narrower.ok) throw new TypeError(`the mandate is handed on ${narrower.error}`);
  const claims = {
    jti,
    iat: Math.floor(now.getTime() / 1000),
    exp: Math.floor(expiresAt.getTime() / 1000),
    parent: sdHash([issuerJwt, ...delegations, ''].join('~')),
    cnf: { jwk: { ...to } },
    constraints,
  };
  const { kid: _kid, ...unnamed } = key;
  const shown = shownOf(disclosures, reveal);
  return [issuerJwt, ...shown, ...delegations, await signJwt(DELEGATION_TYP, claims, unnamed), ''].join('~');
}

function heldConstraints(issuerJwt: string, delegations: readonly string[]): MandateConstraints | undefined {
  const chain = readChain(issuerJwt, delegations);
  const hop = chain.ok ? chain.value.at(-1) : undefined;
  if (!chain.ok || hop !== undefined) return hop?.claims.constraints;
  const root = readJwt(issuerJwt, MANDATE_TYP);
  const opened = root.ok ? openDisclosures(root.value.claims, [], IDENTITY_CLAIMS) : root;
  const claims = opened.ok ? readMandateClaims(opened.value) : opened;
  return claims.ok ? claims.value.constraints : undefined;
}
