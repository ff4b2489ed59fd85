/** Signature profiles on RFC 9421, as data: which signatures count, what each must cover, and what it is good for. */
import type { ProblemCode, Refusal } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { queryOf, type Signable } from './base.ts';

export type SignatureAlgorithm = 'ed25519' | 'ecdsa-p256-sha256';

/** `full`: who asks and what exactly is asked, good for any request. `identity`: only who is there, good for reading. */
export type Authority = 'full' | 'identity';

/** A component, or several of which any one will do. */
export type Need = string | readonly string[];

export interface Coverage {
  readonly authority: Authority;
  readonly always: readonly Need[];
  readonly withQuery: readonly Need[];
  readonly withBody: readonly Need[];
  /** Header fields to cover when they are there. */
  readonly whenPresent: readonly string[];
}

export type KeyField = 'signature-agent' | 'ucp-agent';

export interface SignatureProfile {
  readonly name: 'parley' | 'ucp' | 'web-bot-auth' | 'adcp';
  /** `null`: its signatures carry none. */
  readonly tag: string | null;
  /** The field without which a signature is not of this profile: all that tells apart signatures without a tag. */
  readonly marker: KeyField | null;
  /** From strongest to weakest: a signature is worth the first whose components it covers. */
  readonly levels: readonly Coverage[];
  readonly requiredParameters: readonly ('created' | 'expires' | 'nonce' | 'alg')[];
  /** `expires - created`; where `expires` is missing, how long after `created` it counts. */
  readonly windowSecondsMax: number;
  /** `thumbprint`: RFC 7638, SHA-256. `label`: that, or the `kid` that the key's document gives it. */
  readonly keyid: 'thumbprint' | 'label';
  readonly algorithms: readonly SignatureAlgorithm[];
  /** Where the key may be published; the first field that is there decides. */
  readonly keyFields: readonly KeyField[];
  /** What the profile's own specification calls our refusals, where it has a word. */
  readonly errors: Readonly<Partial<Record<ProblemCode, string>>>;
}

export const REQUEST_TAG = 'parley/1';
export const ANSWER_TAG = 'parley/1-answer';

/** Both of UCP's and Web Bot Auth's registries of algorithms have them; shared secrets are in neither list. */
const ALGORITHMS: readonly SignatureAlgorithm[] = ['ed25519', 'ecdsa-p256-sha256'];

/** What an answer depends on besides the target and the body: which operation it repeats, and whose key is believed. */
const DECIDING_FIELDS = ['idempotency-key', 'signature-agent', 'ucp-agent'] as const;

const WHOLE_REQUEST: Coverage = {
  authority: 'full',
  always: ['@method', '@authority', '@path'],
  withQuery: ['@query'],
  withBody: ['content-type', 'content-digest'],
  whenPresent: DECIDING_FIELDS,
};

/** Parley's own. */
export const PARLEY: SignatureProfile = {
  name: 'parley',
  tag: REQUEST_TAG,
  marker: null,
  levels: [WHOLE_REQUEST],
  requiredParameters: ['created', 'expires', 'nonce'],
  windowSecondsMax: LIMITS.signatureWindowSecondsMax,
  keyid: 'thumbprint',
  algorithms: ALGORITHMS,
  keyFields: ['signature-agent', 'ucp-agent'],
  errors: {},
};

/** Web Bot Auth (draft-meunier-webbotauth-httpsig-protocol-02). The draft's minimum binds a signature to an authority and to no
 * request at all; its additional components, as in UCP's dual-audience signatures, make it as good as our own. */
export const WEB_BOT_AUTH: SignatureProfile = {
  name: 'web-bot-auth',
  tag: 'web-bot-auth',
  marker: null,
  levels: [
    {
      ...WHOLE_REQUEST,
      always: ['@method', ['@authority', '@target-uri'], ['@path', '@target-uri']],
      withQuery: [['@query', '@target-uri']],
    },
    {
      authority: 'identity',
      always: [['@authority', '@target-uri']],
      withQuery: [],
      withBody: [],
      whenPresent: ['signature-agent', 'ucp-agent'],
    },
  ],
  requiredParameters: ['created', 'expires'],
  // The draft's recommended maximum. Each is spent for as long as it lasts, so a long one is no licence to repeat.
  windowSecondsMax: 86_400,
  keyid: 'thumbprint',
  algorithms: ALGORITHMS,
  keyFields: ['signature-agent', 'ucp-agent'],
  errors: {},
};

