/** A whole talk by a client that was written from protocol/SPEC.md alone: none of our code asks, reads, signs or verifies here, but for issuing the customer's mandate. */
import { createHash, createPublicKey, type JsonWebKey, randomBytes, verify } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { type IndependentKey, independentKey, independentRequest, verifyAnswer } from '../support/independent.ts';
import { send } from '../support/signed.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.stop());

type Members = Readonly<Record<string, unknown>>;
const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const membersOf = (value: unknown): Members => (isMembers(value) ? value : {});
const listOf = (value: unknown): readonly Members[] => (Array.isArray(value) ? value.filter(isMembers) : []);

const sha256 = (data: string | Uint8Array): Buffer => createHash('sha256').update(data).digest();
const encode = (data: string | Uint8Array): string => Buffer.from(data).toString('base64url');
const decode = (text: string): Members => membersOf(JSON.parse(Buffer.from(text, 'base64url').toString()));

/** RFC 8785, as far as these records go: names in order, no spaces. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isMembers(value)) return JSON.stringify(value);
  const names = Object.keys(value).toSorted();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`;
}
const digest = (value: unknown): string => `sha-256:${encode(sha256(canonical(value)))}`;
const signsOver = (key: IndependentKey, header: object, payload: string) =>
  Promise.resolve(key.signer.sign(Buffer.from(`${encode(JSON.stringify(header))}.${payload}`))).then((made) => ({
    protected: encode(JSON.stringify(header)),
    signature: encode(made),
  }));
const isSigned = (text: string, signature: string | Buffer, jwk: Members) =>
  verify(
    null,
    Buffer.from(text),
    createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: String(jwk['x']) }, format: 'jwk' }),
    Buffer.isBuffer(signature) ? signature : Buffer.from(signature, 'base64url'),
  );

/** The client: what the sections "Signatures", "Keys", "Idempotency" and "Operations" say. */
function client(origin: string, key: IndependentKey, keys: readonly Members[]) {
  const keyFor = (purpose: string): Members => keys.find((each) => each['parley_purpose'] === purpose) ?? {};
  async function exchange(
    method: 'GET' | 'POST',
    target: string,
    more: { body?: object; idempotencyKey?: string; waiting?: Record<string, string> } = {},
  ) {
    const { body, waiting = {}, ...rest } = more;
    const text = body === undefined ? {} : { body: JSON.stringify(body) };
    const signed = await independentRequest(origin, key, { method, target, ...rest, ...text });
    const request = { ...signed, headers: { ...signed.headers, ...waiting } };
    const answer = await send(origin, request);
    if (answer.status >= 300) throw new Error(`${answer.status} ${JSON.stringify(answer.json)}`);
    const { kty, crv, x } = keyFor('answers');
    await verifyAnswer(origin, request, answer, { kty, crv, x } as JsonWebKey);
    return answer.json;
  }
  return {
    keyFor,
    exchange,
    /** Reads, each time with the version that is known, until it is as wanted. */
    async until(id: string, isWanted: (view: Members) => boolean): Promise<Members> {
      let view = await exchange('GET', `/operations/${id}`);
      for (let reads = 0; !isWanted(view) && reads < 50; reads += 1)
        view = await exchange('GET', `/operations/${id}`, {
          waiting: { prefer: 'wait=20', 'if-none-match': `"${view['version']}"` },
        });
      expect(isWanted(view), JSON.stringify(view)).toBe(true);
      return view;
    },
  };
}

/** "Mandates": the key binding, made for one request. */
async function presented(mandate: string, key: IndependentKey, { aud, nonce }: { aud: string; nonce: string }) {
  const iat = Math.floor(Date.now() / 1_000);
  const payload = encode(JSON.stringify({ aud, nonce, iat, sd_hash: encode(sha256(mandate)) }));
  const made = await signsOver(key, { alg: 'EdDSA', typ: 'kb+jwt' }, payload);
  return `${mandate}${made.protected}.${payload}.${made.signature}`;
}

/** "Receipts and log": the last paragraph, sentence by sentence. */
function checkReceipt(file: Members, view: Members, { keyFor }: ReturnType<typeof client>): void {
  const [head = '', encoded = '', signature = ''] = String(file['receipt']).split('.');
  expect(decode(head)).toEqual({ alg: 'EdDSA', kid: keyFor('evidence')['kid'], typ: 'parley-receipt+jws' });
  expect(isSigned(`${head}.${encoded}`, signature, keyFor('evidence'))).toBe(true);
  const { type, issued_at, log, ...facts } = decode(encoded);
  expect([type, facts['operation'], facts['state']]).toEqual(['urn:parley:receipt:1', view['id'], view['state']]);
  expect(String(issued_at)).toMatch(/Z$/);
  const { payload = '', signatures } = membersOf(facts['agreement']);
  for (const each of listOf(signatures)) {
    const jwk = membersOf(decode(String(each['protected']))['jwk'] ?? keyFor('evidence'));
    expect(isSigned(`${each['protected']}.${payload}`, String(each['signature']), jwk)).toBe(true);
  }
  const agreed = decode(String(payload));
  expect(agreed['terms_digest']).toBe(digest(agreed['terms']));
  expect(facts['output_digest']).toBe(digest(view['output']));
  const approved = listOf(facts['sign_offs']).find((each) => each['decision'] === 'approved');
  expect(approved?.['plan_digest']).toBe(facts['plan_digest']);
  const { origin, leaf } = membersOf(log);
  expect(membersOf(leaf)).toMatchObject({ operation: view['id'], to: view['state'], facts: digest(facts) });
  checkProof(String(file['proof']), { origin: String(origin), leaf: canonical(leaf) }, keyFor('log'));
}

