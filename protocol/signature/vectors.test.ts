/** Other people's vectors: Web Bot Auth of both generations and AdCP request signing, as published. */
import { createPublicKey, type JsonWebKey, type KeyObject, verify } from 'node:crypto';
import { type InnerList, parseDictionary } from 'structured-headers';
import { describe, expect, it } from 'vitest';
import type { ProblemCode } from '../base/errors.ts';
import type { Thumbprint } from '../base/ids.ts';
import adcp from '../vectors/adcp.json' with { type: 'json' };
import wba from '../vectors/web-bot-auth.json' with { type: 'json' };
import { type SignableRequest, signatureBase } from './base.ts';
import { ADCP, REQUEST_PROFILES, type SignatureProfile, WEB_BOT_AUTH } from './profiles.ts';
import { candidates, checkBody, matchesContentDigest, type VerifyKey, verifyCandidate } from './signature.ts';

const lines = (headers: object) => new Map(Object.entries(headers).map(([name, value]) => [name, [String(value)]]));

/** As written: a URL parser would normalise what the vectors are about. */
function requestOf(method: string, url: string, headers: object): SignableRequest {
  const [, scheme = '', authority = '', target = ''] = /^(\w+):\/\/([^/]*)(.*)$/.exec(url) ?? [];
  return { method, scheme, authority, target, headers: lines(headers) };
}

const keyObject = (jwk: JsonWebKey) => createPublicKey({ key: jwk, format: 'jwk' });
function verifyKey(kid: string, key: KeyObject): VerifyKey {
  const isEdwards = key.asymmetricKeyType === 'ed25519';
  return {
    kid: kid as Thumbprint,
    alg: isEdwards ? 'ed25519' : 'ecdsa-p256-sha256',
    verify: (data, signature) =>
      isEdwards
        ? verify(null, data, key, signature)
        : verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature),
  };
}

describe('Web Bot Auth vectors', () => {
  const key = verifyKey('poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U', keyObject(wba.key));
  const [edwards, rsa] = ['OKP', 'RSA'].map((kty) => wba.signatures.filter((each) => each.key === kty)) as [
    typeof wba.signatures,
    typeof wba.signatures,
  ];
  /** The second generation's last for a century, so that nobody need make them again. */
  const century: SignatureProfile = { ...WEB_BOT_AUTH, windowSecondsMax: 101 * 366 * 86_400 };
  type Vector = (typeof edwards)[number];
  const read = ({ url, headers, created }: Vector, profile: SignatureProfile, method = 'GET') =>
    candidates(requestOf(method, url, headers), [profile], false, new Date(created * 1000));

  it('are of both generations, with and without Signature-Agent', () => {
    expect(edwards.map(({ generation, label }) => `${generation} ${label}`)).toEqual([
      '1 sig1',
      '1 sig2',
      '2 sig1',
      '2 sig2',
    ]);
  });

  it.each(edwards)('generation $generation, $label: verifies, and says only who asks', (vector) => {
    const found = read(vector, century);
    const [candidate] = found.ok ? found.value : [];
    if (candidate === undefined) throw new Error('no candidate');
    expect(candidate).toMatchObject({ label: vector.label, authority: 'identity', expires: vector.expires });
    const request = requestOf('GET', vector.url, vector.headers);
    expect(verifyCandidate(candidate, request, key).ok).toBe(true);
    expect(verifyCandidate(candidate, { ...request, authority: 'example.org' }, key).ok).toBe(false);
  });

  it.each(edwards)('generation $generation, $label: is not good for acting', (vector) => {
    expect(read(vector, century, 'POST')).toMatchObject({ ok: false, error: { code: 'signature-coverage' } });
  });

  it.each(edwards)('generation $generation, $label: counts for a day at most', (vector) => {
    const found = read(vector, WEB_BOT_AUTH);
    expect(found.ok ? 'counts' : found.error.code).toBe(vector.generation === 1 ? 'counts' : 'signature-expired');
  });

  it.each(rsa)('generation $generation, $label: an algorithm we have not is refused', (vector) => {
    expect(read(vector, century)).toMatchObject({ ok: false, error: { code: 'signature-invalid' } });
  });

  it.each(wba.directories)('a directory over itself: $name', ({ authority, status, headers, body }) => {
    const request = { method: 'GET', scheme: 'https', authority, target: '/', headers: new Map() };
    const [covered] = [...parseDictionary(headers['signature-input']).values()] as InnerList[];
    const signature = Buffer.from(headers.signature.replace(/^.*?=:|:$/g, ''), 'base64');
    const base = signatureBase(covered ?? [[], new Map()], { status, headers: lines(headers), request });
    expect(base.ok && key.verify(Buffer.from(base.value), signature)).toBe(true);
    expect(matchesContentDigest(headers['content-digest'], Buffer.from(body))).toBe(true);
  });
});