/** AdCP request signing, with the body always covered (its policy `required`). */
export const ADCP: SignatureProfile = {
  name: 'adcp',
  tag: 'adcp/request-signing/v1',
  marker: null,
  levels: [{ ...WHOLE_REQUEST, always: ['@method', '@target-uri', '@authority'], withQuery: [] }],
  requiredParameters: ['created', 'expires', 'nonce', 'alg'],
  windowSecondsMax: 300,
  keyid: 'label',
  algorithms: ALGORITHMS,
  keyFields: ['signature-agent', 'ucp-agent'],
  errors: {
    'signature-missing': 'request_signature_required',
    'signature-invalid': 'request_signature_invalid',
    'signature-coverage': 'request_signature_components_incomplete',
    'signature-expired': 'request_signature_window_invalid',
    'signature-replayed': 'request_signature_replayed',
    'digest-mismatch': 'request_signature_digest_mismatch',
    'key-unknown': 'request_signature_key_unknown',
    'key-revoked': 'request_signature_key_revoked',
    'too-many-requests': 'request_signature_rate_abuse',
  },
};

/** UCP's default signatures: no tag, told apart by `UCP-Agent`; no nonce, the signed Idempotency-Key keeps them from acting twice. */
export const UCP: SignatureProfile = {
  name: 'ucp',
  tag: null,
  marker: 'ucp-agent',
  levels: [WHOLE_REQUEST],
  requiredParameters: [],
  // UCP names none; the longest in its examples.
  windowSecondsMax: 3_600,
  keyid: 'label',
  algorithms: ALGORITHMS,
  keyFields: ['ucp-agent'],
  errors: {
    'signature-missing': 'signature_missing',
    'signature-invalid': 'signature_invalid',
    'signature-coverage': 'coverage_insufficient',
    'digest-mismatch': 'digest_mismatch',
    'key-unknown': 'key_not_found',
  },
};

/** Those a request may be signed in. */
export const REQUEST_PROFILES: readonly SignatureProfile[] = [PARLEY, WEB_BOT_AUTH, ADCP, UCP];

/** Our answers: not for requests, and what they are bound to is checked where they are verified. */
export const ANSWER: SignatureProfile = {
  ...PARLEY,
  tag: ANSWER_TAG,
  levels: [
    {
      authority: 'full',
      always: ['@status', 'content-type', 'content-digest'],
      withQuery: [],
      withBody: [],
      whenPresent: [],
    },
  ],
};

/** The profile of a signature with this `tag` parameter on this message, if it is one of them. */
export function profileOf(
  tag: unknown,
  message: Signable,
  profiles: readonly SignatureProfile[],
): SignatureProfile | undefined {
  return profiles.find(
    (each) => each.tag === (tag ?? null) && (each.marker === null || message.headers.has(each.marker)),
  );
}

/** What a level asks of this message. */
export function needsOf(level: Coverage, message: Signable, hasBody: boolean): Need[] {
  const hasQuery = 'target' in message && queryOf(message.target) !== '?';
  return [
    ...level.always,
    ...(hasQuery ? level.withQuery : []),
    ...(hasBody ? level.withBody : []),
    ...level.whenPresent.filter((name) => message.headers.has(name)),
  ];
}

/** Reading changes nothing, so that knowing who reads is enough. */
export function isGoodFor(authority: Authority, message: Signable): boolean {
  return authority === 'full' || ('method' in message && (message.method === 'GET' || message.method === 'HEAD'));
}

/** The refusal with the word (`code`) that the specification of the profile it was sent in has for it; that names the refusal, no more. */
export function inTheirWords(headers: ReadonlyMap<string, readonly string[]>, refused: Refusal): Refusal {
  const input = headers.get('signature-input')?.join(', ') ?? '';
  const tagged = REQUEST_PROFILES.find(({ tag }) => tag !== null && input.includes(`tag="${tag}"`));
  const profile = tagged ?? REQUEST_PROFILES.find(({ tag, marker }) => tag === null && marker && headers.has(marker));
  const code = profile?.errors[refused.code];
  return code === undefined ? refused : { ...refused, extra: { ...refused.extra, code } };
}

/** `WWW-Authenticate` for signatures, with that word where there is one. */
export function signatureChallenge({ extra }: Refusal): string {
  const code = extra?.['code'];
  return typeof code === 'string' ? `Signature error="${code}"` : 'Signature';
}
