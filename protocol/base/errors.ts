import type { JsonObject } from './json.ts';
import { URN } from './names.ts';

/** Every refusal Parley can give: stable code → HTTP status, title (what was wrong), next (what to do). RFC 9457 on the wire. */
export const PROBLEMS = {
  // 400: the bytes are not what HTTP, JSON or a header field allows
  'malformed-request': [
    400,
    'The request is malformed',
    'Correct the request line or header fields named in `detail` and send it again.',
  ],
  'malformed-json': [
    400,
    'The body is not strict JSON',
    'Send one UTF-8 JSON object without duplicate keys, unsafe numbers or reserved names.',
  ],
  'digest-mismatch': [
    400,
    'Content-Digest does not match the body',
    'Compute SHA-256 over the exact bytes you send (RFC 9530).',
  ],
  'idempotency-key-missing': [
    400,
    'Idempotency-Key is required',
    'Make and persist a key before sending: a structured-field string of 20 to 255 characters.',
  ],
  'idempotency-key-invalid': [
    400,
    'Idempotency-Key is not usable',
    'Send a structured-field string (RFC 9651) of 20 to 255 characters.',
  ],
  // 401: who asks is not proven
  'signature-missing': [401, 'The request is not signed', 'Sign it as `Accept-Signature` says (RFC 9421).'],
  'signature-invalid': [
    401,
    'The signature does not verify',
    'Check the covered components, parameters and key named in the Parley signature profile.',
  ],
  'signature-coverage': [401, 'The signature covers too little', 'Cover every component listed in `Accept-Signature`.'],
  'signature-expired': [
    401,
    'The signature is outside its time window',
    'Sign again with a fresh `created`; keep `expires` within 300 seconds of it.',
  ],
  'signature-replayed': [
    401,
    'This signature was already used',
    'Sign every request anew, with a fresh `nonce`. Retries keep their Idempotency-Key.',
  ],
  'key-unknown': [
    401,
    'The signing key is not known',
    'Register the key at `POST /agents`, or name a key directory in `Signature-Agent`.',
  ],
  'key-revoked': [401, 'The signing key has been revoked', 'Register a new key.'],
  'token-missing': [
    401,
    'The request carries no access token',
    'Get one from an authorisation server that `WWW-Authenticate` leads to (RFC 9728), or sign the request (RFC 9421).',
  ],
  'token-invalid': [
    401,
    'The access token is not accepted',
    'Ask the authorisation server for a new token for this resource, with the scope that `WWW-Authenticate` names.',
  ],
  'dpop-invalid': [
    401,
    'The proof of the token’s key is not accepted',
    'Make a fresh DPoP proof for this method, address and token, with the token’s key (RFC 9449).',
  ],
  // 403: proven, but not allowed
  'scope-missing': [
    403,
    'The access token lacks a scope',
    'Ask the authorisation server for a token with the `scope` named in `WWW-Authenticate`.',
  ],
  'mandate-missing': [
    403,
    'This action needs a mandate',
    'Present the principal’s mandate (SD-JWT with key binding) in `mandate`.',
  ],
  'mandate-invalid': [
    403,
    'The mandate is not accepted',
    'Ask the principal or the company for a valid mandate bound to your key.',
  ],
  'mandate-exceeded': [
    403,
    'The mandate does not allow this',
    'Stay within the mandate’s constraints or ask the principal for a wider one.',
  ],
  'consent-required': [
    403,
    'This action needs the principal’s fresh consent',
    'Ask the principal for a mandate that names this action alone, and present it within ten minutes of its issue.',
  ],
  'mandate-revoked': [403, 'The mandate has been revoked', 'Ask the principal for a new mandate.'],
  'proof-too-weak': [
    403,
    'The caller is not proven strongly enough for this action',
    'Sign the request (RFC 9421) or use a DPoP-bound token (RFC 9449).',
  ],
  forbidden: [403, 'Not allowed', 'You are known, but this is not yours to do.'],
  // 404 … 421
  'not-found': [
    404,
    'There is no such thing here',
    'Check the identifier. What belongs to others looks the same as what does not exist.',
  ],
  'method-not-allowed': [405, 'The method is not allowed here', 'Use a method from `Allow`.'],
  'request-timeout': [408, 'The request took too long to arrive', 'Send the request faster.'],
  conflict: [409, 'The operation has moved on', 'Read the operation again and act on its current state.'],
  'wrong-state': [
    409,
    'This step is not possible in the operation’s state',
    'Take one of the steps in the operation’s `next`.',
  ],
  'not-your-turn': [
    409,
    'It is the company’s turn',
    'Wait for the company’s answer: read the operation with `Prefer: wait`.',
  ],
  'offer-digest-mismatch': [
    409,
    'The terms are not those of the offer',
    'Accept with the `terms_digest` of the offer you read.',
  ],
  'package-not-offered': [
    409,
    'The schedule has no such package',
    'Name every issue of the offer’s own schedule with one of its values, for a package whose price is not null. Counter to ask for another.',
  ],
  'offer-stale': [409, 'The offer is no longer open', 'Accept the latest offer of the operation.'],
  'offer-facts-changed': [
    409,
    'The record under the offer has changed',
    'Read the operation: new offers are made from the record as it is now. `changed` says what changed.',
  ],
  'record-busy': [
    409,
    'Another request on this record is open',
    'Wait until it ends (`open` says which, and until when), withdraw it if it is yours, or ask for a human.',
  ],
  'offer-unavailable': [
    409,
    'The company cannot make good this offer now',
    'Counter for new offers, or ask for a human. Indicative offers bind nobody until the company has said so.',
  ],
  'claim-exceeded': [
    409,
    'More is claimed than there is left',
    'Ask for what `detail` says is left, or for a human. What an operation claimed is free again if it ends without effect.',
  ],
  'already-claimed': [
    409,
    'This was claimed before',
    'Look for the operation that claimed it, or ask for a human. What it claimed is free again if it ends without effect.',
  ],
  'idempotency-key-expired': [
    410,
    'This key’s retention has ended',
    'Read the operation to learn its outcome; use a new key for a new action.',
  ],
  'offer-expired': [410, 'The offer has expired', 'Ask for a new offer.'],
  'authority-ended': [
    409,
    'What the plan rests on has ended',
    'Nobody can approve it any more: reject it, and call the customer where they still want it.',
  ],
  'signoff-void': [410, 'This sign-off is no longer open', 'Look at the operation: a new sign-off may be waiting.'],
  'body-too-large': [413, 'The body is too large', 'Stay within the limits published in the profile.'],
  'uri-too-long': [414, 'The request target is too long', 'Shorten it.'],
  'unsupported-media-type': [
    415,
    'The body’s type or coding is not supported',
    'Send `Content-Type: application/json`, UTF-8, without Content-Encoding.',
  ],
  'expectation-failed': [417, 'Expect is not supported', 'Send the request without Expect.'],
  'wrong-authority': [421, 'This gateway does not serve that authority', 'Use the origin in the profile.'],
  // 422: understood, but not valid
  'schema-violation': [
    422,
    'The content does not match its schema',
    'Correct the members listed in `errors`; the schema is at `schema`.',
  ],
  'version-unsupported': [
    422,
    'The protocol version of your profile is not supported',
    'Speak a version that our profile at `/.well-known/ucp` names.',
  ],
  'idempotency-key-reused': [
    422,
    'This key was used for a different request',
    'Use a new Idempotency-Key for a different request.',
  ],
  'terms-invalid': [
    422,
    'The terms cannot be offered',
    'Propose terms within the action’s terms schema for this record.',
  ],
  'agreement-invalid': [
    422,
    'The agreement signature is not valid',
    'Sign the agreement payload of the offer with the key that signs your requests.',
  ],
  'record-unusable': [
    422,
    'The record cannot take this action',
    'See `detail`; ask for a human if it should be possible.',
  ],
  'negotiation-over': [
    422,
    'The negotiation has reached its limit of rounds',
    'Accept the last offer, withdraw, or ask for a human.',
  ],
  'too-many-requests': [429, 'Too many requests', 'Wait as `Retry-After` says.'],
  'header-too-large': [431, 'The header section is too large', 'Send fewer or shorter header fields.'],
  // 5xx: ours
  internal: [
    500,
    'Something failed on our side',
    'Repeat the request with the same Idempotency-Key; quote `instance` if it persists.',
  ],
  'not-carried-out': [
    502,
    'The company’s system of record did not carry this out',
    'This request is over, and nothing of it is left to wait for. Ask for a human, or ask anew later with a new Idempotency-Key.',
  ],
  'outcome-unknown': [
    502,
    'Whether this was carried out is not known yet',
    'Do not ask again: it may be done. A person is looking into it; read the operation later, or ask for a human.',
  ],
  'mandate-unverifiable': [
    503,
    'The mandate’s revocation status cannot be checked now',
    'Wait as `Retry-After` says and repeat with the same Idempotency-Key. Nothing is wrong with the mandate as far as anybody knows.',
  ],
  unavailable: [
    503,
    'The gateway cannot take this now',
    'Wait as `Retry-After` says and repeat with the same Idempotency-Key.',
  ],
  'insufficient-storage': [
    507,
    'The gateway has no room to record this, so nothing of it was done',
    'Wait as `Retry-After` says and repeat with the same Idempotency-Key. Reading goes on meanwhile.',
  ],
} as const satisfies Record<string, readonly [status: number, title: string, next: string]>;

