/** Which signatures of a message count, before and with crypto. Form, window and coverage are cheap and come first; keys are passed in. */
import type { InnerList } from 'structured-headers';
import { type Hashes, matchesContentDigest } from '../base/digest.ts';
import { type Refusal, refusal } from '../base/errors.ts';
import { parseThumbprint, type Thumbprint } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { err, ok, type Result } from '../base/result.ts';
import { type Signable, signatureBase } from './base.ts';
import { type LabelledSignature, labelledSignatures } from './fields.ts';
import {
  type Authority,
  isGoodFor,
  type Need,
  needsOf,
  profileOf,
  type SignatureAlgorithm,
  type SignatureProfile,
} from './profiles.ts';

export interface VerifyKey {
  readonly kid: Thumbprint;
  readonly alg: SignatureAlgorithm;
  /** Raw signature: 64 bytes for both algorithms (RFC 9421 §3.3.4, §3.3.6). */
  verify(data: Uint8Array, signature: Uint8Array): boolean;
}

/** One labelled signature of a message, parsed, in its window and good for the message's method; not yet verified. */
export interface Candidate {
  readonly label: string;
  readonly profile: SignatureProfile;
  readonly authority: Authority;
  /** A thumbprint where the profile says so. */
  readonly keyid: string;
  readonly nonce?: string;
  /** Unix seconds; absent when nothing in the signature ever ends it. */
  readonly expires?: number;
  readonly covered: InnerList;
  /** `covered` as it stands in `Signature-Input`. */
  readonly text: string;
  readonly signature: Uint8Array;
  /** The member of `Signature-Agent` that is covered, when that is covered by member and not whole. */
  readonly agentMember?: string;
}

/** 16 random bytes in base64url. */
const NONCE_CHARS_MIN = Math.ceil((LIMITS.signatureNonceBytesMin * 4) / 3);
/** A thumbprint has 43, a `kid` rarely more; a URL still fits. */
const KEYID_CHARS_MAX = 256;

/** Signatures of these profiles, each checked for form, window and coverage; cheapest checks first, no crypto. Labels with other tags
 * are other people's business: they neither help nor hurt. */
export function candidates(
  message: Signable,
  profiles: readonly SignatureProfile[],
  hasBody: boolean,
  now: Date,
): Result<readonly Candidate[], Refusal> {
  const inputs = message.headers.get('signature-input');
  const signatures = message.headers.get('signature');
  if (inputs === undefined || signatures === undefined) return err(refusal('signature-missing'));
  const profileFor = (covered: InnerList) => profileOf(covered[1].get('tag'), message, profiles);
  const ours = (covered: InnerList) => profileFor(covered) !== undefined;
  const labelled = labelledSignatures(inputs.join(', '), signatures.join(', '), ours);
  if (labelled === undefined)
    return err(refusal('signature-invalid', 'Signature-Input or Signature is not a valid dictionary.'));
  const found: Candidate[] = [];
  const tags = profiles.flatMap(({ tag }) => tag ?? []);
  let reason: Refusal = refusal('signature-missing', `No signature has one of the tags ${tags.join(', ')}.`);
  let isTold = false;
  for (const each of labelled) {
    const profile = profileFor(each.covered);
    if (profile === undefined) continue;
    const candidate = readCandidate(each, profile, { message, hasBody, now });
    if (candidate.ok) found.push(candidate.value);
    // One without a tag may not be meant for us at all: it explains a refusal only when nothing else does.
    else if (profile.tag !== null || !isTold) {
      reason = candidate.error;
      isTold = true;
    }
  }
  return found.length > 0 ? ok(found) : err(reason);
}

interface Context {
  readonly message: Signable;
  readonly hasBody: boolean;
  readonly now: Date;
}

/** Of both kinds of signature that are taken (RFC 9421 §3.3.4, §3.3.6). */
const SIGNATURE_BYTES = 64;

function readCandidate(
  each: LabelledSignature,
  profile: SignatureProfile,
  { message, hasBody, now }: Context,
): Result<Candidate, Refusal> {
  const { label, covered, text, signature, exact } = each;
  const [items, parameters] = covered;
  if (signature === undefined) return invalid(`Signature has no member ${label}.`);
  if (signature.length !== SIGNATURE_BYTES)
    return invalid(
      `A signature has ${SIGNATURE_BYTES} bytes (Ed25519, ECDSA with P-256); this one has ${signature.length}: RSA and other curves are not taken.`,
    );
  if (!exact) return invalid('Signature-Input or Signature is not in its canonical form (RFC 9651 §4.1).');
  const read = readParameters(parameters, profile);
  if (!read.ok) return read;
  const { created, ...kept } = read.value;
  const until = kept.expires ?? (created === undefined ? undefined : created + profile.windowSecondsMax);
  if (!isFresh(created, until, profile.windowSecondsMax, now)) return err(refusal('signature-expired'));
  const covers = coverage(items, label);
  const missing = profile.levels.map((level) => missingOf(covers, needsOf(level, message, hasBody)));
  const level = profile.levels.find(
    ({ authority }, index) => missing[index]?.length === 0 && isGoodFor(authority, message),
  );
  if (level === undefined) return err(refusal('signature-coverage', `Not covered: ${(missing[0] ?? []).join(', ')}.`));
  return ok({
    label,
    profile,
    authority: level.authority,
    covered,
    text,
    signature,
    ...kept,
    ...(until === undefined ? {} : { expires: until }),
    ...(covers.agentMember === undefined ? {} : { agentMember: covers.agentMember }),
  });
}

