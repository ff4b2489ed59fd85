/** Parley's signature profile (tag `parley/1`) on RFC 9421: what a request must cover, when it is fresh, and how an answer is bound
 * to the request it answers. Crypto is passed in; everything here is parsing and comparison. */
import { type InnerList, type Item, serializeDictionary, serializeInnerList } from 'structured-headers';
import { type Refusal, refusal } from '../base/errors.ts';
import { parseThumbprint, type Thumbprint } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { err, ok, type Result } from '../base/result.ts';
import {
  coveredText,
  queryOf,
  type Signable,
  type SignableRequest,
  type SignableResponse,
  signatureBase,
} from './base.ts';
import { candidates, checkBody, type VerifyKey, verifyCandidate } from './check.ts';
import { ANSWER, ANSWER_TAG, needsOf, PARLEY, REQUEST_TAG, type SignatureAlgorithm } from './profiles.ts';

export { contentDigest, type Hashes, matchesContentDigest } from '../base/digest.ts';
export type { SignableRequest, SignableResponse } from './base.ts';
export {
  type Candidate,
  candidates,
  checkBody,
  type VerifyKey,
  verifyCandidate,
} from './check.ts';
export {
  ANSWER_TAG,
  inTheirWords,
  REQUEST_PROFILES,
  REQUEST_TAG,
  type SignatureAlgorithm,
  signatureChallenge,
} from './profiles.ts';

export interface SignKey {
  readonly kid: Thumbprint;
  readonly alg: SignatureAlgorithm;
  sign(data: Uint8Array): Uint8Array;
}

/** The components a request in our profile must cover (§7.2.1), in the order we sign them. */
function requiredComponents(request: SignableRequest, hasBody: boolean): string[] {
  return PARLEY.levels.flatMap((level) => needsOf(level, request, hasBody)).flat();
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
const encoder = new TextEncoder();

function signWith(covered: InnerList, message: Signable, key: SignKey): SignatureFields {
  const text = coveredText(covered);
  const base = signatureBase(covered, message, text);
  if (!base.ok) throw new TypeError(`cannot sign: ${base.error}`);
  const signature = key.sign(encoder.encode(base.value));
  return {
    signatureInput: `${LABEL}=${text}`,
    signature: serializeDictionary(new Map([[LABEL, [signature, new Map()]]])),
  };
}

/** For clients: the answer is the company's, fresh, and to this very request. `label` is the request's own signature. */
export function verifyResponse(
  response: SignableResponse,
  body: Uint8Array,
  label: string,
  keyOf: (kid: Thumbprint) => VerifyKey | undefined,
  now: Date,
): Result<void, Refusal> {
  const whole = checkBody(response, body);
  if (!whole.ok) return whole;
  const found = candidates(response, [ANSWER], true, now);
  if (!found.ok) return found;
  const needed = answerComponents(response, label).map(identified);
  let reason: Refusal = refusal('key-unknown');
  for (const candidate of found.value) {
    const kid = parseThumbprint(candidate.keyid);
    const key = kid === undefined ? undefined : keyOf(kid);
    if (key === undefined) continue;
    const covered = new Set(candidate.covered[0].map(identified));
    const verified = needed.every((each) => covered.has(each))
      ? verifyCandidate(candidate, response, key)
      : err(refusal('signature-coverage', 'The answer is not bound to this request.'));
    if (verified.ok) return ok(undefined);
    reason = verified.error;
  }
  return err(reason);
}

const identified = (item: Item): string => serializeInnerList([[item], new Map()]);
