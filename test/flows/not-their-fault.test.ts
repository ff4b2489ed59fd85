/** What cannot be known now because of us, or of a server that we ask, is told as that on every binding: 503 and when to come again, never a
 * doubt of who asks. One gateway; nothing that it would ask answers. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import { publicJwk } from '../../protocol/base/strict-jws.ts';
import { issueMandate, jwkSigner, presentMandate } from '../../protocol/mandate/mandate.ts';
import { contentDigest, signRequest } from '../../protocol/signature/signature.ts';
import { makeSignedFetch, newAgentKey } from '../../src/client/index.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';
import { type Answer, a2aRpc, mcpRpc, tokenFetch } from '../support/token-agent.ts';
import { type Holder, holder } from '../support/tokens.ts';

const CUSTOMER = 'https://customer.example';
const SERVER = 'https://as.example';

/** Nobody listens there. */
let nobody: string;
let gateway: TestGateway;
let agent: TestAgent;
let server: Holder;
const principal = await newAgentKey();

beforeAll(async () => {
  const closed = createServer();
  await once(closed.listen(0, '127.0.0.1'), 'listening');
  nobody = `http://127.0.0.1:${(closed.address() as AddressInfo).port}`;
  await new Promise((resolve) => closed.close(resolve));
  server = await holder('EdDSA');
  gateway = await startTestGateway({
    environment: { PARLEY_INTROSPECTION_SECRET: 'secret of the gateway' },
    config: {
      issuers: [
        {
          iss: CUSTOMER,
          tier: 'principal',
          subjects: ['contact:C-1001'],
          accounts: ['A-1001'],
          keys: [{ ...principal.publicJwk, kid: principal.keyid }],
        },
      ],
      token_issuers: [
        { iss: SERVER, tier: 'company', jwks_uri: `${nobody}/jwks` },
        { iss: 'https://opaque.example', tier: 'company', introspection: { url: nobody, client_id: 'gateway' } },
      ],
    },
  });
  agent = await gateway.newAgent();
}, 60_000);
afterAll(() => gateway.stop());

/** The same on each binding that takes tokens and signatures alike; with a mandate where the caller has one to present. */
type Ask = (send: typeof fetch, submit: { readonly key: string; readonly body: JsonObject }) => Promise<Answer>;

const MCP: Ask = (send, { key, body }) =>
  mcpRpc(gateway.origin, {
    send,
    method: 'tools/call',
    params: { name: 'contact_update', arguments: { idempotency_key: key, ...body } },
  });
const messageOf = (key: string, body: JsonObject) => ({
  messageId: key,
  role: 'ROLE_USER',
  parts: [{ data: { verb: 'submit', action: 'contact.update', ...body }, mediaType: 'application/json' }],
});
const A2A: Ask = (send, { key, body }) =>
  a2aRpc(gateway.origin, { send, method: 'SendMessage', params: { message: messageOf(key, body) } });
const REST: Ask = async (send, { key, body }) => {
  const answer = await send(`${gateway.origin}/a2a/message:send`, {
    method: 'POST',
    headers: { 'content-type': 'application/a2a+json', 'a2a-version': '1.0' },
    body: JSON.stringify({ message: messageOf(key, body) }),
  });
  return { status: answer.status, headers: answer.headers, json: (await answer.json()) as JsonObject };
};
const NATIVE: Ask = async (send, { key, body }) => {
  const answer = await send(`${gateway.origin}/actions/contact.update`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': `"${key}"` },
    body: JSON.stringify(body),
  });
  return { status: answer.status, headers: answer.headers, json: (await answer.json()) as JsonObject };
};
const WITH_TOKENS: [string, Ask][] = [
  ['MCP', MCP],
  ['A2A JSON-RPC', A2A],
  ['A2A REST', REST],
];
const ALL: [string, Ask][] = [['native', NATIVE], ...WITH_TOKENS];

