/** Whether a presented mandate is real, whose it is and for which key: everything a gateway checks before it believes a word of it. */
import { type Refusal, refusal } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { err, ok, type Result } from '../base/result.ts';
import { type PublicJwk, publicJwk, thumbprintOf } from '../base/strict-jws.ts';
import { type Chained, followChain, type Hop, readChain } from './chain.ts';
import {
  type BindingClaims,
  checkTimes,
  IDENTITY_CLAIMS,
  KEY_BINDING_TYP,
  MANDATE_TYP,
  type MandateClaims,
  readBindingClaims,
  readMandateClaims,
} from './claims.ts';
import type { MandateFacts } from './facts.ts';
import { isSignedBy, readJwt, type UnverifiedJwt } from './jwt.ts';
import { openDisclosures, sdHash, splitSdJwt } from './sd-jwt.ts';

export interface MandateIssuer {
  readonly tier: 'company' | 'principal';
  readonly keys: readonly (PublicJwk & { readonly kid: string })[];
  /** Principals it may speak for. A principal's issuer speaks for nobody else; without a list a company's speaks for all. */
  readonly subjects?: readonly string[];
  /** Accounts it may give access to; as `subjects`. Nobody can permit what is not theirs. */
  readonly accounts?: readonly string[];
}

export type MandateIssuers = ReadonlyMap<string, MandateIssuer>;

export interface MandateCheck {
  readonly issuers: MandateIssuers;
  /** The gateway's origin. */
  readonly audience: string;
  /** The request's Idempotency-Key. */
  readonly nonce: string;
  /** Thumbprint of the key that signed the request. */
  readonly keyid: string;
  readonly now: Date;
}

interface Presentation {
  readonly issuerJwt: UnverifiedJwt;
  readonly bindingJwt: UnverifiedJwt;
  readonly claims: MandateClaims;
  readonly binding: BindingClaims;
  readonly agent: PublicJwk;
  readonly hops: readonly Hop[];
  readonly hash: string;
}

/** Verifies a presentation against the request it came with. Refuses with `mandate-invalid` and what was wrong.
 * Revocation is not looked at here: it needs the world. */
export async function verifyMandate(presented: string, check: MandateCheck): Promise<Result<MandateFacts, Refusal>> {
  const read = readPresentation(presented);
  if (!read.ok) return invalid(read.error);
  const { claims, binding, agent, hops } = read.value;
  const holder = hops.at(-1)?.holder ?? agent;
  if ((await thumbprintOf(holder)) !== check.keyid)
    return invalid('The mandate is bound to another key than the one that signed the request.');
  const bound = checkBinding(read.value, binding, check);
  if (!bound.ok) return invalid(`The key binding ${bound.error}.`);
  const timely = checkTimes(claims, check.now);
  if (!timely.ok) return invalid(`The mandate ${timely.error}.`);
  if (claims.aud !== undefined && claims.aud !== check.audience) return invalid('The mandate is for another gateway.');
  if (!(await isSignedBy(read.value.bindingJwt, [holder])))
    return invalid('The key binding is not signed by the key of the mandate.');
  const issuer = check.issuers.get(claims.iss);
  const { kid } = read.value.issuerJwt;
  const keys = (issuer?.keys ?? []).filter((key) => key.kid === kid);
  // One answer for both: who is an issuer here is not for strangers to find out.
  if (issuer === undefined || !(await isSignedBy(read.value.issuerJwt, keys))) {
    return invalid('The mandate is not signed by an issuer known here.');
  }
  const chained = await followChain(claims, agent, hops, check.now);
  if (!chained.ok) return invalid(`The mandate ${chained.error}.`);
  const signed = keys[0];
  const facts = toFacts(claims, chained.value, issuer, {
    hash: read.value.hash,
    holder: await thumbprintOf(agent),
    ...(signed && { issuerKey: await thumbprintOf(signed) }),
  });
  return speaksFor(issuer, facts)
    ? ok(facts)
    : invalid('The issuer does not speak for this principal and these accounts.');
}

