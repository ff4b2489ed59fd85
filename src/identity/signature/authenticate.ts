import { hash } from 'node:crypto';
import { type Refusal, refusal, unavailable } from '../../../protocol/base/errors.ts';
import { parseThumbprint, type Thumbprint } from '../../../protocol/base/ids.ts';
import type { Json } from '../../../protocol/base/json.ts';
import { LIMITS } from '../../../protocol/base/limits.ts';
import { HEADER } from '../../../protocol/base/names.ts';
import { err, ok, type Result } from '../../../protocol/base/result.ts';
import type { MandateFacts, Proof } from '../../../protocol/mandate/mandate.ts';
import {
  type Candidate,
  candidates,
  checkBody,
  inTheirWords,
  REQUEST_PROFILES,
  type SignableRequest,
  type VerifyKey,
  verifyCandidate,
} from '../../../protocol/signature/signature.ts';
import type { RawRequest } from '../../edge/raw-request.ts';
import type { TokenFacts } from '../../engine/operation.ts';
import type { Nonce } from '../../ports.ts';
import { NODE_HASHES } from './keys-node.ts';
import type { NonceCap } from './nonce-cap.ts';

/** Who asks, proven: by a signature over this very request, or by an access token. */
export interface Caller {
  /** Of the key that signed, or that the token is bound to; a digest of issuer and client where there is no key. */
  readonly keyid: Thumbprint;
  readonly proof: Proof;
  readonly via: 'registered' | 'directory' | 'profile' | 'token';
  readonly name?: string;
  /** The label of its signature, to which the answer is bound. */
  readonly label?: string;
  /** To be spent by whoever acts on the request; a bearer token has none. */
  readonly nonce?: Nonce;
  /** The caller's UCP profile, where it named one. */
  readonly profile?: Json;
  /** What the token itself permits, where an authorisation server speaks for the principal. */
  readonly grant?: MandateFacts;
  /** The access token it is known by. */
  readonly token?: TokenFacts;
  /** Members of the fields `Signature-Input` and `Signature` for `label` alone: what others signed is not evidence of this request. */
  readonly evidence: { readonly contentDigest: string; readonly signatureInput: string; readonly signature: string };
}

export interface KnownKey {
  readonly key: VerifyKey;
  readonly via: 'registered' | 'directory' | 'profile';
  readonly name?: string;
  /** The UCP profile its key was found in, as JSON. */
  readonly profile?: string;
  /** Told when the key has proven a request: until then what was found is worth keeping for a moment only. */
  readonly proved?: () => void;
}

/** A key, none, or nobody knows: we are too busy to look, or what was asked did not answer. */
export type Found = KnownKey | keyof typeof UNKNOWABLE | undefined;

export interface AuthenticateDeps {
  readonly scheme: string;
  readonly authority: string;
  /** A registered key; synchronous, from memory or the database. */
  readonly registered: (keyid: Thumbprint) => KnownKey | undefined;
  /** Resolves a key the request points to (Signature-Agent, UCP-Agent) and that this signature covers; bounded and cached, and of all
   * signatures of one request one look-up at most. */
  readonly resolve: (request: RawRequest) => (candidate: Candidate) => Promise<Found>;
  readonly isRevoked: (keyid: Thumbprint) => boolean;
  readonly cap: NonceCap;
}

/** Form, window, coverage, digest, then the key, then crypto: what costs us most comes last. Each label is judged by the profile of its
 * own tag; the first that verifies and is good for the method is the identity, and they are never merged (RFC 9421 §7.2.5). A broken
 * signature never falls back to anything. */
export async function authenticate(
  raw: RawRequest,
  deps: AuthenticateDeps,
  now: Date,
): Promise<Result<Caller, Refusal>> {
  const caller = await identify(raw, deps, now);
  return caller.ok ? caller : err(inTheirWords(raw.headers, caller.error));
}

