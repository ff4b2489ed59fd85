/** A gateway that is told to stop while agents hold streams and waits of every binding open: as a process of its own. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, spawnSandbox } from '../../adapters/sandbox/server/spawn.ts';
import { freePort, type GatewayProcess, gatewayProcess } from '../../demo/process.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import {
  type AgentKey,
  type Client,
  makeClient,
  makeSignedFetch,
  memoryJournal,
  newAgentKey,
  presentMandate,
} from '../../src/client/index.ts';
import { testConfig, testMandate } from '../support/config.ts';

/** What is under way may take so long to end: `STOP_MS_MAX` of the gateway, and a machine that is busy. */
const STOP_MS_MAX = 20_000;
/** With nothing under way there is nothing to wait for but the machine. */
const IDLE_STOP_MS_MAX = 8_000;
const START_MS_MAX = 60_000;
const REVISION = '2026-07-28';
const INPUT = { account: 'A-1001', contact: 'C-1001', on_difference: 'propose' };

let directory: string;
let crm: Sandbox;
let gateway: GatewayProcess;
let origin: string;
let key: AgentKey;
let client: Client;
let send: typeof fetch;
let mandate: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'parley-stop-'));
  crm = await spawnSandbox({ token: 'stop-token', faults: true });
  origin = `http://127.0.0.1:${await freePort()}`;
  const principal = await newAgentKey();
  key = await newAgentKey();
  const path = join(directory, 'parley.json');
  const own = { origin, principal, subjects: ['contact:C-1001'], accounts: ['A-1001'] };
  const config = testConfig({ ...own, crm: { adapter: 'sandbox', origin: crm.origin } });
  writeFileSync(path, JSON.stringify(config));
  gateway = gatewayProcess(path, { PARLEY_CRM_TOKEN: crm.token });
  await gateway.start();
  client = makeClient({ gateway: origin, key, journal: memoryJournal() });
  await client.register({ name: 'Patient agent' });
  ({ fetch: send } = makeSignedFetch({ gateway: origin, key }));
  mandate = await testMandate(principal, key, 'contact:C-1001', { actions: ['data.validate'], accounts: ['A-1001'] });
}, START_MS_MAX);
afterAll(async () => {
  await gateway?.stop();
  await crm?.stop();
  rmSync(directory, { recursive: true, force: true });
}, START_MS_MAX);

let phone = 0;
/** A correction of its own. */
function correction(): JsonObject {
  phone += 1;
  return { ...INPUT, fields: [{ path: 'contact.phone', value: `+49 40 ${7_000_000 + phone}` }] };
}

/** A correction that waits for a person. */
async function waiting(): Promise<string> {
  const { id } = await client.submit('data.validate', correction(), mandate);
  const view = await client.waitForTurn(id, ({ state }) => state === 'awaiting_signoff');
  expect(view.state).toBe('awaiting_signoff');
  return id;
}

const post = (path: string, body: JsonObject, headers: Readonly<Record<string, string>>) =>
  send(`${origin}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
const a2a = (method: string, params: JsonObject) =>
  post('/a2a', { jsonrpc: '2.0', id: 1, method, params }, { 'a2a-version': '1.0' });
const rest = (path: string, body: JsonObject = {}) =>
  post(`/a2a${path}`, body, { 'content-type': 'application/a2a+json', 'a2a-version': '1.0' });
const mcp = (method: string, params: JsonObject) => {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': REVISION,
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const named = typeof params['name'] === 'string' ? { 'mcp-name': params['name'] } : {};
  return post(
    '/mcp',
    { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: meta } },
    {
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': REVISION,
      'mcp-method': method,
      ...named,
    },
  );
};

async function asMessage(): Promise<JsonObject> {
  const messageId = randomUUID();
  const presented = await presentMandate(mandate, { key, audience: origin, nonce: messageId, now: new Date() });
  const data = { verb: 'submit', action: 'data.validate', mandate: presented, input: correction() };
  return { message: { messageId, role: 'ROLE_USER', parts: [{ data }] } };
}

interface Held {
  readonly ended: Promise<unknown>;
}

/** A stream that has begun. */
async function streaming(answer: Promise<Response>): Promise<Held> {
  const { status, headers, body } = await answer;
  expect([status, headers.get('content-type')]).toEqual([200, expect.stringContaining('text/event-stream')]);
  const reader = body?.getReader() ?? expect.fail('no body');
  expect((await reader.read()).done).toBe(false);
  const drain = async () => {
    while (!(await reader.read()).done);
  };
  // Awaited by nobody until the gateway has ended; cut off is an end too.
  return { ended: drain().catch(() => undefined) };
}

/** Whatever was held open is over at once when its gateway is. */
async function stopped(held: readonly Held[], limitMs: number): Promise<void> {
  const begun = performance.now();
  expect(await gateway.stop()).toBe(0);
  expect(performance.now() - begun).toBeLessThan(limitMs);
  await Promise.all(held.map(({ ended }) => ended));
  await gateway.start();
}

describe('E7: SIGTERM', () => {
  it('E7: ends the gateway at once with a stream and a wait of every binding open, and nothing is lost', async () => {
    const id = await waiting();
    const held = await Promise.all([
      streaming(a2a('SubscribeToTask', { id })),
      streaming(rest(`/tasks/${id}:subscribe`)),
      streaming(mcp('subscriptions/listen', { notifications: { toolsListChanged: true } })),
    ]);
    const version = (await client.read(id)).version;
    const waits = [
      send(`${origin}/operations/${id}`, { headers: { prefer: 'wait=20', 'if-none-match': `"${version}"` } }),
      mcp('tools/call', { name: 'operation_read', arguments: { operation: id, wait_seconds: 20 } }),
    ].map((each): Held => ({ ended: each.then((answer) => answer.text()).catch(() => undefined) }));
    await stopped([...held, ...waits], IDLE_STOP_MS_MAX);
    expect((await client.read(id)).state).toBe('awaiting_signoff');
    // Whoever comes back hears of it, and nothing of the stop.
    const again = await streaming(a2a('SubscribeToTask', { id }));
    await stopped([again], IDLE_STOP_MS_MAX);
  }, 120_000);

  it('E7: ends it within its limit with streams open on what the CRM is being asked for', async () => {
    await crm.fault({ op: 'read', kind: 'delay', ms: 1_500, count: 4 });
    const held = await Promise.all([
      streaming(a2a('SendStreamingMessage', await asMessage())),
      streaming(rest('/message:stream', await asMessage())),
    ]);
    await stopped(held, STOP_MS_MAX);
    await crm.clearFaults();
    const id = await waiting();
    expect(id).toMatch(/^op_/);
  }, 120_000);
});
