/** Access tokens (OAuth 2.1) as a way to be known: with a DPoP proof (RFC 9449), or, proving less, as a bearer (RFC 6750). */
import { hash } from 'node:crypto';
import { type CryptoKey, calculateJwkThumbprint, compactVerify, exportJWK } from 'jose';
import { canonicalBytes, digestBytes } from '../../../protocol/base/canonical.ts';
import { contentDigest } from '../../../protocol/base/digest.ts';
import { type Refusal, refusal } from '../../../protocol/base/errors.ts';
import { parseThumbprint, type Thumbprint } from '../../../protocol/base/ids.ts';
import { LIMITS } from '../../../protocol/base/limits.ts';
import { err, ok, type Result } from '../../../protocol/base/result.ts';
import { PRINCIPAL, readConstraints } from '../../../protocol/mandate/claims.ts';
import {
  type MandateConstraints,
  type MandateFacts,
  sharedLimits,
  speaksFor,
} from '../../../protocol/mandate/mandate.ts';
import type { RawRequest } from '../../edge/raw-request.ts';
import { groundsOf, revokedOf } from '../../engine/grounds.ts';
import type { Store } from '../../ports.ts';
import type { Caller } from '../signature/authenticate.ts';
import { NODE_HASHES } from '../signature/keys-node.ts';
import { type DpopProof, verifyDpop } from './dpop.ts';
import type { Presented } from './introspection.ts';
import type { KeyHint, TokenIssuer, TokenIssuers } from './oauth-issuers.ts';
import { GRANT_TYPE } from './oauth-metadata.ts';
import {
  checkTokenTimes,
  isAccessToken,
  issuerOf,
  type Members,
  openToken,
  readClaims,
  type TokenClaims,
} from './token-claims.ts';

export interface TokenAuthDeps {
  readonly issuers: TokenIssuers;
  /** Resource identifiers (RFC 8707) a token may be for, e.g. `https://parley.example/mcp`: one of them must be in its `aud`. */
  readonly resources: readonly string[];
  /** The gateway's public origin, on which DPoP proofs name their address. */
  readonly origin: string;
  readonly isRevoked: Store['isRevoked'];
  /** Where a request comes from, as far as is known: no proof of anything, and enough for taking turns. */
  readonly addressOf: (raw: RawRequest) => string;
}

export type AuthenticateToken = (raw: RawRequest, now: Date) => Promise<Result<Caller, Refusal>>;

interface Credentials {
  readonly scheme: 'bearer' | 'dpop';
  readonly token: string;
}

/** Form, issuer, times, audience, then the key, then crypto: what costs us most comes last. Only of a token that is good is it said which
 * scope it lacks. */
export function makeTokenAuth(deps: TokenAuthDeps): AuthenticateToken {
  const asked = [...deps.issuers.values()].find(({ introspect }) => introspect !== undefined);
  return async function authenticateToken(raw, now) {
    const presented = credentialsOf(raw);
    if (!presented.ok) return presented;
    const { scheme, token } = presented.value;
    const lacksProof = scheme === 'dpop' && raw.headers.get('dpop')?.length !== 1;
    const believed = await believe(token, { ...deps, asked, lacksProof }, { now, address: deps.addressOf(raw) });
    if (!believed.ok) return believed;
    const { claims, issuer, signer } = believed.value;
    const bound = bindingOf(raw, { scheme, token }, claims.jkt, deps.origin, now);
    if (!bound.ok) return bound;
    const permitted = checkScope(claims, issuer);
    if (!permitted.ok) return permitted;
    const grant = grantOf(claims, issuer, token);
    if (!grant.ok) return grant;
    const caller = callerOf(raw, claims, { signer, proof: bound.value, grant: grant.value });
    const agent = { keyid: caller.keyid, via: caller.via, ...(caller.token && { token: caller.token }) };
    const [revoked] = revokedOf(groundsOf({ agent, mandate: null }), deps);
    if (revoked === undefined) return ok(caller);
    return revoked.refusal.code === 'key-revoked' ? err(revoked.refusal) : invalid(revoked.words);
  };
}

