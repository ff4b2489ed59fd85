import { type Refusal, refusal } from '../../protocol/errors.ts';
import type { Thumbprint } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { MandateFacts, Proof } from '../../protocol/mandate.ts';
import { err, ok, type Result } from '../../protocol/result.ts';
import {
  type Candidate,
  candidates,
  checkBody,
  REQUEST_TAG,
  requiredComponents,
  type SignableRequest,
  type VerifyKey,
  verifyCandidate,
} from '../../protocol/signature.ts';
import type { RawRequest } from '../edge/raw-request.ts';
import type { Nonce } from '../ports.ts';
import { NODE_HASHES } from './keys-node.ts';

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
  /** What the token itself permits, where an authorisation server speaks for the principal. */
  readonly grant?: MandateFacts;
  /** Members of the fields `Signature-Input` and `Signature` for `label` alone: what others signed is not evidence of this request. */
  readonly evidence: { readonly contentDigest: string; readonly signatureInput: string; readonly signature: string };
}

export interface KnownKey {
  readonly key: VerifyKey;
  readonly via: 'registered' | 'directory' | 'profile';
  readonly name?: string;
}

export interface AuthenticateDeps {
  readonly scheme: string;
  readonly authority: string;
  /** A registered key; synchronous, from memory or the database. */
  readonly registered: (keyid: Thumbprint) => KnownKey | undefined;
  /** Resolves a key the request points to (Signature-Agent, UCP-Agent) and that this signature covers; bounded and cached. */
  readonly resolve: (candidate: Candidate, request: RawRequest) => Promise<KnownKey | undefined>;
  readonly isRevoked: (keyid: Thumbprint) => boolean;
}

/** Form, window, coverage, digest, then the key, then crypto: what costs us most comes last. A broken signature never falls back
 * to anything. Several signatures of ours: the first that verifies is the identity; they are never merged (RFC 9421 §7.2.5). */
export async function authenticate(
  raw: RawRequest,
  deps: AuthenticateDeps,
  now: Date,
): Promise<Result<Caller, Refusal>> {
  const request: SignableRequest = { ...raw, scheme: deps.scheme, authority: deps.authority };
  const hasBody = raw.body.length > 0;
  const found = candidates(request, REQUEST_TAG, requiredComponents(request, hasBody), now);
  if (!found.ok) return found;
  const whole = checkBody(request, raw.body, NODE_HASHES);
  if (!whole.ok) return whole;
  let reason: Refusal = refusal('key-unknown');
  for (const candidate of found.value) {
    const known = deps.registered(candidate.keyid) ?? (await deps.resolve(candidate, raw));
    if (known === undefined) continue;
    if (deps.isRevoked(candidate.keyid)) {
      reason = refusal('key-revoked');
      continue;
    }
    const verified = verifyCandidate(candidate, request, known.key);
    if (verified.ok) return ok(callerOf(raw, candidate, known));
    reason = verified.error;
  }
  return err(reason);
}

function callerOf(raw: RawRequest, candidate: Candidate, known: KnownKey): Caller {
  const { keyid, label, nonce, expires, text, signature } = candidate;
  return {
    keyid,
    proof: 'signature',
    via: known.via,
    ...(known.name === undefined ? {} : { name: known.name }),
    label,
    nonce: { keyid, nonce, expiresAt: expires + LIMITS.clockSkewSeconds },
    evidence: {
      contentDigest: raw.headers.get('content-digest')?.join(', ') ?? '',
      signatureInput: `${label}=${text}`,
      signature: `${label}=:${Buffer.from(signature).toString('base64')}:`,
    },
  };
}