interface AdcpVector {
  readonly id: string;
  readonly now: number;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly digest: string;
  readonly keys: readonly string[];
  readonly jwks?: readonly object[];
  readonly base?: string;
  readonly error: string;
}

/** Profile 3.1 wrote binary values in base64url, which RFC 9651 has not and profile 3.2 refuses: the same bytes, written as it says.
 * Where no signature is meant to be reached there are 66 zero bytes; 64 of them here, or all would be refused for that alone. */
function inBase64(vector: AdcpVector): AdcpVector {
  const { signature: field } = vector.headers;
  if (field === undefined) return vector;
  const rewritten = (_: string, text: string) => `:${text.slice(0, 86).replace(/-/g, '+').replace(/_/g, '/')}==:`;
  const signature = field.replace(/:(A{88}|[\w+/-]{86}):/g, rewritten);
  return { ...vector, headers: { ...vector.headers, signature } };
}

/** A URL as its signature base has it: what edge/ refuses to take in any other spelling. */
function canonical(vector: AdcpVector): AdcpVector {
  const [, url = vector.url] = /^"@target-uri": (.*)$/m.exec(vector.base ?? '') ?? [];
  return { ...vector, url };
}

/** AdCP's policy `either`: a body need not be covered. Not ours; with it, the vectors reach the step that they are about. */
const EITHER: SignatureProfile = {
  ...ADCP,
  levels: ADCP.levels.map((level) => ({ ...level, withBody: ['content-type'] })),
};
const profileFor = ({ digest }: AdcpVector) => (digest === 'required' ? ADCP : EITHER);

const KEYS = new Map(adcp.keys.map((jwk) => [jwk.kid, jwk]));
const REVOKED = 'test-revoked-2026';

/** The steps of src/identity/signature/authenticate.ts, with the vector's own keys. */
function judge(vector: AdcpVector, profile = profileFor(vector)): ProblemCode | 'verified' {
  const request = requestOf(vector.method, vector.url, vector.headers);
  const body = Buffer.from(vector.body);
  const found = candidates(request, [profile], body.length > 0, new Date(vector.now * 1000));
  if (!found.ok) return found.error.code;
  const whole = profile === ADCP || request.headers.has('content-digest') ? checkBody(request, body) : undefined;
  if (whole?.ok === false) return whole.error.code;
  let reason: ProblemCode = 'key-unknown';
  for (const candidate of found.value) {
    const jwk = vector.keys.includes(candidate.keyid) ? KEYS.get(candidate.keyid) : undefined;
    if (jwk?.adcp_use !== 'request-signing') continue;
    if (candidate.keyid === REVOKED) return 'key-revoked';
    const verified = verifyCandidate(candidate, request, verifyKey(candidate.keyid, keyObject(jwk)));
    if (verified.ok) return 'verified';
    reason = verified.error.code;
  }
  return reason;
}