const UNSIGNED = 'The token is not signed by an authorisation server known here.';
const ONE_PROOF = 'A token that is bound to a key needs exactly one DPoP header field.';
const CREDENTIALS = /^(bearer|dpop) +([\w~+/.-]+=*)$/i;
const COMPACT_JWS = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** RFC 6750 §2.1, RFC 9449 §7.1. Tokens in a query or a body are not looked for. */
function credentialsOf({ headers }: RawRequest): Result<Credentials, Refusal> {
  const [field, ...more] = headers.get('authorization') ?? [];
  if (field === undefined) return err(refusal('token-missing'));
  if (more.length > 0) return err(refusal('malformed-request', 'At most one Authorization header field is allowed.'));
  if (!/^(?:bearer|dpop)(?: |$)/i.test(field))
    return err(refusal('token-missing', 'The Authorization schemes are Bearer and DPoP.'));
  if (field.length > LIMITS.mandateBytesMax)
    return invalid(`The token is larger than ${LIMITS.mandateBytesMax} bytes.`);
  const [, scheme = '', token = ''] = CREDENTIALS.exec(field) ?? [];
  if (token === '') return invalid('There is no token of the form RFC 6750 gives it.');
  return ok({ scheme: scheme.toLowerCase() === 'dpop' ? 'dpop' : 'bearer', token });
}

interface Believed {
  readonly claims: TokenClaims;
  readonly issuer: TokenIssuer;
  /** The thumbprint of the key that signed it, where that was checked here. */
  readonly signer?: string;
}

type BelieveDeps = TokenAuthDeps & {
  /** The server that is asked about what cannot be read here. */
  readonly asked: TokenIssuer | undefined;
  /** Said to be bound to a key, and shown without one: it cannot be good, whatever its server says. */
  readonly lacksProof: boolean;
};

/** What a token says, once its server stands for it: by its signature, or by its answer. */
async function believe(token: string, deps: BelieveDeps, presented: Presented): Promise<Result<Believed, Refusal>> {
  const { now } = presented;
  const opened = COMPACT_JWS.test(token) ? openToken(token) : undefined;
  const named = opened?.ok === true ? issuerOf(opened.value) : undefined;
  const issuer = named === undefined ? deps.asked : deps.issuers.get(named);
  if (issuer?.introspect !== undefined && deps.lacksProof) return err(refusal('dpop-invalid', ONE_PROOF));
  if (issuer?.introspect !== undefined) return introspected(token, issuer, deps.resources, presented);
  if (opened === undefined) return invalid('The token is not a compact JWS.');
  if (!opened.ok) return invalid(`The token ${opened.error}.`);
  // One answer for both: who is an issuer here is not told to those who are not.
  if (issuer === undefined) return invalid(UNSIGNED);
  const typed = isAccessToken(opened.value, issuer.dialect);
  if (!typed.ok) return invalid(`The token ${typed.error}.`);
  const claims = checked(opened.value.claims, { token, issuer, resources: deps.resources, now });
  if (!claims.ok) return claims;
  const { hint } = opened.value;
  const key = (await issuer.findKey?.(hint, now)) ?? ok(undefined);
  if (!key.ok) return key;
  const signer = key.value === undefined ? undefined : await signerOf(token, hint, key.value);
  return signer === undefined ? invalid(UNSIGNED) : ok({ claims: claims.value, issuer, signer });
}

async function introspected(
  token: string,
  issuer: TokenIssuer,
  resources: readonly string[],
  presented: Presented,
): Promise<Result<Believed, Refusal>> {
  const { now } = presented;
  const said = await issuer.introspect?.(token, presented);
  if (said?.ok === false) return said;
  if (said?.value === undefined) return invalid('The authorisation server does not stand for the token.');
  // Its name is its server's to leave out.
  const named = { ...issuer, dialect: { ...issuer.dialect, withoutId: true } };
  const claims = checked(said.value, { token, issuer: named, resources, now });
  return claims.ok ? ok({ claims: claims.value, issuer }) : claims;
}

interface Checking {
  readonly token: string;
  readonly issuer: TokenIssuer;
  readonly resources: readonly string[];
  readonly now: Date;
}

/** RFC 9068 §4, but the signature and what it permits. */
function checked(said: Members, { token, issuer, resources, now }: Checking): Result<TokenClaims, Refusal> {
  const digest = digestBytes(Buffer.from(token));
  const claims = readClaims(said, { dialect: issuer.dialect, digest });
  if (!claims.ok) return invalid(`The token ${claims.error}.`);
  const timely = checkTokenTimes(claims.value, now);
  if (!timely.ok) return invalid(`The token ${timely.error}.`);
  const accepted = issuer.audience ?? resources;
  if (accepted.some((each) => claims.value.audiences.includes(each))) return claims;
  return invalid('The token is for another audience.');
}

/** RFC 6750 §3.1. */
function checkScope({ scopes, details }: TokenClaims, { scope }: TokenIssuer): Result<void, Refusal> {
  if (scopes.includes(scope) || details.some(isGrant)) return ok(undefined);
  return err(refusal('scope-missing', `The token has not the scope ${scope}.`, { scope }));
}