async function identify(raw: RawRequest, deps: AuthenticateDeps, now: Date): Promise<Result<Caller, Refusal>> {
  const request: SignableRequest = { ...raw, scheme: deps.scheme, authority: deps.authority };
  const found = candidates(request, REQUEST_PROFILES, raw.body.length > 0, now);
  if (!found.ok) return found;
  const whole = checkBody(request, raw.body, NODE_HASHES);
  if (!whole.ok) return whole;
  let reason: Refusal = refusal('key-unknown');
  let notNow: keyof typeof UNKNOWABLE | undefined;
  const resolve = deps.resolve(raw);
  for (const candidate of found.value) {
    const kid = parseThumbprint(candidate.keyid);
    const registered = kid === undefined ? undefined : deps.registered(kid);
    const known = registered ?? (await resolve(candidate));
    if (typeof known === 'string') notNow ??= known;
    if (known === undefined || typeof known === 'string') continue;
    if (deps.isRevoked(known.key.kid)) {
      reason = refusal('key-revoked');
      continue;
    }
    const retryAfterSeconds = deps.cap.wait(known.key.kid, now);
    if (retryAfterSeconds > 0) {
      reason = { ...refusal('too-many-requests'), retryAfterSeconds };
      continue;
    }
    const verified = verifyCandidate(candidate, request, known.key);
    if (verified.ok) {
      deps.cap.count(known.key.kid, now);
      known.proved?.();
      return ok(callerOf(raw, candidate, known, now));
    }
    reason = verified.error;
  }
  return err(notNow === undefined ? reason : UNKNOWABLE[notNow]);
}

const UNKNOWABLE = {
  busy: unavailable('The key that the request points to could not be looked up now.', 1),
  unanswered: unavailable(
    'The server where the request says its key is published did not answer.',
    LIMITS.directoryRetrySeconds,
  ),
} as const satisfies Record<string, Refusal>;

function callerOf(raw: RawRequest, candidate: Candidate, known: KnownKey, now: Date): Caller {
  const { label, text, signature } = candidate;
  const { kid } = known.key;
  const nonce = nonceOf(raw, candidate, kid, now);
  return {
    keyid: kid,
    proof: 'signature',
    via: known.via,
    ...(known.name === undefined ? {} : { name: known.name }),
    ...(known.profile === undefined ? {} : { profile: JSON.parse(known.profile) as Json }),
    label,
    ...(nonce === undefined ? {} : { nonce }),
    evidence: {
      contentDigest: raw.headers.get('content-digest')?.join(', ') ?? '',
      signatureInput: `${label}=${text}`,
      signature: `${label}=:${Buffer.from(signature).toString('base64')}:`,
    },
  };
}

/** What makes a signature unrepeatable. Its nonce, if it has one. Without one (UCP, Web Bot Auth):
 * - A POST is told apart by its Idempotency-Key, which every level that is good for a POST covers: sent twice, it is done once and
 *   answered alike. It has no nonce, because UCP's agents repeat the very same bytes (Ed25519 signs alike without `created`).
 * - Everything else is spent by its signature, so the very same message is read once; whoever polls dates each request by `created`.
 *   The digest is of the first half alone: from (r, s) of ECDSA anyone makes (r, -s), which verifies too, and `r` stands for one message.
 * What nothing ever ends is remembered as long as an Idempotency-Key. */
function nonceOf(raw: RawRequest, candidate: Candidate, keyid: Thumbprint, now: Date): Nonce | undefined {
  const { nonce, expires, signature } = candidate;
  const isGuarded = raw.method === 'POST' && keyBytes(raw) >= LIMITS.signatureNonceBytesMin;
  if (nonce === undefined && isGuarded) return undefined;
  const end = expires ?? Math.ceil(now.getTime() / 1000) + LIMITS.idempotencyRetentionSeconds;
  const spent = nonce ?? `once:${hash('sha256', signature.subarray(0, signature.length / 2), 'base64url')}`;
  return { keyid, nonce: spent, expiresAt: end + LIMITS.clockSkewSeconds };
}

const keyBytes = ({ headers }: RawRequest): number => headers.get(HEADER.idempotencyKey)?.join('').length ?? 0;