const invalid = (detail: string) => err(refusal('signature-invalid', detail));

interface Parameters {
  readonly keyid: string;
  readonly created?: number;
  readonly expires?: number;
  readonly nonce?: string;
}

function readParameters(
  parameters: InnerList[1],
  { keyid: kind, requiredParameters, algorithms }: SignatureProfile,
): Result<Parameters, Refusal> {
  const [keyid, nonce, created, expires, alg] = ['keyid', 'nonce', 'created', 'expires', 'alg'].map((name) =>
    parameters.get(name),
  );
  if (typeof keyid !== 'string' || keyid === '' || keyid.length > KEYID_CHARS_MAX)
    return invalid(`keyid is required: a string of at most ${KEYID_CHARS_MAX} characters.`);
  if (kind === 'thumbprint' && parseThumbprint(keyid) === undefined)
    return invalid('keyid must be the RFC 7638 SHA-256 thumbprint of the key.');
  if (nonce !== undefined && !isNonce(nonce))
    return invalid(`nonce must have ${NONCE_CHARS_MIN} to ${LIMITS.signatureNonceCharsMax} characters.`);
  if (!isSecondsOrNone(created) || !isSecondsOrNone(expires))
    return invalid('created and expires are in whole seconds.');
  if (alg !== undefined && !algorithms.some((each) => each === alg))
    return invalid(`alg is not one of ${algorithms.join(', ')}.`);
  const missing = requiredParameters.filter((name) => !parameters.has(name));
  if (missing.length > 0) return invalid(`Required parameters are missing: ${missing.join(', ')}.`);
  return ok({
    keyid,
    ...(created === undefined ? {} : { created }),
    ...(expires === undefined ? {} : { expires }),
    ...(nonce === undefined ? {} : { nonce }),
  });
}

const isSecondsOrNone = (value: unknown): value is number | undefined =>
  value === undefined || Number.isSafeInteger(value);

const isNonce = (value: unknown): value is string =>
  typeof value === 'string' && value.length >= NONCE_CHARS_MIN && value.length <= LIMITS.signatureNonceCharsMax;

/** Both ends give way by the same skew; the window itself does not. */
function isFresh(created: number | undefined, until: number | undefined, windowMax: number, now: Date): boolean {
  const seconds = now.getTime() / 1000;
  if (until === undefined) return true;
  if (until <= seconds - LIMITS.clockSkewSeconds) return false;
  if (created === undefined) return until <= seconds + windowMax + LIMITS.clockSkewSeconds;
  return created < until && until - created <= windowMax && created <= seconds + LIMITS.clockSkewSeconds;
}

interface Covers {
  readonly whole: ReadonlySet<unknown>;
  readonly agentMember?: string;
}

/** A component counts as covered when it is covered whole. `Signature-Agent` alone may be covered by one member, as Web Bot Auth's
 * current draft does; that member (the signature's own, should it cover others' too) then is the only one that says anything. */
function coverage(items: InnerList[0], label: string): Covers {
  const whole = new Set<unknown>();
  const members: string[] = [];
  for (const [name, parameters] of items) {
    if (parameters.size === 0) whole.add(name);
    const member = parameters.get('key');
    if (name === 'signature-agent' && parameters.size === 1 && typeof member === 'string') members.push(member);
  }
  const agentMember = members.includes(label) ? label : members[0];
  return agentMember === undefined ? { whole } : { whole, agentMember };
}

function missingOf({ whole, agentMember }: Covers, needs: readonly Need[]): string[] {
  const has = (name: string) => whole.has(name) || (name === 'signature-agent' && agentMember !== undefined);
  return needs
    .map((need) => (typeof need === 'string' ? [need] : need))
    .filter((names) => !names.some(has))
    .map((names) => names.join(' or '));
}

const encoder = new TextEncoder();

/** Verifies one candidate with its key: the algorithm comes from the key, and a parameter that says otherwise refuses (§7.3.6). */
export function verifyCandidate(candidate: Candidate, message: Signable, key: VerifyKey): Result<string, Refusal> {
  const claimed = candidate.covered[1].get('alg');
  const { keyid, algorithms } = candidate.profile;
  if (claimed !== undefined && claimed !== key.alg) return invalid('alg is not the key’s algorithm.');
  if (!algorithms.includes(key.alg)) return invalid('The key’s algorithm is not one of this profile.');
  if (keyid === 'thumbprint' && candidate.keyid !== key.kid) return invalid('The key is not the one keyid names.');
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
