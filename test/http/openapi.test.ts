/** Every answer of the native binding is what `/openapi.json` says: generated clients break at the first that is not. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { newKeyField, send, signedPost } from '../support/signed.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
}, 60_000);
afterAll(() => gateway.stop());

it('D15: whatever is asked of the native binding is answered as its document says', async () => {
  const agent = await gateway.newAgent();
  const { client } = agent;
  const mandate = await gateway.mandateFor(agent);
  await client.invite(mandate, { url: 'http://127.0.0.1:9/offers' });
  await client.uninvite();
  const asked = await client.submit('contract.renew', { contract: 'K-1001' }, mandate);
  const talk = await client.waitForTurn(asked.id);
  await client.counter(talk.id, { seats: 30 });
  const countered = await client.waitForTurn(talk.id);
  const offer = countered.offers?.at(-1);
  if (offer === undefined) throw new Error('no offer');
  await client.accept(countered, offer);
  await client.waitForTurn(talk.id, ({ state }) => state === 'awaiting_signoff');
  await client.withdraw(talk.id, 'No longer needed').catch(() => undefined);
  const handed = await client.submit('human.handoff', { topic: 'Help' });
  await client.handoff(handed.id, 'Help').catch(() => undefined);
  await client.waitForTurn(handed.id);
  await client.receipt(handed.id);
  // And what is refused.
  await client.read('op_00000000-0000-7000-8000-000000000000').catch(() => undefined);
  await client.submit('contract.renew', { contrat: 'x' }, mandate).catch(() => undefined);
  await client.submit('contract.renew', { contract: 'K-1001' }).catch(() => undefined);
  const options = { idempotencyKey: newKeyField() };
  for (const body of ['{', {}, { input: 7 }])
    await send(gateway.origin, signedPost(gateway.origin, agent.key, '/actions/contract.renew', body, options));
  for (const path of ['/actions/contract.renew', '/actions/no.such', '/operations/x', '/agents', '/nothing'])
    await fetch(gateway.origin + path);
  expect(await gateway.drift()).toEqual([]);
}, 60_000);
