/** What is claimed is granted at most once, on every CRM: whoever asks, however often, in parts, in parallel or after a restart. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/json.ts';
import type { Money } from '../../protocol/money.ts';
import type { OperationView } from '../../protocol/operation.ts';
import { CRMS, type TestCrm } from '../support/crms.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';

const PATIENCE_MS = 60_000;
const ENDS = ['completed', 'failed', 'needs_human', 'rejected', 'awaiting_signoff'];
const ACTIONS = ['refund.request', 'sla.credit', 'record.read'];
const ALLOW = [{ name: 'documented', when: "action in ['refund.request', 'sla.credit']" }];

describe.each(Object.entries(CRMS))('on %s', (_name, open) => {
  const directory = mkdtempSync(join(tmpdir(), 'parley-claims-'));
  let crm: TestCrm;
  let gateway: TestGateway;
  let agents: readonly TestAgent[];

  beforeAll(async () => {
    crm = await open(join(directory, 'crm.db'));
    const config = { crm: crm.config, signoff: { rules: [], allow: ALLOW }, allow_private_network: true };
    gateway = await startTestGateway({ account: crm.account(0), config, environment: crm.secrets });
    agents = [await gateway.newAgent(), await gateway.newAgent()];
  }, PATIENCE_MS);
  afterAll(async () => {
    await gateway?.stop();
    await crm?.stop();
    rmSync(directory, { recursive: true, force: true });
  }, PATIENCE_MS);

  async function ask(action: string, input: JsonObject, by = 0): Promise<OperationView> {
    const agent = agents[by];
    if (agent === undefined) throw new Error('no such agent');
    const mandate = await gateway.mandateFor(agent, { actions: ACTIONS, accounts: [crm.account(0)] });
    const opened = await agent.client.submit(action, input, mandate);
    return agent.client.waitForTurn(opened.id, ({ state }) => ENDS.includes(state));
  }

  const refund = (order: string, amount: Money, by = 0) =>
    ask('refund.request', { order, want: 'refund', reason: 'It arrived broken.', amount: { ...amount } }, by);

  async function totalOf(order: string): Promise<Money> {
    const { output } = await ask('record.read', { kind: 'order', id: order, fields: ['total'] });
    const records = output?.['records'] as unknown as readonly { readonly fields: { readonly total: Money } }[];
    const total = records[0]?.fields.total;
    if (total === undefined) throw new Error('no order');
    return total;
  }
  const refused = (view: OperationView) => String(view.problem?.['type']).split(':').at(-1);

  it(
    'T2: an order is paid back once: in parts, by two agents, after a restart, and never a cent beyond its total',
    async () => {
      const [order = ''] = crm.orders;
      const { amount: total, currency } = await totalOf(order);
      const part = Math.ceil(total * 0.6);
      expect((await refund(order, { amount: part, currency })).state).toBe('completed');
      for (const by of [0, 1]) {
        const again = await refund(order, { amount: part, currency }, by);
        expect([again.state, refused(again)]).toEqual(['rejected', 'claim-exceeded']);
      }
      await gateway.restart();
      expect(refused(await refund(order, { amount: total - part + 1, currency }))).toBe('claim-exceeded');
      expect((await refund(order, { amount: total - part, currency }, 1)).state).toBe('completed');
      expect(refused(await refund(order, { amount: 1, currency }))).toBe('claim-exceeded');
    },
    PATIENCE_MS,
  );

  it(
    'T2: of claims that arrive together only what there is is granted, and another currency than the order’s is none',
    async () => {
      const [, order = ''] = crm.orders;
      const { amount: total, currency } = await totalOf(order);
      const other = currency === 'USD' ? 'EUR' : 'USD';
      expect((await refund(order, { amount: 100, currency: other })).state).toBe('rejected');
      const part = Math.ceil(total * 0.4);
      const all = await Promise.all([0, 1, 0, 1, 0, 1].map((by) => refund(order, { amount: part, currency }, by)));
      expect(all.filter(({ state }) => state === 'completed').length).toBeLessThanOrEqual(2);
      expect(all.filter(({ state }) => state === 'completed').length).toBeGreaterThan(0);
    },
    PATIENCE_MS,
  );
});
