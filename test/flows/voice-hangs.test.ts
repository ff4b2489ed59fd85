/** A model that takes connections and never answers: it delays no CRM work, no person, and soon no talk either. */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { OperationView } from '../../protocol/operation.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';
import { readAs } from '../support/person.ts';

const MARIA = { id: 'maria', password: 'correct horse battery' };

const TIMEOUT_SECONDS = 8;
/** Far more than a local gateway needs, and far less than the model may take. */
const SOON_MS = 4_000;
/** More talks than the CRM takes at once. */
const TALKS = 20;

let model: Server;
let isHanging = false;
const open = new Set<ServerResponse>();
let gateway: TestGateway;
let agent: TestAgent;

beforeAll(async () => {
  model = createServer((request, response) => {
    request.resume();
    open.add(response);
    if (!isHanging) answer(response);
  }).listen(0, '127.0.0.1');
  await once(model, 'listening');
  const { port } = model.address() as AddressInfo;
  gateway = await startTestGateway({
    config: { voice: { base_url: `http://127.0.0.1:${port}/v1`, model: 'm', timeout_seconds: TIMEOUT_SECONDS } },
  });
  agent = await gateway.newAgent();
}, 60_000);
afterAll(async () => {
  for (const each of open) each.destroy();
  model.close();
  await gateway.stop();
});

function answer(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  const choices = [{ index: 0, message: { role: 'assistant', content: '{"ok": true}' }, finish_reason: 'stop' }];
  response.end(JSON.stringify({ id: 'c', object: 'chat.completion', created: 1, model: 'm', choices }));
}

const timed = async (work: Promise<OperationView>): Promise<number> => {
  const began = performance.now();
  await work;
  return performance.now() - began;
};
const talk = async () => {
  const { id } = await agent.client.submit('contract.renew', { contract: 'K-1001' }, await gateway.mandateFor(agent));
  return id;
};

it('D22: a model that hangs delays neither another agent’s person nor, once it is known to hang, a talk', async () => {
  await expect
    .poll(() => gateway.log.filter(({ event }) => event === 'voice.status').at(-1)?.fields)
    .toMatchObject({
      state: 'answering',
    });
  const inbox = () => readAs(gateway.origin, MARIA, '/console/');
  expect(await inbox()).toContain('The language model answers.');
  isHanging = true;
  const talks = await Promise.all(Array.from({ length: TALKS }, talk));
  const other = await gateway.newAgent();
  const handoff = await timed(
    other.client
      .submit('human.handoff', { topic: 'Please call me', urgency: 'normal' })
      .then(({ id }) => other.client.waitForTurn(id)),
  );
  expect(handoff).toBeLessThan(SOON_MS);

  for (const id of talks)
    expect(await agent.client.waitForTurn(id)).toMatchObject({ state: 'negotiating', turn: 'agent' });
  expect(gateway.log.filter(({ event }) => event === 'voice.status').at(-1)?.fields).toMatchObject({
    state: 'resting',
  });
  // Told to those who can do something about it; strangers learn nothing of whom the company works with.
  expect(await inbox()).toContain('The language model does not answer');
  expect(await (await fetch(`${gateway.origin}/health`)).text()).not.toMatch(/model|voice|resting/);
  const late = await timed(talk().then((id) => agent.client.waitForTurn(id)));
  expect(late).toBeLessThan(SOON_MS);
  await agent.client.say(talks[0] ?? '', 'Hm, tja.');
  const view = await agent.client.waitForTurn(talks[0] ?? '');
  expect(view.reading).toMatchObject({ by: 'rules', understood: { kind: 'unclear' } });
  expect(view.offers?.every(({ note_by }) => note_by === undefined)).toBe(true);
}, 60_000);

it('D22: words that are with the model when the gateway stops are answered without it, once, and the stop does not wait', async () => {
  isHanging = false;
  await gateway.restart();
  const answering = () => gateway.log.filter(({ event }) => event === 'voice.status').at(-1)?.fields;
  await expect.poll(answering).toMatchObject({ state: 'answering' });
  const id = await talk();
  await agent.client.waitForTurn(id);
  const before = gateway.operation(id)?.messages.length;
  isHanging = true;
  const waiting = open.size;
  expect(await agent.client.say(id, 'Hm, tja.')).toMatchObject({ turn: 'company' });
  await expect.poll(() => open.size).toBeGreaterThan(waiting);
  const began = performance.now();
  await gateway.restart(() => {
    isHanging = false;
  });
  expect(performance.now() - began).toBeLessThan(SOON_MS);
  const view = await agent.client.waitForTurn(id);
  expect(view).toMatchObject({ turn: 'agent', reading: { by: 'rules', understood: { kind: 'unclear' } } });
  expect(
    gateway
      .operation(id)
      ?.messages.slice(before)
      .map(({ by }) => by),
  ).toEqual(['agent', 'company']);
}, 60_000);