/** Whether what the mandate gives is its issuer's to give. */
export function speaksFor(issuer: MandateIssuer, { subject, constraints }: MandateFacts): boolean {
  const unlisted = issuer.tier === 'company';
  const covers = (list: readonly string[] | undefined, wanted: readonly string[]) =>
    list === undefined ? unlisted : wanted.every((each) => list.includes(each));
  return covers(issuer.subjects, [subject]) && covers(issuer.accounts, constraints.accounts);
}

// Form only; cheap, bounded, no crypto.
function readPresentation(presented: string): Result<Presentation, string> {
  if (presented.length > LIMITS.mandateBytesMax)
    return err(`The mandate is larger than ${LIMITS.mandateBytesMax} bytes.`);
  const split = /^[\w.~-]*$/.test(presented) ? splitSdJwt(presented) : err('is not an SD-JWT');
  if (!split.ok) return err(`The mandate ${split.error}.`);
  const { keyBinding, bound, disclosures, delegations } = split.value;
  if (keyBinding === undefined) return err('The mandate has no key binding.');
  const issuerJwt = readJwt(split.value.issuerJwt, MANDATE_TYP);
  if (!issuerJwt.ok) return err(`The mandate ${issuerJwt.error}.`);
  const opened = openDisclosures(issuerJwt.value.claims, disclosures, IDENTITY_CLAIMS);
  if (!opened.ok) return err(`The mandate ${opened.error}.`);
  const claims = readMandateClaims(opened.value);
  if (!claims.ok) return err(`The mandate ${claims.error}.`);
  const agent = publicJwk(claims.value.cnf.jwk);
  if (agent === undefined) return err('The mandate is bound to no usable key.');
  const hops = readChain(split.value.issuerJwt, delegations);
  if (!hops.ok) return err(`The mandate ${hops.error}.`);
  const bindingJwt = readJwt(keyBinding, KEY_BINDING_TYP);
  if (!bindingJwt.ok) return err(`The key binding ${bindingJwt.error}.`);
  const binding = readBindingClaims(bindingJwt.value.claims);
  if (!binding.ok) return err(`The key binding ${binding.error}.`);
  return ok({
    issuerJwt: issuerJwt.value,
    bindingJwt: bindingJwt.value,
    claims: claims.value,
    binding: binding.value,
    agent,
    hops: hops.value,
    hash: sdHash(bound),
  });
}

function checkBinding(
  { hash }: Presentation,
  binding: BindingClaims,
  { audience, nonce, now }: MandateCheck,
): Result<void, string> {
  if (binding.aud !== audience) return err('is for another audience');
  if (binding.nonce !== nonce) return err('was made for another request: its nonce is not the Idempotency-Key');
  if (binding.sd_hash !== hash) return err('was made for another presentation');
  const age = now.getTime() / 1000 - binding.iat;
  if (!(age <= LIMITS.mandateProofAgeSecondsMax)) return err('is too old');
  return age >= -LIMITS.clockSkewSeconds ? ok(undefined) : err('is from the future');
}

function toFacts(
  { jti, iss, sub, iat, status, name, email }: MandateClaims,
  { constraints, expiresAt, hops, chain }: Chained,
  { tier }: MandateIssuer,
  { hash, holder, issuerKey }: { readonly hash: string; readonly holder: string; readonly issuerKey?: string },
): MandateFacts {
  return {
    jti,
    issuer: iss,
    tier,
    subject: sub,
    digest: `sha-256:${hash}`,
    expiresAt,
    issuedAt: iat,
    constraints,
    holder,
    ...(issuerKey !== undefined && { issuerKey }),
    ...(hops.length > 0 && { delegations: hops, chain }),
    ...(status && { status: { uri: status.status_list.uri, index: status.status_list.idx } }),
    ...((name !== undefined || email !== undefined) && {
      disclosed: { ...(name !== undefined && { name }), ...(email !== undefined && { email }) },
    }),
  };
}

const invalid = (detail: string): Result<never, Refusal> => err(refusal('mandate-invalid', detail));
