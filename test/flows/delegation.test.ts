/** Person → orchestrator → specialist over HTTP: the specialist acts within what the orchestrator left it, and no further. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { publicJwk } from '../../protocol/base/strict-jws.ts';
import { delegateMandate } from '../../src/client/index.ts';
import { appendRevocation } from '../../src/identity/revocations.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';

let gateway: TestGateway;
let orchestrator: TestAgent;
let specialist: TestAgent;
beforeAll(async () => {
  gateway = await startTestGateway();
  [orchestrator, specialist] = [await gateway.newAgent(), await gateway.newAgent()];
}, 60_000);
afterAll(() => gateway.stop());

const input = { account: 'A-1001', contact: 'C-1001', fields: [{ path: 'contact.email', value: 'x@y.example' }] };

async function handedOn(actions: readonly string[], jti: string): Promise<string> {
  const constraints = { actions: ['contract.renew', 'data.validate'], accounts: ['A-1001'], max_delegations: 1 };
  const held = await gateway.mandateFor(orchestrator, constraints);
  const to = publicJwk(specialist.key.publicJwk);
  if (to === undefined) throw new Error('no key');
  const now = new Date();
  return delegateMandate(held, {
    key: orchestrator.key,
    to,
    jti,
    now,
    expiresAt: new Date(now.getTime() + 3_600_000),
    constraints: { actions, accounts: ['A-1001'] },
  });
}

it('a specialist asks for what it was given', async () => {
  const asked = await specialist.client.submit('data.validate', input, await handedOn(['data.validate'], 'hop-a'));
  const view = await specialist.client.waitForTurn(asked.id);
  expect(view.state).toBe('completed');
}, 30_000);

it('a specialist is refused what the orchestrator kept for itself', async () => {
  const mandate = await handedOn(['data.validate'], 'hop-b');
  const asked = await specialist.client.submit('contract.renew', { contract: 'K-1001' }, mandate);
  const view = await specialist.client.waitForTurn(asked.id);
  expect(view).toMatchObject({ state: 'rejected', problem: { type: 'urn:parley:problem:mandate-exceeded' } });
}, 30_000);

it('a revoked hop ends it', async () => {
  const mandate = await handedOn(['data.validate'], 'hop-c');
  appendRevocation(join(gateway.config.data_dir, 'revoked.jsonl'), { kind: 'mandate', id: 'hop-c', reason: 'test' });
  for (let tries = 0; ; tries += 1) {
    const refused = await specialist.client.submit('data.validate', input, mandate).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (refused !== undefined) {
      expect(String(refused)).toMatch(/revoked/i);
      return;
    }
    expect(tries).toBeLessThan(60);
    await sleep(250);
  }
}, 30_000);
