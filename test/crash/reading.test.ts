/** A gateway that is killed while a model reads somebody's words. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Sandbox, spawnSandbox } from '../../adapters/sandbox/server/spawn.ts';
import { freePort, type GatewayProcess, gatewayProcess } from '../../demo/process.ts';
import { makeClient, memoryJournal, newAgentKey } from '../../src/client/index.ts';
import { testConfig, testMandate } from '../support/config.ts';

const LIMIT_MS = 60_000;
/** Words that the rules do not understand, and what the model makes of them. */
const WORDS = 'Hm, tja.';
const READING = '{"kind": "complaint"}';

let directory: string;
let crm: Sandbox;
let gateway: GatewayProcess;
let model: Server;
let isHanging = false;
const held = new Set<ServerResponse>();

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'parley-reading-'));
  crm = await spawnSandbox({ db: join(directory, 'crm.db') });
  model = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const isWords = body.includes('customer_says');
    if (isWords && isHanging) return void held.add(response);
    const message = { role: 'assistant', content: isWords ? READING : '{"ok": true}' };
    response.writeHead(200, { 'content-type': 'application/json' });
    const choices = [{ index: 0, message, finish_reason: 'stop' }];
    response.end(JSON.stringify({ id: 'c', object: 'chat.completion', created: 1, model: 'm', choices }));
  }).listen(0, '127.0.0.1');
  await once(model, 'listening');
}, LIMIT_MS);
afterAll(async () => {
  await gateway?.kill();
  for (const each of held) each.destroy();
  model?.close();
  await crm?.stop();
  rmSync(directory, { recursive: true, force: true });
});

it(
  'D22: words that were with the model are read after the next start, once',
  async () => {
    const [agent, principal] = [await newAgentKey(), await newAgentKey()];
    const origin = `http://127.0.0.1:${await freePort()}`;
    const known = { principal, subjects: ['contact:C-1001'], accounts: ['A-1001'] };
    const config = {
      ...testConfig({ origin, crm: { adapter: 'sandbox', origin: crm.origin }, ...known }),
      voice: {
        base_url: `http://127.0.0.1:${(model.address() as AddressInfo).port}/v1`,
        model: 'm',
        timeout_seconds: 8,
      },
    };
    const path = join(directory, 'parley.json');
    writeFileSync(path, JSON.stringify(config));
    gateway = gatewayProcess(path, { PARLEY_CRM_TOKEN: crm.token });
    await gateway.start();
    const client = makeClient({ gateway: origin, key: agent, journal: memoryJournal() });
    await client.register({ name: 'Agent' });
    const constraints = { actions: ['contract.renew'], accounts: ['A-1001'] };
    const mandate = await testMandate(principal, agent, 'contact:C-1001', constraints);
    const { id } = await client.submit('contract.renew', { contract: 'K-1001' }, mandate);
    await client.waitForTurn(id);
    isHanging = true;
    expect(await client.say(id, WORDS)).toMatchObject({ turn: 'company' });
    await expect.poll(() => held.size, { timeout: 10_000 }).toBe(1);
    await gateway.kill();
    isHanging = false;
    await gateway.start();
    const view = await client.waitForTurn(id);
    expect(view).toMatchObject({ turn: 'agent', reading: { understood: { kind: expect.any(String) } } });
    const db = new DatabaseSync(join(directory, config.data_dir, 'parley.db'), { readOnly: true });
    const doc = JSON.parse(String(db.prepare('SELECT doc FROM operations WHERE id = ?').get(id)?.['doc']));
    db.close();
    const said = doc.messages.slice(doc.messages.findIndex(({ text }: { text: string }) => text === WORDS));
    expect(said.map(({ by }: { by: string }) => by)).toEqual(['agent', 'company']);
  },
  LIMIT_MS,
);
