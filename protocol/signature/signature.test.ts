/** RFC 9421's own examples (Appendix B), then what our reading of it refuses. */
import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { type InnerList, parseDictionary } from 'structured-headers';
import { describe, expect, it } from 'vitest';
import type { Thumbprint } from '../base/ids.ts';
import type { Result } from '../base/result.ts';
import vectors from '../vectors/rfc9421.json' with { type: 'json' };
import { type Signable, signatureBase } from './base.ts';
import { ANSWER } from './profiles.ts';
import {
  ANSWER_TAG,
  candidates,
  checkBody,
  contentDigest,
  matchesContentDigest,
  REQUEST_PROFILES,
  type SignableRequest,
  type SignableResponse,
  signRequest,
  signResponse,
  verifyCandidate,
  verifyResponse,
} from './signature.ts';

const lines = (headers: object) => new Map(Object.entries(headers).map(([name, value]) => [name, [String(value)]]));
const request: SignableRequest = { ...vectors.request, headers: lines(vectors.request.headers) };
const response: SignableResponse = { ...vectors.response, headers: lines(vectors.response.headers), request };
const coveredBy = (input: string) => [...parseDictionary(input).values()][0] as InnerList;
const baseOf = (input: string, message: Signable = request) => signatureBase(coveredBy(`s=${input}`), message);

describe('RFC 9421 Appendix B', () => {
  it.each(vectors.signatures)('$section: the signature base is the published one', ({ message, input, base }) => {
    const made = signatureBase(coveredBy(input), message === 'response' ? response : request);
    expect(made).toEqual({ ok: true, value: base.join('\n') });
  });

  it.each(vectors.signatures.filter(({ key }) => key !== undefined))(
    '$section: the published signature verifies',
    (each) => {
      const jwk = vectors.keys[each.key as 'test-key-ed25519' | 'test-key-ecc-p256'];
      const key = createPublicKey({ key: jwk, format: 'jwk' });
      const made = signatureBase(coveredBy(each.input), each.message === 'response' ? response : request);
      const bytes = Buffer.from(made.ok ? made.value : '');
      const signature = Buffer.from(each.signature ?? '', 'base64');
      const verified = (data: Buffer) =>
        jwk.kty === 'EC'
          ? verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature)
          : verify(null, data, key, signature);
      expect(verified(bytes)).toBe(true);
      expect(verified(Buffer.concat([bytes, Buffer.from('\n')]))).toBe(false);
    },
  );

  it('B.2.2: @query-param is not a component of ours and cannot be covered', () => {
    expect(signatureBase(coveredBy(vectors.unresolvable.input), request).ok).toBe(false);
  });

  it.each(['request', 'response'] as const)('the content digest of the %s is that of its body', (message) => {
    const { headers, body } = vectors[message];
    const digest = message === 'request' ? headers['content-digest'] : contentDigest(Buffer.from(body));
    expect(matchesContentDigest(digest, Buffer.from(body))).toBe(true);
    expect(matchesContentDigest(digest, Buffer.from(`${body} `))).toBe(false);
  });
});

describe('components', () => {
  it.each([
    ['("@method" "@method")', 'covered twice'],
    ['("x-absent")', 'a field that is not there'],
    ['("Date")', 'a name in upper case'],
    ['("date";bs)', 'a parameter we do not serialise'],
    ['("date";sf)', 'a parameter we do not serialise'],
    ['("date";tr)', 'a trailer'],
    ['("date";req)', 'a request of a request'],
    ['("@method";key="a")', 'a member of a derived component'],
    ['("content-digest";key="md5")', 'a member that is not there'],
    ['("date";key="a")', 'a member of what is no dictionary'],
    ['("@status")', 'a status of a request'],
    ['("@unknown")', 'an unknown derived component'],
    ['("@signature-params")', 'its own parameters'],
  ])('%s cannot be resolved: %s', (input) => {
    expect(baseOf(input).ok).toBe(false);
  });

  it('a line break in a field never starts a line of the base (§7.5.6)', () => {
    const headers = new Map([['x-note', ['a\n"@method": GET']]]);
    expect(baseOf('("x-note")', { ...request, headers }).ok).toBe(false);
  });

  it('lines of one field are trimmed and joined in order (§2.1)', () => {
    const headers = new Map([['x-note', [' one ', '', '\ttwo']]]);
    const made = baseOf('("x-note")', { ...request, headers });
    expect(made.ok && made.value.split('\n')[0]).toBe('"x-note": one, , two');
  });

  it.each([
    ['/foo', '?'],
    ['/foo?', '?'],
    ['/foo?a=%20b', '?a=%20b'],
  ])('the query of %s is %s, as sent (§2.2.7)', (target, query) => {
    const made = baseOf('("@query")', { ...request, target });
    expect(made.ok && made.value.split('\n')[0]).toBe(`"@query": ${query}`);
  });

  it.each([
    ['@target-uri', 'https://example.com/foo?param=Value&Pet=dog'],
    ['@scheme', 'https'],
    ['@request-target', '/foo?param=Value&Pet=dog'],
  ])('%s is %s', (name, value) => {
    const made = baseOf(`("${name}")`);
    expect(made.ok && made.value.split('\n')[0]).toBe(`"${name}": ${value}`);
  });
});

