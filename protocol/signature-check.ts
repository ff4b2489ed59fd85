/** Which signatures of a message count, before and with crypto. Form, window and coverage are cheap and come first; keys are passed in. */
import type { InnerList } from 'structured-headers';
import { type Hashes, matchesContentDigest } from './digest.ts';
import { type Refusal, refusal } from './errors.ts';
import { parseThumbprint, type Thumbprint } from './ids.ts';
import { LIMITS } from './limits.ts';
import { err, ok, type Result } from './result.ts';
import { type Signable, signatureBase } from './signature-base.ts';
import { type LabelledSignature, labelledSignatures } from './signature-fields.ts';

export type SignatureAlgorithm = 'ed25519' | 'ecdsa-p256-sha256';

export interface VerifyKey {
  readonly kid: Thumbprint;
  readonly alg: SignatureAlgorithm;
  /** Raw signature: 64 bytes for both algorithms (RFC 9421 §3.3.4, §3.3.6). */
  verify(data: Uint8Array, signature: Uint8Array): boolean;
}

/** One labelled signature of a message, parsed and in its window, not yet verified. */
export interface Candidate {
  readonly label: string;
  readonly keyid: Thumbprint;
  readonly nonce: string;
  /** Unix seconds. */
  readonly expires: number;
  readonly covered: InnerList;
  /** `covered` as it stands in `Signature-Input`. */
  readonly text: string;
  readonly signature: Uint8Array;
  /** The member of `Signature-Agent` that is covered, when that is covered by member and not whole. */
  readonly agentMember?: string;
}

/** 16 random bytes in base64url. */
const NONCE_CHARS_MIN = Math.ceil((LIMITS.signatureNonceBytesMin * 4) / 3);

/** Signatures with our tag, each checked for form, window and coverage; cheapest checks first, no crypto. Labels with other tags are
 * other people's business: they neither help nor hurt. */
export function candidates(
  message: Signable,
  tag: string,
  required: readonly string[],
  now: Date,
): Result<readonly Candidate[], Refusal> {
  const inputs = message.headers.get('signature-input');
  const signatures = message.headers.get('signature');
  if (inputs === undefined || signatures === undefined) return err(refusal('signature-missing'));
  const ours = (covered: InnerList) => covered[1].get('tag') === tag;
  const labelled = labelledSignatures(inputs.join(', '), signatures.join(', '), ours);
  if (labelled === undefined)
    return err(refusal('signature-invalid', 'Signature-Input or Signature is not a valid dictionary.'));
  const found: Candidate[] = [];
  let reason: Refusal = refusal('signature-missing', `No signature has the tag ${tag}.`);
  for (const each of labelled) {
    const candidate = readCandidate(each, required, now);
    if (candidate.ok) found.push(candidate.value);
    else reason = candidate.error;
  }
  return found.length > 0 ? ok(found) : err(reason);
}

function readCandidate(each: LabelledSignature, required: readonly string[], now: Date): Result<Candidate, Refusal> {
  const { label, covered, text, signature, exact } = each;
  const [items, parameters] = covered;
  if (signature === undefined) return invalid(`Signature has no member ${label}.`);
  if (!exact) return invalid('Signature-Input or Signature is not in its canonical form (RFC 9651 §4.1).');
  const keyid = readKeyid(parameters.get('keyid'));
  if (keyid === undefined) return invalid('keyid must be the RFC 7638 SHA-256 thumbprint of the key.');
  const nonce = parameters.get('nonce');
  if (typeof nonce !== 'string' || nonce.length < NONCE_CHARS_MIN || nonce.length > LIMITS.signatureNonceCharsMax)
    return invalid(`nonce must have ${NONCE_CHARS_MIN} to ${LIMITS.signatureNonceCharsMax} characters.`);
  const created = parameters.get('created');
  const expires = parameters.get('expires');
  if (!isSeconds(created) || !isSeconds(expires)) return invalid('created and expires are required, in whole seconds.');
  if (!isFresh(created, expires, now)) return err(refusal('signature-expired'));
  const { missing, agentMember } = coverage(items, required);
  if (missing.length > 0) return err(refusal('signature-coverage', `Not covered: ${missing.join(', ')}.`));
  const candidate = { label, keyid, nonce, expires, covered, text, signature };
  return ok(agentMember === undefined ? candidate : { ...candidate, agentMember });
}

const invalid = (detail: string) => err(refusal('signature-invalid', detail));

const isSeconds = (value: unknown): value is number => Number.isSafeInteger(value);

function readKeyid(value: unknown): Thumbprint | undefined {
  return typeof value === 'string' ? parseThumbprint(value) : undefined;
}

/** Both ends give way by the same skew; the window itself does not. */
function isFresh(created: number, expires: number, now: Date): boolean {
  const seconds = now.getTime() / 1000;
  const window = expires - created;
  return (
    window > 0 &&
    window <= LIMITS.signatureWindowSecondsMax &&
    created <= seconds + LIMITS.clockSkewSeconds &&
    expires > seconds - LIMITS.clockSkewSeconds
  );
}

/** A component counts as covered when it is covered whole. `Signature-Agent` alone may be covered by one member, as Web Bot Auth's
 * current draft does; that member then is the only one that says anything. */
function coverage(items: InnerList[0], required: readonly string[]) {
  const whole = new Set<unknown>();
  let agentMember: string | undefined;
  for (const [name, parameters] of items) {
    if (parameters.size === 0) whole.add(name);
    const member = parameters.get('key');
    if (name === 'signature-agent' && parameters.size === 1 && typeof member === 'string') agentMember ??= member;
  }
  const missing = required.filter(
    (name) => !whole.has(name) && !(name === 'signature-agent' && agentMember !== undefined),
  );
  return { missing, agentMember };
}

const encoder = new TextEncoder();

/** Verifies one candidate with its key: the algorithm comes from the key, and a parameter that says otherwise refuses (§7.3.6). */
export function verifyCandidate(candidate: Candidate, message: Signable, key: VerifyKey): Result<string, Refusal> {
  const claimed = candidate.covered[1].get('alg');
  if (claimed !== undefined && claimed !== key.alg) return invalid('alg is not the key’s algorithm.');
  if (candidate.keyid !== key.kid) return invalid('The key is not the one keyid names.');
  const base = signatureBase(candidate.covered, message, candidate.text);
  if (!base.ok) return invalid(base.error);
  return key.verify(encoder.encode(base.value), candidate.signature)
    ? ok(base.value)
    : err(refusal('signature-invalid'));
}

/** The body must be the one its Content-Digest names. An empty body has none, or the digest of nothing: a body that was taken away shows. */
export function checkBody(message: Signable, body: Uint8Array, hashes?: Hashes): Result<void, Refusal> {
  const field = message.headers.get('content-digest');
  if (field === undefined)
    return body.length === 0 ? ok(undefined) : err(refusal('signature-coverage', 'Content-Digest is required.'));
  return matchesContentDigest(field.join(', '), body, hashes) ? ok(undefined) : err(refusal('digest-mismatch'));
}