/** The code of the problem, wherever the binding has it. */
const codeIn = ({ json }: Answer) => /urn:parley:problem:([a-z-]+)/.exec(JSON.stringify(json))?.[1];
const submit = (more: JsonObject = {}) => ({
  key: randomUUID(),
  body: { input: { contact: 'C-1001', changes: [{ path: 'contact.job_title', value: 'CTO' }] }, ...more },
});

function isOurs(answer: Answer, code = 'unavailable') {
  expect([answer.status, codeIn(answer)]).toEqual([503, code]);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(answer.headers.get('www-authenticate')).toBeNull();
}

describe.each(WITH_TOKENS)('over %s', (_, ask) => {
  it('D24: an access token whose server’s keys cannot be read is not called bad', async () => {
    isOurs(await ask(tokenFetch({ server, claims: claims() }), submit()));
    // One of a server that nobody knows is.
    const other = await ask(tokenFetch({ server, claims: { ...claims(), iss: 'https://evil.example' } }), submit());
    expect([other.status, other.headers.get('www-authenticate')]).toEqual([401, expect.stringContaining('Bearer')]);
  });

  it('D24: nor is one that its server cannot be asked about', async () => {
    const token = randomUUID().replaceAll('-', '');
    const opaque: typeof fetch = (input, init = {}) =>
      fetch(input, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } });
    isOurs(await ask(opaque, submit()));
  });
});

describe.each(ALL)('over %s', (name, ask) => {
  it('D24: a key that is published where nobody answers is not called unknown', async () => {
    isOurs(await ask(pointing(nobody), submit()));
    expect((await ask(pointing('http://nobody.invalid'), submit())).status).toBe(401);
  });

  it('D24: a mandate whose status cannot be read is not called bad', async () => {
    const { key, body } = submit();
    const { fetch: send } = makeSignedFetch({ gateway: gateway.origin, key: agent.key });
    const mandate = await presentMandate(await watched(), {
      key: agent.key,
      audience: gateway.origin,
      nonce: key,
      now: new Date(),
    });
    const answer = await ask(send, { key, body: { ...body, mandate } });
    if (name !== 'MCP') return isOurs(answer, 'mandate-unverifiable');
    // A tool has no header fields: when to come again is in the problem.
    const problem = { status: 503, type: 'urn:parley:problem:mandate-unverifiable', retry_after: expect.any(Number) };
    expect(answer.json['result']).toMatchObject({ isError: true, _meta: { 'urn:parley:problem': problem } });
  });
});

const claims = () => ({ iss: SERVER, aud: [gateway.origin], sub: 'contact:C-1001', client_id: 'c', scope: 'parley' });

/** A mandate whose issuer publishes its status where nobody answers. */
async function watched(): Promise<string> {
  const holderKey = publicJwk(agent.key.publicJwk);
  if (holderKey === undefined) throw new Error('the agent has no public key');
  return issueMandate({
    key: { ...(await jwkSigner(principal.privateJwk)), kid: principal.keyid },
    issuer: CUSTOMER,
    subject: 'contact:C-1001',
    agent: holderKey,
    jti: randomUUID(),
    now: new Date(),
    expiresAt: new Date(Date.now() + 3_600_000),
    status: { uri: `${nobody}/status`, index: 1 },
    constraints: { actions: ['contact.update'], accounts: ['A-1001'] },
  });
}

/** Signed with the key of somebody who says that it is published there. */
function pointing(where: string): typeof fetch {
  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const body = Buffer.from(String(init.body));
    const headers = new Headers(init.headers);
    headers.set('content-digest', contentDigest(body));
    headers.set('signature-agent', `"${where}"`);
    const { signatureInput, signature } = signRequest(
      {
        method: 'POST',
        scheme: 'http',
        authority: url.host,
        target: url.pathname,
        headers: new Map([...headers].map(([name, value]) => [name, [value]])),
      },
      true,
      { key: await newAgentKey(), now: new Date(), nonce: randomUUID() },
    );
    headers.set('signature-input', signatureInput);
    headers.set('signature', signature);
    return fetch(url, { ...init, headers });
  };
}
