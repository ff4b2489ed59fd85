/** A caller's access token is for this gateway alone: a whole renewal, in which everything that leaves and everything that is kept is
 * looked through for it. */
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { importJWK } from 'jose';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { OperationView } from '../../protocol/operation.ts';
import { acceptanceOf, makeSignedFetch, newAgentKey } from '../../src/client/index.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { type Holder, holder, mint, type Parts, prove } from '../support/tokens.ts';

type Place = 'crm' | 'webhook' | 'push' | 'model';
const PUSH_TOKEN = 'given-to-be-sent';
const MEANT_FOR_MODEL = 'Can you do better?';

const left: { readonly to: Place | 'agent'; readonly text: string }[] = [];
const printed: string[] = [];
const servers: Server[] = [];
let gateway: TestGateway;
let authorisation: Holder;

type Answer = (request: IncomingMessage, body: Buffer, response: ServerResponse) => Promise<void> | void;

async function listen(to: Place, answer: Answer): Promise<string> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    left.push({ to, text: [request.method, request.url, ...request.rawHeaders, body.toString()].join('\n') });
    await answer(request, body, response);
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** To the sandbox CRM, which is there only once the gateway is. */
const forward: Answer = async ({ method = 'GET', url = '/', headers }, body, response) => {
  const { host: _host, connection: _connection, 'content-length': _length, ...kept } = headers;
  const answer = await fetch(`${gateway?.crm.origin ?? 'http://127.0.0.1:1'}${url}`, {
    method,
    headers: kept as Record<string, string>,
    ...(body.length === 0 ? {} : { body }),
  }).catch(() => new Response(null, { status: 503 }));
  const type = answer.headers.get('content-type');
  response.writeHead(answer.status, type === null ? {} : { 'content-type': type });
  response.end(Buffer.from(await answer.arrayBuffer()));
};

const choose: Answer = (_request, _body, response) => {
  const content = JSON.stringify({ move: 0, text: 'We offer {unit_price}.' });
  const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }];
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ id: 'c', object: 'chat.completion', created: 1, model: 'm', choices }));
};

const take: Answer = (_request, _body, response) => void response.writeHead(204).end();

beforeAll(async () => {
  for (const level of ['log', 'info', 'warn', 'error', 'debug'] as const)
    vi.spyOn(console, level).mockImplementation(
      (...words: unknown[]) => void printed.push(words.map(String).join(' ')),
    );
  authorisation = await holder('ES256');
  const issuer = {
    iss: 'https://as.example',
    tier: 'principal',
    jwks: [{ ...authorisation.jwk, kid: authorisation.jkt, alg: 'ES256' }],
    subjects: ['contact:C-1001'],
    accounts: ['A-1001'],
  };
  const rules = [{ name: 'all', when: 'action == "contract.renew"', role: 'approver', reason: 'Every renewal.' }];
  gateway = await startTestGateway({
    config: {
      token_issuers: [issuer],
      signoff: { rules },
      crm: { adapter: 'sandbox', origin: await listen('crm', forward) },
      webhooks: [{ name: 'desk', url: `${await listen('webhook', take)}/desk` }],
      voice: { base_url: `${await listen('model', choose)}/v1`, model: 'm' },
    },
    environment: { PARLEY_WEBHOOK_SECRET_DESK: `whsec_${randomBytes(24).toString('base64')}` },
  });
  // The way to the CRM leads through this file, which knows where it is only now.
  await vi.waitFor(() => expect(gateway.log.map(({ event }) => event)).toContain('crm.ready'), { timeout: 20_000 });
}, 60_000);
afterAll(async () => {
  await gateway.stop();
  for (const server of servers) server.close();
  vi.restoreAllMocks();
});

