/** Parley's signature profile (tag `parley/1`) on RFC 9421: what a request must cover, when it is fresh, and how an answer is bound
 * to the request it answers. Crypto is passed in; everything here is parsing and comparison. */
import {
  type InnerList,
  type Item,
  parseDictionary,
  serializeDictionary,
  serializeInnerList,
} from 'structured-headers';
import { matchesContentDigest } from './digest.ts';
import { type Refusal, refusal } from './errors.ts';
import { parseThumbprint, type Thumbprint } from './ids.ts';
import { LIMITS } from './limits.ts';
import { err, ok, type Result } from './result.ts';
import {
  queryOf,
  type Signable,
  type SignableRequest,
  type SignableResponse,
  signatureBase,
} from './signature-base.ts';

export { contentDigest, matchesContentDigest } from './digest.ts';
export type { SignableRequest, SignableResponse } from './signature-base.ts';

export const REQUEST_TAG = 'parley/1';
export const ANSWER_TAG = 'parley/1-answer';

export type SignatureAlgorithm = 'ed25519' | 'ecdsa-p256-sha256';

export interface VerifyKey {
  readonly kid: Thumbprint;
  readonly alg: SignatureAlgorithm;
  /** Raw signature: 64 bytes for both algorithms (RFC 9421 §3.3.4, §3.3.6). */
  verify(data: Uint8Array, signature: Uint8Array): boolean;
}

export interface SignKey {
  readonly kid: Thumbprint;
  readonly alg: SignatureAlgorithm;
  sign(data: Uint8Array): Uint8Array;
}

/** One labelled signature of a message, parsed and in its window, not yet verified. */
export interface Candidate {
  readonly label: string;
  readonly keyid: Thumbprint;
  readonly nonce: string;
  /** Unix seconds. */
  readonly expires: number;
  readonly covered: InnerList;
  readonly signature: Uint8Array;
}

/** The components a request must cover (§7.2.1): what it is, whom it is for, its body, and what makes it unrepeatable. */
export function requiredComponents(request: SignableRequest, hasBody: boolean): string[] {
  return [
    '@method',
    '@authority',
    '@path',
    ...(queryOf(request.target) === '?' ? [] : ['@query']),
    ...(hasBody ? ['content-type', 'content-digest'] : []),
    ...['idempotency-key', 'signature-agent', 'ucp-agent'].filter((name) => request.headers.has(name)),
  ];
}

/** `Accept-Signature` of a 401 (§5.1). */
export function acceptSignature(): string {
  const components = ['@method', '@authority', '@path', '@query', 'content-type', 'content-digest', 'idempotency-key'];
  const parameters = new Map<string, boolean | string>([
    ['created', true],
    ['expires', true],
    ['nonce', true],
    ['keyid', true],
    ['tag', REQUEST_TAG],
  ]);
  return serializeDictionary(
    new Map([['parley', [components.map((name): Item => [name, new Map()]), parameters] as InnerList]]),
  );
}

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
  const parsed = parseBoth(inputs.join(', '), signatures.join(', '));
  if (parsed === undefined)
    return err(refusal('signature-invalid', 'Signature-Input or Signature is not a valid dictionary.'));
  const found: Candidate[] = [];
  let reason: Refusal = refusal('signature-missing', `No signature has the tag ${tag}.`);
  for (const [label, covered] of parsed.inputs) {
    if (covered[1].get('tag') !== tag) continue;
    const candidate = readCandidate(label, covered, parsed.signatures.get(label), required, now);
    if (candidate.ok) found.push(candidate.value);
    else reason = candidate.error;
  }
  return found.length > 0 ? ok(found) : err(reason);
}

interface ParsedFields {
  readonly inputs: ReadonlyMap<string, InnerList>;
  readonly signatures: ReadonlyMap<string, Uint8Array>;
}

