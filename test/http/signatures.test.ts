/** RFC 9421 over real HTTP: an agent that shares no code with us gets in, and nobody gets in with one byte changed. */
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AnswerError } from '../../src/client/index.ts';
import { appendRevocation } from '../../src/identity/revocations.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import {
  type IndependentKey,
  independentKey,
  independentRequest,
  independentRsaKey,
  type SignatureChoices,
  verifyAnswer,
} from '../support/independent.ts';
import { newKeyField, problemCode, send, type WireRequest } from '../support/signed.ts';

const TARGET = '/actions/human.handoff?from=test';
const BODY = '{"input":{"topic":"A question"}}';

let gateway: TestGateway;
let key: IndependentKey;
beforeAll(async () => {
  gateway = await startTestGateway();
  key = independentKey();
  expect((await register(key)).status).toBe(201);
});
afterAll(() => gateway.stop());

const ask = (request: WireRequest) => send(gateway.origin, request);
const signed = (choices?: SignatureChoices, by = key, idempotencyKey = newKeyField()) =>
  independentRequest(gateway.origin, by, { target: TARGET, body: BODY, idempotencyKey }, choices);
const operations = () => gateway.operations();

async function register(by: IndependentKey) {
  const body = JSON.stringify({ name: 'Independent agent', jwk: by.jwk });
  return ask(await independentRequest(gateway.origin, by, { target: '/agents', body }));
}

async function companyKey() {
  const { keys } = await (await gateway.newAgent({ registered: false })).client.discover();
  const found = (keys as Record<string, string>[]).find((each) => each['parley_purpose'] === 'answers');
  return { kty: 'OKP', crv: 'Ed25519', x: found?.['x'] ?? '' };
}

describe('a message that is signed with RSA-PSS', () => {
  const rsa = independentRsaKey();

  it.each(['/actions/human.handoff', '/mcp', '/a2a', '/a2a/message:send'])(
    'D16: is refused at %s, right as it is, in words that say what is taken',
    async (target) => {
      const jsonrpc = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'operation_read' } };
      for (const alg of [undefined, 'rsa-pss-sha512']) {
        const unsigned = { target, body: JSON.stringify(jsonrpc) };
        const request = await independentRequest(gateway.origin, rsa, unsigned, { parameters: { alg } });
        const answer = await ask(request);
        expect([answer.status, answer.headers['accept-signature']], target).toEqual([401, expect.any(String)]);
        expect(answer.body.toString()).toMatch(/urn:parley:problem:signature-invalid/);
        expect(answer.body.toString()).toMatch(/64 bytes \(Ed25519, ECDSA with P-256\).*256: RSA .* not taken/);
      }
    },
  );

  it('D16: so is its key, and an independent verifier finds nothing wrong with either', async () => {
    const body = JSON.stringify({ name: 'RSA agent', jwk: rsa.jwk });
    const request = await independentRequest('http://127.0.0.1', rsa, { target: '/agents', body });
    await rsa.verified(request);
    const answer = await ask(request);
    expect([answer.status, answer.json['detail']]).toEqual([
      422,
      'Only Ed25519 (OKP) and P-256 (EC) keys are accepted.',
    ]);
  });
});

describe('an agent that shares no code with us', () => {
  it.each(['ed25519', 'P-256'] as const)(
    'registers, asks and reads with %s, and can verify the answers',
    async (curve) => {
      const own = independentKey(curve);
      expect((await register(own)).status).toBe(201);
      const request = await signed({}, own);
      const answer = await ask(request);
      expect(answer.status).toBe(202);
      const company = await companyKey();
      await verifyAnswer(gateway.origin, request, answer, company);
      const read = await independentRequest(gateway.origin, own, {
        method: 'GET',
        target: `/operations/${String(answer.json['id'])}`,
      });
      const view = await ask(read);
      expect(view.status).toBe(200);
      await verifyAnswer(gateway.origin, read, view, company);
      await expect(verifyAnswer(gateway.origin, request, view, company)).rejects.toThrow();
    },
  );

  it('cannot read what belongs to another agent', async () => {
    const answer = await ask(await signed());
    const other = independentKey();
    await register(other);
    const target = `/operations/${String(answer.json['id'])}`;
    const stolen = await ask(await independentRequest(gateway.origin, other, { method: 'GET', target }));
    expect([stolen.status, problemCode(stolen)]).toEqual([404, 'not-found']);
  });
});