it('goes nowhere: not to the CRM, a webhook, a push address, the model, the log, the disk or an answer', async () => {
  const key = await newAgentKey();
  const signer = await importJWK(key.privateJwk, 'EdDSA');
  if (!('type' in signer)) throw new Error('not a key');
  const agent: Holder = { alg: 'EdDSA', key: signer, jwk: key.publicJwk, jkt: key.keyid };
  const now = () => Math.floor(Date.now() / 1000);
  const tokenOf = (claims: Parts = {}) =>
    mint(authorisation, {
      iss: 'https://as.example',
      aud: gateway.origin,
      sub: 'contact:C-1001',
      iat: now(),
      exp: now() + 300,
      cnf: { jkt: agent.jkt },
      authorization_details: [{ type: 'urn:parley:action', actions: ['contract.renew'], accounts: ['A-1001'] }],
      ...claims,
    });
  const token = await tokenOf();

  async function post(
    path: string,
    headers: Record<string, string>,
    body: JsonObject,
    by = token,
  ): Promise<JsonObject> {
    const proof = await prove(agent, by, { htu: `${gateway.origin}${path}`, iat: now(), jti: randomUUID() });
    const answer = await fetch(`${gateway.origin}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `DPoP ${by}`, dpop: proof, ...headers },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, ...body }),
    });
    const text = await answer.text();
    left.push({ to: 'agent', text: [...answer.headers].join('\n') + text });
    return { status: answer.status, ...JSON.parse(text) };
  }
  async function tool(name: string, args: JsonObject, by = token): Promise<OperationView> {
    const meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    const headers = {
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': name,
    };
    const params = { name, arguments: args, _meta: meta };
    const { result } = await post('/mcp', headers, { method: 'tools/call', params }, by);
    return (result as { structuredContent?: OperationView } | undefined)?.structuredContent ?? expect.fail(name);
  }
  const turn = async (operation: string) => tool('operation_read', { operation, wait_seconds: 20 });

  const submitted = await tool('contract_renew', { idempotency_key: randomUUID(), input: { contract: 'K-1001' } });
  const operation = submitted.id;
  const url = `${await listen('push', take)}/news`;
  const push = { taskId: operation, id: 'p', url, token: PUSH_TOKEN };
  const set = await post(
    '/a2a',
    { 'a2a-version': '1.0' },
    { method: 'CreateTaskPushNotificationConfig', params: push },
  );
  expect(set['error']).toBeUndefined();
  let seen = submitted;
  while (seen.turn !== 'agent') seen = await turn(operation);
  const terms = { unit_price: { amount: 4_300, currency: 'EUR' } };
  seen = await tool('offer_counter', { operation, idempotency_key: randomUUID(), terms, message: MEANT_FOR_MODEL });
  while (seen.turn !== 'agent') seen = await turn(operation);
  const offer = seen.offers?.findLast(({ by }) => by !== 'agent') ?? expect.fail('no offer');
  const { companyKeys } = makeSignedFetch({ gateway: gateway.origin, key });
  const acceptance = await acceptanceOf(seen, offer, { gateway: gateway.origin, key, companyKeys });
  seen = await tool('offer_accept', { operation, idempotency_key: randomUUID(), ...acceptance });
  while (seen.state !== 'awaiting_signoff') seen = await turn(operation);
  await gateway.approve(`${gateway.origin}/console/signoffs/${seen.signoff?.id}`);
  while (seen.state !== 'completed') seen = await turn(operation);
  await tool('receipt_read', { operation });
  const foreign = await tokenOf({ aud: 'https://other.example' });
  expect((await post('/mcp', {}, { method: 'tools/list' }, foreign))['status']).toBe(401);

  const reached = (place: string, words: string) => left.some(({ to, text }) => to === place && text.includes(words));
  await expect.poll(() => reached('push', PUSH_TOKEN), { timeout: 20_000 }).toBe(true);
  await expect.poll(() => reached('webhook', operation), { timeout: 20_000 }).toBe(true);
  expect(reached('crm', 'K-1001')).toBe(true);
  expect(reached('model', MEANT_FOR_MODEL)).toBe(true);
  const kept = readdirSync(gateway.config.data_dir).map((name) => readFileSync(join(gateway.config.data_dir, name)));
  expect(kept.some((bytes) => bytes.includes(operation))).toBe(true);

  for (const secret of [token, foreign]) {
    // Its last part too: without it the rest is no token, with it the rest can be guessed.
    for (const part of [secret, secret.slice(secret.lastIndexOf('.') + 1)]) {
      expect(left.filter(({ text }) => text.includes(part)).map(({ to }) => to)).toEqual([]);
      expect(gateway.log.filter((line) => JSON.stringify(line).includes(part))).toEqual([]);
      expect(printed.filter((line) => line.includes(part))).toEqual([]);
      expect(kept.filter((bytes) => bytes.includes(part))).toHaveLength(0);
    }
  }
}, 90_000);