describe('AdCP request-signing vectors', () => {
  const vectors: readonly AdcpVector[] = adcp.vectors;
  const positive = vectors.filter(({ error }) => error === '');
  const negative = vectors.filter(({ error }) => error !== '');
  const is32 = ({ id }: AdcpVector) => id.startsWith('3.2/');

  it.each(positive)('$id: verifies', (vector) => {
    const sent = canonical(inBase64(vector));
    const request = requestOf(sent.method, sent.url, sent.headers);
    const [candidate] = ((found) => (found.ok ? found.value : []))(
      candidates(request, [EITHER], true, new Date(sent.now * 1000)),
    );
    const jwk = KEYS.get(candidate?.keyid ?? '');
    if (candidate === undefined || jwk === undefined) throw new Error('no candidate');
    const key = verifyKey(candidate.keyid, keyObject(jwk));
    const verified = verifyCandidate(candidate, request, key);
    expect(verified.ok).toBe(true);
    if (vector.base !== undefined) expect(verified).toEqual({ ok: true, value: vector.base });
    expect(verifyCandidate(candidate, { ...request, target: `${request.target}x` }, key).ok).toBe(false);
  });

  it.each(positive)('$id: as published, by our own policy', (vector) => {
    // Of profile 3.1, all are in base64url; written anew, all but one leave the body open, and that one has base64url in its digest too.
    expect(judge(vector, ADCP)).toBe(is32(vector) ? 'verified' : 'signature-invalid');
    const again = judge(canonical(inBase64(vector)), ADCP);
    if (is32(vector)) expect(again).toBe('verified');
    else expect(again).toBe(vector.id.includes('/002-') ? 'digest-mismatch' : 'signature-coverage');
  });

  /** Our refusal of each. Where AdCP's word for it differs from that of our profile, the reason why. */
  const REFUSED: Readonly<Record<string, readonly [ProblemCode | 'verified', because?: string]>> = {
    'negative/001-no-signature-header': ['signature-missing'],
    'negative/002-wrong-tag': ['signature-missing', 'signatures with other tags are other people’s business'],
    'negative/003-expired-signature': ['signature-expired'],
    'negative/004-window-too-long': ['signature-expired'],
    'negative/005-alg-not-allowed': ['signature-invalid', 'one code for every mistake in parameters'],
    'negative/006-missing-covered-component': ['signature-coverage'],
    'negative/007-missing-content-digest': ['signature-coverage'],
    'negative/008-unknown-keyid': ['key-unknown'],
    'negative/009-key-ops-missing-verify': ['key-unknown', 'a key for something else is no key'],
    'negative/010-content-digest-mismatch': ['digest-mismatch'],
    'negative/011-malformed-header': ['signature-invalid', 'one code for every field that is malformed'],
    'negative/012-missing-expires-param': ['signature-invalid', 'one code for every mistake in parameters'],
    'negative/013-expires-le-created': ['signature-expired'],
    'negative/014-missing-nonce-param': ['signature-invalid', 'one code for every mistake in parameters'],
    'negative/015-signature-invalid': ['signature-invalid'],
    'negative/016-replayed-nonce': ['verified', 'the store spends nonces: signature-replayed, see test/http'],
    'negative/017-key-revoked': ['key-revoked'],
    'negative/018-digest-covered-when-forbidden': ['verified', 'not applicable: we demand what that verifier forbids'],
    'negative/019-signature-without-signature-input': [
      'signature-missing',
      'half a signature is none, and refuses too',
    ],
    'negative/020-rate-abuse': [
      'signature-invalid',
      'not applicable: its signature is another’s; rates are not judged here',
    ],
    'negative/021-duplicate-signature-input-label': ['signature-invalid', 'one code for every field that is malformed'],
    'negative/022-multi-valued-content-type': ['signature-invalid', 'edge/ refuses such a type before, with 415'],
    'negative/023-multi-valued-content-digest': ['digest-mismatch', 'the last of two is the one a dictionary keeps'],
    'negative/024-unquoted-string-param': ['signature-invalid', 'one code for every field that is malformed'],
    'negative/025-jwk-alg-crv-mismatch': ['key-unknown', 'a key that cannot be is no key'],
    'negative/026-non-ascii-host': [
      'signature-invalid',
      'the authority is configured; edge/ refuses such a Host with 421',
    ],
    'negative/027-webhook-registration-authentication-unsigned': ['signature-missing'],
    'negative/028-unsigned-protocol-method-required': ['signature-missing'],
    '3.2/negative/001-base64url-sf-binary': ['signature-invalid', 'one code for every field that is malformed'],
    '3.2/negative/002-multiple-trailing-dots': ['signature-invalid', 'edge/ refuses such a Host with 421'],
  };

  it('all negative ones are accounted for', () => {
    expect(negative.map(({ id }) => id).sort()).toEqual(Object.keys(REFUSED).sort());
  });

  it.each(negative)('$id: $error', (vector) => {
    const [code, because] = REFUSED[vector.id] ?? [];
    expect(judge(is32(vector) ? vector : inBase64(vector))).toBe(code);
    const theirs = code === undefined || code === 'verified' ? undefined : ADCP.errors[code];
    if (because === undefined) expect(theirs).toBe(vector.error);
    else expect(theirs).not.toBe(vector.error);
  });

  it.each(negative)('$id: no other profile takes it', (vector) => {
    const request = requestOf(vector.method, vector.url, vector.headers);
    const others = REQUEST_PROFILES.filter((each) => each !== ADCP);
    expect(candidates(request, others, true, new Date(vector.now * 1000)).ok).toBe(false);
  });
});
