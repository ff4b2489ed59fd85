/** The whole renewal through every binding, each with a real client of its own; and one request through all of them. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { OperationView } from '../../protocol/operation.ts';
import { verifyReceipt } from '../../protocol/receipt/verify.ts';
import { pricedPackages } from '../../protocol/schedule.ts';
import { acceptanceOf, type BuyerGoals, buyerMove, makeSignedFetch, presentMandate } from '../../src/client/index.ts';
import {
  type Driver,
  legacyA2aDriver,
  legacyMcpDriver,
  modernMcpDriver,
  nativeDriver,
  Refused,
  restDriver,
  rpcDriver,
} from '../support/drivers.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';

const OPENERS = {
  native: nativeDriver,
  'MCP 2026-07-28': modernMcpDriver,
  'MCP 2025-11-25': legacyMcpDriver,
  'A2A JSON-RPC': rpcDriver,
  'A2A HTTP+JSON': restDriver,
  'A2A 0.3': legacyA2aDriver,
};
const BINDINGS = Object.keys(OPENERS) as (keyof typeof OPENERS)[];

const EVERY_RENEWAL = {
  rules: [{ name: 'all', when: 'action == "contract.renew"', role: 'approver', reason: 'Every renewal.' }],
};

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({ faults: true, config: { signoff: EVERY_RENEWAL } });
}, 60_000);
afterAll(() => gateway.stop());

const GOALS: BuyerGoals = {
  terms: {
    unit_price: { wish: { amount: 4_300, currency: 'EUR' }, most: { amount: 4_700, currency: 'EUR' }, weight: 5 },
    term_months: { wish: 24, most: 36 },
    seats: { wish: 32 },
    notice_days: { wish: 60, most: 60 },
  },
};

async function asking(agent: TestAgent, input: JsonObject) {
  await gateway.crm.edit('contracts', 'K-1001', { next_start_date: null });
  const key = randomUUID();
  const mandate = await presentMandate(await gateway.mandateFor(agent), {
    key: agent.key,
    audience: gateway.origin,
    nonce: key,
    now: new Date(),
  });
  return { key, body: { mandate, input } };
}

async function until(driver: Driver, id: string, enough: (view: OperationView) => boolean): Promise<OperationView> {
  for (let tries = 0; tries < 200; tries += 1) {
    const view = await driver.read(id);
    if (enough(view)) return view;
    await sleep(50);
  }
  throw new Error(`${driver.name}: it never came`);
}

const agentsTurn = ({ turn, state }: OperationView) =>
  state !== 'received' && (turn === 'agent' || state !== 'negotiating');

async function negotiate(driver: Driver, agent: TestAgent, first: OperationView): Promise<OperationView> {
  const { companyKeys } = makeSignedFetch({ gateway: gateway.origin, key: agent.key });
  let view = await until(driver, first.id, agentsTurn);
  while (view.state === 'negotiating') {
    const move = buyerMove(GOALS, view);
    if (move.kind === 'accept') {
      const { offer, choice } = move;
      const acceptance = await acceptanceOf(view, offer, {
        gateway: gateway.origin,
        key: agent.key,
        companyKeys,
        choice,
      });
      return driver.verb(randomUUID(), 'accept', view.id, acceptance);
    }
    if (move.kind === 'withdraw') throw new Error('no agreement');
    view = await driver.verb(randomUUID(), 'offers', view.id, { terms: move.terms });
  }
  return view;
}

describe.each(BINDINGS)('a renewal through %s', (binding) => {
  it('is negotiated, signed off by a person, written once, and leaves a receipt that verifies offline', async () => {
    const agent = await gateway.newAgent();
    const driver = await OPENERS[binding](gateway.origin, agent.key);
    const { key, body } = await asking(agent, { contract: 'K-1001', proposal: { seats: 32, term_months: 24 } });
    const accepted = await negotiate(driver, agent, await driver.submit(key, 'contract.renew', body));
    const waiting = await until(driver, accepted.id, ({ state }) => state === 'awaiting_signoff');
    expect(waiting.signoff?.plan_digest).toMatch(/^sha-256:/);
    await gateway.approve(`${gateway.origin}/console/signoffs/${waiting.signoff?.id}`);
    const done = await until(driver, accepted.id, ({ state }) => state === 'completed');
    expect(done.output).toMatchObject({ contract: 'K-1001' });
    const { receipt } = await driver.receipt(done.id);
    const { proof } = await agent.client.receipt(done.id);
    const keys: unknown = await (await fetch(`${gateway.origin}/.well-known/jwks.json`)).json();
    const verified = await verifyReceipt({ receipt, proof, keys }, { keys });
    expect(verified.verdict).toBe('valid');
    const changes = await gateway.crm.ledger();
    const own = changes.filter(({ external_id: id }) => id.startsWith(done.id));
    expect(own).toHaveLength(1);
    await driver.close();
  }, 60_000);
});

describe.each(BINDINGS)('N1: a schedule through %s', (binding) => {
  it('is shown whole, and a package of it is accepted as stated, or refused by its name', async () => {
    await gateway.crm.edit('contracts', 'K-1001', { next_start_date: null });
    const agent = await gateway.newAgent();
    const driver = await OPENERS[binding](gateway.origin, agent.key);
    const proposal = { unit_price: { amount: 4_000, currency: 'EUR' } };
    const { key, body } = await asking(agent, { contract: 'K-1001', proposal });
    const { id } = await driver.submit(key, 'contract.renew', body);
    const view = await until(driver, id, agentsTurn);
    const offer = view.offers?.find(({ schedule }) => schedule !== undefined);
    if (offer?.schedule === undefined) throw new Error('no schedule');
    const { companyKeys } = makeSignedFetch({ gateway: gateway.origin, key: agent.key });
    const by = { gateway: gateway.origin, key: agent.key, companyKeys };
    const choice = pricedPackages(offer.schedule).at(-1)?.choice ?? {};
    const acceptance = await acceptanceOf(view, offer, { ...by, choice });
    const between = { ...acceptance, choice: { ...choice, '/term_months': 13 } };
    await expect(driver.verb(randomUUID(), 'accept', id, between)).rejects.toMatchObject({
      code: 'package-not-offered',
    });
    const accepted = await driver.verb(randomUUID(), 'accept', id, acceptance);
    const agreed = JSON.parse(Buffer.from(String(accepted.agreement?.['payload']), 'base64url').toString());
    expect(agreed).toMatchObject({ offer: offer.id, choice, terms_digest: acceptance['terms_digest'] });
    await driver.verb(randomUUID(), 'withdraw', id, {}).catch(() => undefined);
    await driver.close();
  }, 60_000);
});

describe('one request through every binding', () => {
  it('is one operation, with the first answer for all', async () => {
    const agent = await gateway.newAgent();
    const { key, body } = await asking(agent, { contract: 'K-1001' });
    const before = gateway.operations();
    const ids = new Set<string>();
    for (const binding of BINDINGS) {
      const driver = await OPENERS[binding](gateway.origin, agent.key);
      ids.add((await driver.submit(key, 'contract.renew', body)).id);
      await driver.close();
    }
    expect(ids.size).toBe(1);
    expect(gateway.operations()).toBe(before + 1);
  });

  it('with another body is refused by each, whichever came first', async () => {
    for (const first of BINDINGS) {
      const agent = await gateway.newAgent();
      const { key, body } = await asking(agent, { contract: 'K-1001' });
      const opened = await OPENERS[first](gateway.origin, agent.key);
      await opened.submit(key, 'contract.renew', body);
      await opened.close();
      for (const second of BINDINGS) {
        const driver = await OPENERS[second](gateway.origin, agent.key);
        const other = { ...body, input: { contract: 'K-1002' } };
        await expect(driver.submit(key, 'contract.renew', other), `${first}, then ${second}`).rejects.toMatchObject({
          code: 'idempotency-key-reused',
        });
        await driver.close();
      }
    }
  }, 60_000);
});

describe('one rule of authorisation', () => {
  it.each(BINDINGS)(
    '%s: an action without its mandate, another agent’s operation, terms beyond the schema',
    async (binding) => {
      const [mine, other] = [await gateway.newAgent(), await gateway.newAgent()];
      const driver = await OPENERS[binding](gateway.origin, mine.key);
      const stranger = await OPENERS[binding](gateway.origin, other.key);
      await expect(
        driver.submit(randomUUID(), 'contract.renew', { input: { contract: 'K-1001' } }),
      ).rejects.toMatchObject({ code: 'mandate-missing' });
      const { key, body } = await asking(mine, { contract: 'K-1001' });
      const view = await driver.submit(key, 'contract.renew', body);
      await expect(stranger.read(view.id)).rejects.toBeInstanceOf(Refused);
      await expect(stranger.verb(randomUUID(), 'handoff', view.id, {})).rejects.toBeInstanceOf(Refused);
      await until(driver, view.id, agentsTurn);
      await expect(driver.verb(randomUUID(), 'offers', view.id, { terms: { seats: -1 } })).rejects.toMatchObject({
        code: 'schema-violation',
      });
      await expect(driver.submit('too-short', 'contract.renew', body)).rejects.toMatchObject({
        code: 'idempotency-key-invalid',
      });
      const handed = await driver.verb(randomUUID(), 'handoff', view.id, { topic: 'A person, please' });
      expect(handed.state).toBe('handed_off');
      await driver.close();
      await stranger.close();
    },
    30_000,
  );
});