/** The thumbprint of the key that signed it. */
async function signerOf(token: string, { alg }: KeyHint, key: CryptoKey): Promise<string | undefined> {
  try {
    await compactVerify(token, key, { algorithms: [alg] });
    return await calculateJwkThumbprint(await exportJWK(key));
  } catch {
    return undefined;
  }
}

/** A token that is bound to a key is never a bearer token, and a proof for one that is not would prove nothing (RFC 9449 §7.1 and §7.2). */
function bindingOf(
  raw: RawRequest,
  { scheme, token }: Credentials,
  jkt: Thumbprint | undefined,
  origin: string,
  now: Date,
): Result<DpopProof | undefined, Refusal> {
  if (jkt === undefined)
    return scheme === 'bearer' ? ok(undefined) : err(refusal('dpop-invalid', 'The token is not bound to a key.'));
  if (scheme === 'bearer')
    return err(refusal('dpop-invalid', 'The token is bound to a key: present it with the scheme DPoP and a proof.'));
  return verifyDpop(raw, { origin, token, jkt }, now);
}

const isGrant = (details: TokenClaims['details'][number]): boolean => details['type'] === GRANT_TYPE;

/** What the principal permits (RFC 9396), in the mandate's closed vocabulary: a limit nobody here understands refuses. */
function grantOf(claims: TokenClaims, issuer: TokenIssuer, token: string): Result<MandateFacts | undefined, Refusal> {
  const [details, ...more] = claims.details.filter(isGrant);
  if (details === undefined) return ok(undefined);
  if (more.length > 0) return notGranted('The token has several authorization_details of this gateway’s type.');
  const { type: _, ...members } = details;
  const constraints = readConstraints(members);
  if (!constraints.ok) return notGranted(`The token’s authorization_details ${constraints.error}.`);
  if (!PRINCIPAL.test(claims.sub)) return notGranted('The token’s sub names no contact or account.');
  const facts: MandateFacts = {
    jti: claims.jti,
    issuer: issuer.iss,
    tier: issuer.tier,
    subject: claims.sub,
    digest: digestBytes(Buffer.from(token)),
    expiresAt: Math.floor(claims.exp),
    constraints: constraints.value,
    chain: [{ name: grantName(claims, constraints.value), ...sharedLimits(constraints.value) }],
    form: 'token',
  };
  const { tier, subjects, accounts } = issuer;
  const speaker = { tier, keys: [], ...(subjects && { subjects }), ...(accounts && { accounts }) };
  return speaksFor(speaker, facts)
    ? ok(facts)
    : notGranted('The issuer does not speak for this principal and these accounts.');
}

/** Tokens are renewed, the grant behind them stays: what was done under one counts under the next. */
function grantName({ client, sub }: TokenClaims, constraints: MandateConstraints): string {
  const { actions, accounts } = constraints;
  const same = { ...constraints, actions: actions.toSorted(), accounts: accounts.toSorted() };
  return `grant:${hash('sha256', canonicalBytes([client, sub, JSON.parse(JSON.stringify(same))]), 'base64url')}`;
}

/** No key, but the same for every token of one client for one subject: retries and later reads are by the same caller. */
function bearerId({ iss, client, sub }: TokenClaims): Thumbprint {
  const id = parseThumbprint(hash('sha256', canonicalBytes(['oauth', iss, client, sub]), 'base64url'));
  if (id === undefined) throw new TypeError('a SHA-256 digest has 43 characters');
  return id;
}

function callerOf(
  raw: RawRequest,
  claims: TokenClaims,
  {
    signer,
    proof,
    grant,
  }: {
    readonly signer: string | undefined;
    readonly proof: DpopProof | undefined;
    readonly grant: MandateFacts | undefined;
  },
): Caller {
  const { iss, sub, client, jti, jkt, agent } = claims;
  return {
    keyid: jkt ?? bearerId(claims),
    via: 'token',
    name: agent,
    token: {
      jti,
      issuer: iss,
      client,
      subject: sub,
      ...(signer && { issuerKey: signer }),
      ...(jkt && { boundTo: jkt }),
    },
    ...(proof === undefined ? { proof: 'bearer' } : { proof: 'dpop', nonce: proof.nonce }),
    ...(grant && { grant: { ...grant, ...(signer && { issuerKey: signer }) } }),
    evidence: {
      contentDigest: contentDigest(raw.body, NODE_HASHES),
      signatureInput: '',
      signature: proof?.jwt ?? '',
    },
  };
}

const invalid = (detail: string): Result<never, Refusal> => err(refusal('token-invalid', detail));
const notGranted = (detail: string): Result<never, Refusal> => err(refusal('mandate-invalid', detail));