export type ProblemCode = keyof typeof PROBLEMS;

/** A refusal as a value: a code of {@link PROBLEMS}, what exactly was wrong (never a secret, never a stranger's bytes) and extension members. */
export interface Refusal {
  readonly code: ProblemCode;
  readonly detail?: string;
  /** RFC 9457 §3.2 extension members, e.g. `errors`, `schema`. */
  readonly extra?: JsonObject;
  /** Seconds, for the Retry-After field. */
  readonly retryAfterSeconds?: number;
}

export function refusal(code: ProblemCode, detail?: string, extra?: JsonObject): Refusal {
  return { code, ...(detail === undefined ? {} : { detail }), ...(extra === undefined ? {} : { extra }) };
}

/** Nothing that the sender did: what we would have to know cannot be known now, and may be after so many seconds. */
export function unavailable(detail: string, retryAfterSeconds: number): Refusal {
  return { ...refusal('unavailable', detail), retryAfterSeconds };
}

/** RFC 9457 problem document of a refusal. `retry_after` is Retry-After for bindings without header fields; `instance` is an opaque id to quote to support. */
export function toProblem(refused: Refusal, instance?: string): JsonObject {
  const [status, title, next] = PROBLEMS[refused.code];
  return {
    type: `${URN}:problem:${refused.code}`,
    title,
    status,
    ...(refused.detail === undefined ? {} : { detail: refused.detail }),
    next,
    ...(instance === undefined ? {} : { instance }),
    ...(refused.retryAfterSeconds === undefined ? {} : { retry_after: refused.retryAfterSeconds }),
    ...refused.extra,
  };
}