function parseBoth(input: string, signature: string): ParsedFields | undefined {
  try {
    const inputs = new Map<string, InnerList>();
    const signatures = new Map<string, Uint8Array>();
    for (const [label, member] of parseDictionary(input)) {
      if (!isInnerList(member)) return undefined;
      inputs.set(label, member);
    }
    for (const [label, [value]] of parseDictionary(signature)) {
      if (!(value instanceof ArrayBuffer)) return undefined;
      signatures.set(label, new Uint8Array(value));
    }
    // A dictionary keeps the last of two equal keys (RFC 9651 §3.2), a verifier that shows the first would differ: none may be repeated.
    const once =
      inputs.size <= LIMITS.signatureLabelsMax &&
      labelsWritten(input, '=(') === inputs.size &&
      labelsWritten(signature, '=:') === signatures.size;
    return once ? { inputs, signatures } : undefined;
  } catch {
    return undefined;
  }
}

/** How many members the text has: a label stands at the start or after a comma. Strings are taken out first. */
function labelsWritten(field: string, opening: '=(' | '=:'): number {
  const bare = field.replace(/"(?:[^"\\]|\\.)*"/g, '');
  return [...bare.matchAll(/(?:^|,)[ \t]*[a-z*][a-z0-9_.*-]*(=[(:])/g)].filter(([, found]) => found === opening).length;
}

function isInnerList(member: Item | InnerList): member is InnerList {
  return Array.isArray(member[0]);
}

function readCandidate(
  label: string,
  covered: InnerList,
  signature: Uint8Array | undefined,
  required: readonly string[],
  now: Date,
): Result<Candidate, Refusal> {
  const [items, parameters] = covered;
  const { created, expires, nonce, keyid } = Object.fromEntries(parameters);
  if (signature === undefined) return err(refusal('signature-invalid', `Signature has no member ${label}.`));
  if (typeof created !== 'number' || typeof expires !== 'number')
    return err(refusal('signature-invalid', 'created and expires are required.'));
  const thumbprint = typeof keyid === 'string' ? parseThumbprint(keyid) : undefined;
  if (thumbprint === undefined)
    return err(refusal('signature-invalid', 'keyid must be the RFC 7638 SHA-256 thumbprint of the key.'));
  if (
    typeof nonce !== 'string' ||
    nonce.length < LIMITS.signatureNonceBytesMin ||
    nonce.length > LIMITS.signatureNonceCharsMax
  ) {
    return err(
      refusal(
        'signature-invalid',
        `nonce must have ${LIMITS.signatureNonceBytesMin} to ${LIMITS.signatureNonceCharsMax} characters.`,
      ),
    );
  }
  const seconds = now.getTime() / 1000;
  const fresh = created <= seconds + LIMITS.clockSkewSeconds && expires > seconds - LIMITS.clockSkewSeconds;
  const window = expires - created;
  if (!fresh || window <= 0 || window > LIMITS.signatureWindowSecondsMax) return err(refusal('signature-expired'));
  const names = new Set(items.filter(([, { size }]) => size === 0).map(([name]) => name));
  // `signature-agent` may be covered whole or as the member it names (Web Bot Auth, both generations).
  const keyed = new Set(
    items.filter(([, parameter]) => parameter.has('key') && parameter.size === 1).map(([name]) => name),
  );
  const missing = required.filter((name) => !names.has(name) && !(name === 'signature-agent' && keyed.has(name)));
  if (missing.length > 0) return err(refusal('signature-coverage', `Not covered: ${missing.join(', ')}.`));
  return ok({ label, keyid: thumbprint, nonce, expires, covered, signature });
}

/** Verifies one candidate with its key: the algorithm comes from the key, and a parameter that says otherwise refuses (§7.3.6). */
export function verifyCandidate(candidate: Candidate, message: Signable, key: VerifyKey): Result<string, Refusal> {
  const claimed = candidate.covered[1].get('alg');
  if (claimed !== undefined && claimed !== key.alg)
    return err(refusal('signature-invalid', 'alg is not the key’s algorithm.'));
  const base = signatureBase(candidate.covered, message);
  if (!base.ok) return err(refusal('signature-invalid', base.error));
  return key.verify(new TextEncoder().encode(base.value), candidate.signature)
    ? ok(base.value)
    : err(refusal('signature-invalid'));
}