describe('our profile', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const kid = 'poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U' as Thumbprint;
  const signKey = { kid, alg: 'ed25519' as const, sign: (data: Uint8Array) => sign(null, data, privateKey) };
  const verifyKey = {
    kid,
    alg: 'ed25519' as const,
    verify: (data: Uint8Array, signature: Uint8Array) => verify(null, data, publicKey, signature),
  };
  const now = new Date('2026-05-01T12:00:00Z');
  const nonce = 'n'.repeat(24);

  function signed(from: SignableRequest = request): SignableRequest {
    const { signatureInput, signature } = signRequest(from, true, { key: signKey, now, nonce });
    const extra = lines({ 'signature-input': signatureInput, signature });
    return { ...from, headers: new Map([...from.headers, ...extra]) };
  }
  function check(message: SignableRequest, at = now): string {
    const found = candidates(message, REQUEST_PROFILES, true, at);
    if (!found.ok) return found.error.code;
    const [candidate] = found.value;
    const verified = candidate === undefined ? undefined : verifyCandidate(candidate, message, verifyKey);
    return verified?.ok === true ? 'verified' : (verified?.error.code ?? 'none');
  }
  const after = (seconds: number) => new Date(now.getTime() + seconds * 1_000);

  it('verifies what it signs, and nothing else', () => {
    const message = signed();
    expect(check(message)).toBe('verified');
    expect(check({ ...message, method: 'PUT' })).toBe('signature-invalid');
    expect(check({ ...message, authority: 'staging.example.com' })).toBe('signature-invalid');
    expect(check({ ...message, target: '/foo?param=Value&Pet=cat' })).toBe('signature-invalid');
    expect(check({ ...message, target: '/bar?param=Value&Pet=dog' })).toBe('signature-invalid');
  });

  it.each([
    [-30, 'verified'],
    [-31, 'signature-expired'],
    [0, 'verified'],
    [329, 'verified'],
    [330, 'signature-expired'],
  ])('%i seconds after it was made it is %s', (seconds, expected) => {
    expect(check(signed(), after(seconds))).toBe(expected);
  });

  it('B.2.5: a shared secret is never asked: alg hmac-sha256 contradicts every key we accept', () => {
    const message = signed();
    const hmac = (message.headers.get('signature-input')?.[0] ?? '').replace('"ed25519"', '"hmac-sha256"');
    const headers = new Map([...message.headers, ['signature-input', [hmac]] as const]);
    expect(check({ ...message, headers })).toBe('signature-invalid');
  });

  it('binds an answer to its request', () => {
    const asked = signed();
    const body = Buffer.from('{}');
    const head = { 'content-type': 'application/json', 'content-digest': contentDigest(body) };
    const answer: SignableResponse = { status: 200, headers: lines(head), request: asked };
    const fields = signResponse(answer, 'parley', { key: signKey, now, nonce });
    const headers = lines({ ...head, 'signature-input': fields.signatureInput, signature: fields.signature });
    const verifyFor = (to: SignableRequest, status = 200, bytes: Uint8Array = body) => {
      const verified = verifyResponse({ status, headers, request: to }, bytes, 'parley', () => verifyKey, now);
      return verified.ok ? 'verified' : verified.error.code;
    };
    expect(verifyFor(asked)).toBe('verified');
    expect(verifyFor(asked, 201)).toBe('signature-invalid');
    expect(verifyFor(asked, 200, Buffer.from('[]'))).toBe('digest-mismatch');
    expect(verifyFor({ ...asked, target: '/bar?param=Value&Pet=dog' })).toBe('signature-invalid');
    const other = new Map([...asked.headers, ['signature', ['parley=:AAAA:']] as const]);
    expect(verifyFor({ ...asked, headers: other })).toBe('signature-invalid');
  });

  it('believes no answer of ours that does not say to which request it is', () => {
    const asked = signed();
    const body = Buffer.from('{}');
    const head = { 'content-type': 'application/json', 'content-digest': contentDigest(body) };
    const covers = '("@status" "content-type" "content-digest")';
    const created = now.getTime() / 1_000;
    const input = `${covers};created=${created};expires=${created + 300};nonce="${nonce}";keyid="${kid}";alg="ed25519";tag="${ANSWER_TAG}"`;
    const base = baseOf(input, { status: 200, headers: lines(head), request: asked });
    const bytes = sign(null, Buffer.from(base.ok ? base.value : ''), privateKey).toString('base64');
    const headers = lines({ ...head, 'signature-input': `parley=${input}`, signature: `parley=:${bytes}:` });
    const answer = { status: 200, headers, request: asked };
    const [candidate] = unwrapped(candidates(answer, [ANSWER], true, now));
    expect(candidate && verifyCandidate(candidate, answer, verifyKey).ok).toBe(true);
    expect(verifyResponse(answer, body, 'parley', () => verifyKey, now)).toMatchObject({
      ok: false,
      error: { code: 'signature-coverage' },
    });
  });

  it('needs a digest of a body, and none of none', () => {
    const bare = { ...request, headers: new Map() };
    expect(checkBody(bare, Buffer.from(''))).toEqual({ ok: true, value: undefined });
    expect(checkBody(bare, Buffer.from('{}'))).toMatchObject({ ok: false, error: { code: 'signature-coverage' } });
  });
});

const unwrapped = <T>(result: Result<T, unknown>): T => (result.ok ? result.value : expect.fail('refused'));