describe('one byte changed', () => {
  /** Printable ASCII without space: what every sender can put on a request line. */
  const character = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));
  const position = fc.nat({ max: 10_000 });
  const replaced = (text: string, at: number, by: string) => {
    const index = at % text.length;
    return `${text.slice(0, index)}${by}${text.slice(index + 1)}`;
  };

  async function refusesEvery(change: (good: WireRequest, at: number, by: string) => WireRequest, runs: number) {
    const sent = await signed();
    const good = { ...sent, headers: { ...sent.headers, host: new URL(gateway.origin).host } };
    const before = operations();
    await fc.assert(
      fc.asyncProperty(position, character, async (at, by) => {
        const changed = change(good, at, by);
        fc.pre(!sameMeaning(changed, good));
        const { status } = await ask(changed);
        expect(status).toBeGreaterThanOrEqual(400);
        expect(status).toBeLessThan(500);
      }),
      { numRuns: runs },
    );
    expect(operations()).toBe(before);
    // The request itself was good all the time: only the byte made the difference.
    expect((await ask(good)).status).toBe(202);
  }

  it('of the target', () => refusesEvery((good, at, by) => ({ ...good, target: replaced(good.target, at, by) }), 150));

  it('of the body', () =>
    refusesEvery((good, at, by) => ({ ...good, body: Buffer.from(replaced(BODY, at, by)) }), 100));

  it.each(['content-type', 'content-digest', 'idempotency-key', 'signature-input', 'signature', 'host'])(
    'of %s',
    (name) =>
      refusesEvery((good, at, by) => {
        const field = good.headers[name] ?? '';
        return { ...good, headers: { ...good.headers, [name]: replaced(field, at, by) } };
      }, 100),
  );

  it('of the method', async () => {
    const good = await signed();
    const before = operations();
    for (const method of ['PUT', 'PATCH', 'GET', 'DELETE', 'QUERY', 'LOCK', 'COPY', 'MOVE'])
      expect((await ask({ ...good, method })).status, method).toBeOneOf([400, 401, 404, 405]);
    expect(operations()).toBe(before);
    expect((await ask(good)).status).toBe(202);
  });

  /** Nothing changed, or only the unused bits of the signature's last base64 character: other text, the same bytes. */
  function sameMeaning(one: WireRequest, other: WireRequest): boolean {
    const meaning = ({ target, body, headers: { signature = '', ...rest } }: WireRequest) => {
      const bytes = /^mine=:([A-Za-z0-9+/]{86}==):$/.exec(signature)?.[1];
      return { target, body, rest, signature: bytes === undefined ? signature : Buffer.from(bytes, 'base64') };
    };
    return isDeepStrictEqual(meaning(one), meaning(other));
  }
});

describe('a signature outside the profile', () => {
  const now = () => Math.floor(Date.now() / 1000);

  it.each(['@method', '@authority', '@path', '@query', 'content-type', 'content-digest', 'idempotency-key'])(
    'does not cover %s',
    async (component) => {
      const answer = await ask(await signed({ without: [component] }));
      expect([answer.status, problemCode(answer)]).toEqual([401, 'signature-coverage']);
      expect(answer.headers['accept-signature']).toContain(`"${component}"`);
    },
  );

  it.each<[string, () => SignatureChoices['parameters'], string]>([
    ['another tag', () => ({ tag: 'parley/2' }), 'signature-missing'],
    ['the tag of answers', () => ({ tag: 'parley/1-answer' }), 'signature-missing'],
    ['no tag', () => ({ tag: undefined }), 'signature-missing'],
    ['no created', () => ({ created: undefined }), 'signature-invalid'],
    ['no expires', () => ({ expires: undefined }), 'signature-invalid'],
    ['no nonce', () => ({ nonce: undefined }), 'signature-invalid'],
    ['a short nonce', () => ({ nonce: 'n'.repeat(15) }), 'signature-invalid'],
    ['a long nonce', () => ({ nonce: 'n'.repeat(257) }), 'signature-invalid'],
    ['no keyid', () => ({ keyid: undefined }), 'signature-invalid'],
    ['a keyid that is no thumbprint', () => ({ keyid: '../../etc/passwd' }), 'signature-invalid'],
    ['a keyid nobody has', () => ({ keyid: 'A'.repeat(43) }), 'key-unknown'],
    ['another algorithm', () => ({ alg: 'hmac-sha256' }), 'signature-invalid'],
    ['an end in the past', () => ({ created: now() - 290, expires: now() - 60 }), 'signature-expired'],
    ['a start in the future', () => ({ created: now() + 60, expires: now() + 120 }), 'signature-expired'],
    ['an end before its start', () => ({ created: now(), expires: now() - 1 }), 'signature-expired'],
    ['a window of 301 seconds', () => ({ created: now(), expires: now() + 301 }), 'signature-expired'],
  ])('has %s', async (_, parameters, code) => {
    const before = operations();
    const choices = { parameters: parameters() ?? {} };
    const forged =
      choices.parameters['alg'] === undefined ? key : { ...key, signer: { ...key.signer, algorithm: 'hmac-sha256' } };
    const answer = await ask(await signed(choices, forged));
    expect([answer.status, problemCode(answer)]).toEqual([401, code]);
    expect(operations()).toBe(before);
  });

  it('is by a key nobody registered', async () => {
    const answer = await ask(await signed({}, independentKey()));
    expect([answer.status, problemCode(answer)]).toEqual([401, 'key-unknown']);
  });

  it('is by another key than it names', async () => {
    const answer = await ask(await signed({}, { ...independentKey(), keyid: key.keyid }));
    expect([answer.status, problemCode(answer)]).toEqual([401, 'signature-invalid']);
  });

  it('is by a key that was revoked a moment ago', async () => {
    const lost = independentKey();
    await register(lost);
    expect((await ask(await signed({}, lost))).status).toBe(202);
    appendRevocation(join(gateway.config.data_dir, 'revoked.jsonl'), { kind: 'key', id: lost.keyid, reason: 'lost' });
    await expect
      .poll(async () => problemCode(await ask(await signed({}, lost))), { timeout: 5_000, interval: 200 })
      .toBe('key-revoked');
  });

  it('is missing', async () => {
    const { method, target, headers, body } = await signed();
    const { signature: _, ...unsigned } = headers;
    const answer = await ask({ method, target, headers: unsigned, body });
    expect([answer.status, problemCode(answer)]).toEqual([401, 'signature-missing']);
  });
});