/** C2SP tlog-proof and signed note; RFC 9162 §2.1.3.2. */
function checkProof(proof: string, { origin, leaf }: { origin: string; leaf: string }, key: Members): void {
  const [top = '', ...rest] = proof.split('\n\n');
  const [, index = '', ...path] = top.split('\n');
  const [text = '', line = ''] = [rest[0], rest[1]];
  const [name, size = '', root] = text.split('\n');
  expect(name).toBe(origin);
  const node = (a: Buffer, b: Buffer) => sha256(Buffer.concat([Buffer.of(1), a, b]));
  let [at, last] = [Number(index.replace('index ', '')), Number(size) - 1];
  let hash = sha256(Buffer.concat([Buffer.of(0), Buffer.from(leaf)]));
  for (const each of path.map((sibling) => Buffer.from(sibling, 'base64'))) {
    const isRight = at % 2 === 1 || at === last;
    hash = isRight ? node(each, hash) : node(hash, each);
    while (isRight && at % 2 === 0 && at !== 0) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  expect([last, hash.toString('base64')]).toEqual([0, root]);
  const note = Buffer.from(line.trim().split(' ')[2] ?? '', 'base64');
  expect(isSigned(`${text}\n`, note.subarray(4), key)).toBe(true);
}

it('O11: a client written from the specification alone asks, agrees, and verifies its receipt', {
  timeout: 60_000,
}, async () => {
  const { origin } = gateway;
  const profile = membersOf(await (await fetch(`${origin}/.well-known/parley`)).json());
  const own = independentKey();
  const me = client(origin, own, listOf(profile['keys']));
  await me.exchange('POST', '/agents', { body: { name: 'A stranger', jwk: own.jwk } });

  // The customer's side: a mandate for this key.
  const someone = await gateway.newAgent({ registered: false });
  const publicJwk = { kty: 'OKP', crv: 'Ed25519', x: own.jwk.x ?? '' } as const;
  const mandate = await gateway.mandateFor({ ...someone, key: { ...someone.key, publicJwk } });

  const nonce = `k-${encode(randomBytes(18))}`;
  const submitted = await me.exchange('POST', '/actions/contract.renew', {
    idempotencyKey: `"${nonce}"`,
    body: { mandate: await presented(mandate, own, { aud: origin, nonce }), input: { contract: 'K-1001' } },
  });
  const id = String(submitted['id']);
  const talk = await me.until(id, ({ turn }) => turn === 'agent');

  // "Offers and agreements": the payload is made from what was read, and compared.
  const [open] = Array.isArray(talk['open_offers']) ? talk['open_offers'] : [];
  const offer = listOf(talk['offers']).find((each) => each['id'] === open) ?? {};
  const parties = {
    operation: id,
    action: talk['action'],
    action_version: talk['action_version'],
    company: origin,
    agent: own.keyid,
  };
  const { terms, terms_digest, firmness, facts, parent, made_at, expires_at } = offer;
  expect(terms_digest).toBe(digest(terms));
  const shared = { ...parties, offer: offer['id'], terms, terms_digest, firmness, facts };
  const reasons = listOf(offer['reasons']).map(({ code, params }) => ({ code, params }));
  const [head = '', payload = '', signature = ''] = String(offer['jws']).split('.');
  expect(Buffer.from(payload, 'base64url').toString()).toBe(
    canonical({ type: 'urn:parley:offer:1', ...shared, parent, made_at, expires_at, reasons }),
  );
  expect(isSigned(`${head}.${payload}`, signature, me.keyFor('evidence'))).toBe(true);

  const { kty, crv, x } = own.jwk;
  const header = { alg: 'EdDSA', kid: own.keyid, typ: 'parley-agreement+jws', jwk: { kty, crv, x } };
  const agreed = encode(canonical({ type: 'urn:parley:agreement:1', ...shared, offer_expires_at: expires_at }));
  await me.exchange('POST', `/operations/${id}/accept`, {
    idempotencyKey: `"k-${encode(randomBytes(18))}"`,
    body: { offer: offer['id'], terms_digest, agreement: await signsOver(own, header, agreed) },
  });

  const asked = await me.until(id, ({ state }) => state === 'awaiting_signoff');
  await gateway.approve(`${origin}/console/signoffs/${String(membersOf(asked['signoff'])['id'])}`);
  const done = await me.until(id, ({ state }) => state === 'completed');
  let file: Members = {};
  const proof = async () => {
    file = await me.exchange('GET', `/operations/${id}/receipt`);
    return file['proof'];
  };
  await expect.poll(proof).not.toBeNull();
  checkReceipt(file, done, me);
});