/** A body must be the one its covered Content-Digest names. */
export function checkBody(message: Signable, body: Uint8Array): Result<void, Refusal> {
  const field = message.headers.get('content-digest');
  if (field === undefined)
    return body.length === 0 ? ok(undefined) : err(refusal('signature-coverage', 'Content-Digest is required.'));
  return matchesContentDigest(field.join(', '), body) ? ok(undefined) : err(refusal('digest-mismatch'));
}

export interface SignatureFields {
  readonly signatureInput: string;
  readonly signature: string;
}

export interface SignOptions {
  readonly key: SignKey;
  readonly now: Date;
  /** At least 16 random bytes, base64url. */
  readonly nonce: string;
}

/** Signs a request in this profile: `Signature-Input` and `Signature` values under the label `parley`. */
export function signRequest(request: SignableRequest, hasBody: boolean, options: SignOptions): SignatureFields {
  const items = requiredComponents(request, hasBody).map((name): Item => [name, new Map()]);
  return signWith([items, parametersOf(REQUEST_TAG, options)], request, options.key);
}

/** Signs an answer and binds it to its request: `label` is the request's own signature (§2.4, §7.3.7). */
export function signResponse(response: SignableResponse, label: string, options: SignOptions): SignatureFields {
  return signWith([answerComponents(response, label), parametersOf(ANSWER_TAG, options)], response, options.key);
}

function answerComponents({ request }: SignableResponse, label: string): Item[] {
  const ofRequest = (name: string): Item => [name, new Map([['req', true]])];
  return [
    ['@status', new Map()],
    ['content-type', new Map()],
    ['content-digest', new Map()],
    ...['@method', '@authority', '@path'].map(ofRequest),
    ...(queryOf(request.target) === '?' ? [] : [ofRequest('@query')]),
    ...(request.headers.has('content-digest') ? [ofRequest('content-digest')] : []),
    [
      'signature',
      new Map<string, boolean | string>([
        ['req', true],
        ['key', label],
      ]),
    ],
  ];
}

function parametersOf(tag: string, { now, key, nonce }: SignOptions): Map<string, number | string> {
  const created = Math.floor(now.getTime() / 1000);
  return new Map<string, number | string>([
    ['created', created],
    ['expires', created + LIMITS.signatureWindowSecondsMax],
    ['nonce', nonce],
    ['keyid', key.kid],
    ['alg', key.alg],
    ['tag', tag],
  ]);
}

const LABEL = 'parley';

function signWith(covered: InnerList, message: Signable, key: SignKey): SignatureFields {
  const base = signatureBase(covered, message);
  if (!base.ok) throw new TypeError(`cannot sign: ${base.error}`);
  const signature = key.sign(new TextEncoder().encode(base.value));
  return {
    signatureInput: `${LABEL}=${serializeInnerList(covered)}`,
    signature: serializeDictionary(new Map([[LABEL, [signature, new Map()]]])),
  };
}

/** For clients: the answer is the company's, fresh, and to this very request. */
export function verifyResponse(
  response: SignableResponse,
  body: Uint8Array,
  label: string,
  keyOf: (kid: Thumbprint) => VerifyKey | undefined,
  now: Date,
): Result<void, Refusal> {
  const whole = checkBody(response, body);
  if (!whole.ok) return whole;
  const found = candidates(response, ANSWER_TAG, ['@status', 'content-type', 'content-digest'], now);
  if (!found.ok) return found;
  const [candidate] = found.value;
  const key = candidate === undefined ? undefined : keyOf(candidate.keyid);
  if (candidate === undefined || key === undefined) return err(refusal('key-unknown'));
  const needed = answerComponents(response, label).map((item) => serializeInnerList([[item], new Map()]));
  const covered = new Set(candidate.covered[0].map((item) => serializeInnerList([[item], new Map()])));
  if (!needed.every((each) => covered.has(each)))
    return err(refusal('signature-coverage', 'The answer is not bound to this request.'));
  const verified = verifyCandidate(candidate, response, key);
  return verified.ok ? ok(undefined) : verified;
}