describe('several signatures', () => {
  const both = (one: WireRequest, other: WireRequest, name: string) => `${one.headers[name]}, ${other.headers[name]}`;
  const merged = (one: WireRequest, other: WireRequest): WireRequest => ({
    ...one,
    headers: {
      ...one.headers,
      'signature-input': both(one, other, 'signature-input'),
      signature: both(one, other, 'signature'),
    },
  });

  it.each(['first', 'last'])('a good one counts beside a bad one when it is %s', async (place) => {
    const idempotencyKey = newKeyField();
    const good = await signed({ label: 'good' }, key, idempotencyKey);
    const bad = await signed({ label: 'bad' }, { ...independentKey(), keyid: key.keyid }, idempotencyKey);
    const answer = await ask(place === 'first' ? merged(good, bad) : merged(bad, good));
    expect(answer.status).toBe(202);
    expect(answer.headers['signature-input']).toContain('"signature";req;key="good"');
  });

  it('a label that stands twice makes the fields ambiguous', async () => {
    const idempotencyKey = newKeyField();
    const good = await signed({}, key, idempotencyKey);
    const answer = await ask(merged(await signed({}, independentKey(), idempotencyKey), good));
    expect([answer.status, problemCode(answer)]).toEqual([401, 'signature-invalid']);
  });

  it('more labels than anyone needs are refused', async () => {
    const idempotencyKey = newKeyField();
    const all = await Promise.all([...'abcdefghi'].map((label) => signed({ label: `s${label}` }, key, idempotencyKey)));
    const answer = await ask(all.slice(1).reduce(merged, all[0] as WireRequest));
    expect([answer.status, problemCode(answer)]).toEqual([401, 'signature-invalid']);
  });
});

describe('our client believes only the answer to its own request', () => {
  /** Lets a test change what arrives. */
  async function tampered(change: (response: Response, body: string, url: string) => Response | Promise<Response>) {
    const agent = await gateway.newAgent({
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        if (!response.headers.has('signature') || !String(url).includes('/operations/')) return response;
        return change(response, await response.text(), String(url));
      },
    });
    const first = await agent.client.submit('human.handoff', { topic: 'One' });
    const second = await agent.client.submit('human.handoff', { topic: 'Two' });
    return { client: agent.client, first: first.id, second: second.id };
  }
  const again = ({ status, headers }: Response, body: string) => new Response(body, { status, headers });

  it('reads an answer nobody touched', async () => {
    const { client, first } = await tampered(again);
    expect((await client.read(first)).id).toBe(first);
  });

  it('refuses the answer to another request', async () => {
    let kept: Response | undefined;
    const { client, first, second } = await tampered((response, body) => {
      kept ??= again(response, body);
      return kept.clone();
    });
    expect((await client.read(first)).id).toBe(first);
    await expect(client.read(second)).rejects.toThrow(AnswerError);
    // Even the same question asked again: the answer is bound to the signature, not to the path.
    await expect(client.read(first)).rejects.toThrow(AnswerError);
  });

  it.each<[string, (response: Response, body: string) => Response]>([
    ['another body', (response, body) => again(response, body.replace('"state":"', '"state":"x'))],
    ['another status', (response, body) => new Response(body, { status: 201, headers: response.headers })],
    ['no signature', (_, body) => new Response(body, { headers: { 'content-type': 'application/json' } })],
  ])('refuses %s', async (_, change) => {
    const { client, first } = await tampered(change);
    await expect(client.read(first)).rejects.toThrow(AnswerError);
  });
});
