/** What is claimed is granted at most once, on every CRM: whoever asks, however often, in parts, in parallel or after a restart. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../demo/process.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { Money } from '../../protocol/base/money.ts';
import type { OperationView } from '../../protocol/operation.ts';
import { APPROVER } from '../support/config.ts';
import { CRMS } from '../support/crms.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';
import { ORDER_CRMS, type OrderCrm } from '../support/order-crms.ts';

const PATIENCE_MS = 60_000;
const ENDS = ['completed', 'failed', 'needs_human', 'rejected', 'awaiting_signoff'];
const ACTIONS = ['refund.request', 'sla.credit', 'record.read'];
const ALLOW = [{ name: 'documented', when: "action in ['refund.request', 'sla.credit']" }];

/** The month after the one of a day. */
function monthAfter(day: string): string {
  const date = new Date(`${day}T00:00:00Z`);
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1)).toISOString().slice(0, 7);
}

/** Those with orders. */
const EVERY: readonly (readonly [string, (db: string) => Promise<OrderCrm>])[] = [
  ...Object.entries(CRMS).filter(([name]) => ['sandbox', 'salesforce', 'hubspot'].includes(name)),
  ...Object.entries(ORDER_CRMS),
];

describe.each(EVERY)('on %s', (_name, open) => {
  const directory = mkdtempSync(join(tmpdir(), 'parley-claims-'));
  let crm: OrderCrm;
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
    'T2, T9: no minute of an outage is credited twice, an older one is, and a month’s credits stay within its fee',
    async () => {
      const contract = crm.contract(0);
      const { output } = await ask('record.read', { kind: 'contract', id: contract, fields: ['start_date'] });
      const records = output?.['records'] as unknown as readonly { readonly fields: { readonly start_date: string } }[];
      const month = monthAfter(records[0]?.fields.start_date ?? '');
      const credit = (from: string, to: string, minutes: number, by = 0) => {
        const incident = { from: `${month}-${from}:00Z`, to: `${month}-${to}:00Z`, minutes_down: minutes };
        return ask('sla.credit', { contract, incident }, by);
      };
      expect((await credit('20T08:00', '20T20:00', 720)).state).toBe('completed');
      const twice = await Promise.all([0, 1].map((by) => credit('20T08:00', '20T20:00', 720, by)));
      expect(twice.map(refused)).toEqual(['already-claimed', 'already-claimed']);
      expect(refused(await credit('20T19:00', '20T23:00', 240, 1))).toBe('already-claimed');
      expect(refused(await credit('05T08:00', '05T09:00', 61))).toBe('record-unusable');
      expect((await credit('05T08:00', '05T11:00', 180, 1)).state).toBe('completed');
      // 50 % and 25 % are granted: another half would be more than the month cost, a quarter is not.
      expect(refused(await credit('10T00:00', '10T12:00', 720))).toBe('claim-exceeded');
      expect((await credit('10T00:00', '10T12:00', 719)).state).toBe('completed');
      expect(refused(await credit('12T00:00', '12T12:00', 30))).toBe('claim-exceeded');
    },
    PATIENCE_MS,
  );

  it(
    'T2: of an order whose total nobody can read one claim is made, and a person compares, whatever policy allows',
    async (test) => {
      const order = crm.unknown;
      if (order === undefined) return test.skip('every order of this CRM has one');
      const first = await refund(order, { amount: 100, currency: 'EUR' });
      expect(first.state).toBe('awaiting_signoff');
      expect(first.signoff?.reasons.join(' ')).toContain('cannot be read from the record');
      await gateway.approve(`${gateway.origin}/console/signoffs/${first.signoff?.id}`);
      expect((await agents[0]?.client.waitForTurn(first.id, ({ state }) => state === 'completed'))?.state).toBe(
        'completed',
      );
      expect(refused(await refund(order, { amount: 1, currency: 'EUR' }, 1))).toBe('already-claimed');
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

describe('who approves a claim', () => {
  let gateway: TestGateway;
  let agent: TestAgent;
  let hook: Awaited<ReturnType<typeof listen>>;

  beforeAll(async () => {
    hook = await listen();
    const allow = [{ name: 'the first one', when: 'claimed.operations == 0 && claimed.amount == 0' }];
    gateway = await startTestGateway({
      config: {
        signoff: { rules: [], allow },
        webhooks: [{ name: 'desk', url: hook.url }],
        allow_private_network: true,
      },
      environment: { PARLEY_WEBHOOK_SECRET_DESK: `whsec_${randomBytes(24).toString('base64')}` },
    });
    agent = await gateway.newAgent();
    await gateway.crm.edit('orders', 'O-1002', {
      status: 'delivered',
      total: { amount: 7_300, currency: 'EUR' },
      refunded: { amount: 0, currency: 'EUR' },
    });
  }, PATIENCE_MS);
  afterAll(async () => {
    await gateway.stop();
    await hook.stop();
  });

  it(
    'T2: sees what was claimed of the same before: on the page, in the notice and in the rules',
    async () => {
      const refund = async (amount: number) => {
        const mandate = await gateway.mandateFor(agent, { actions: ACTIONS, accounts: ['A-1001'] });
        const input = { order: 'O-1002', want: 'refund', reason: 'Broken', amount: { amount, currency: 'EUR' } };
        const opened = await agent.client.submit('refund.request', input, mandate);
        return agent.client.waitForTurn(opened.id, ({ state }) => ENDS.includes(state));
      };
      const first = await refund(5_000);
      expect(first.state).toBe('completed');
      const second = await refund(2_300);
      expect(second.state).toBe('awaiting_signoff');
      const page = await pageOf(gateway, second.signoff?.id ?? '');
      expect(page).toContain('Claimed before');
      expect(page).toContain('23.00 EUR is asked now, of 73.00 EUR in all');
      expect(page).toContain(`/console/operations/${first.id}`);
      expect(page).toMatch(/50\.00 EUR<\/td><td>granted/);
      await expect.poll(() => hook.told('signoff.requested')).toHaveLength(1);
      expect(hook.told('signoff.requested')[0]).toMatchObject({
        operation: second.id,
        claimed_before: [
          {
            of: 'order/O-1002',
            operation: first.id,
            state: 'completed',
            amount: { amount: 5_000, currency: 'EUR' },
          },
        ],
      });
    },
    PATIENCE_MS,
  );
});

describe('a claim that is negotiated', () => {
  let gateway: TestGateway;
  let agents: readonly TestAgent[];

  beforeAll(async () => {
    const policy = {
      main: { issue: '/amount', percent_of: '/total', open: 60, concede_to: 60, limit: 60, never: 60 },
      issues: { '/form': { allow: ['refund'] }, '/return_shipping': { allow: ['company'] } },
    };
    gateway = await startTestGateway({
      config: { negotiation: { 'refund.request': policy }, signoff: { rules: [], allow: ALLOW } },
    });
    agents = [await gateway.newAgent(), await gateway.newAgent()];
    await gateway.crm.edit('orders', 'O-1002', {
      status: 'delivered',
      total: { amount: 10_000, currency: 'EUR' },
      refunded: { amount: 0, currency: 'EUR' },
    });
  }, PATIENCE_MS);
  afterAll(() => gateway.stop());

  it(
    'T2: is held from its acceptance on: of two talks about one order the second agrees on no more than is left',
    async () => {
      const talks = await Promise.all(
        agents.map(async ({ client }, by) => {
          const agent = agents[by];
          if (agent === undefined) throw new Error('no agent');
          const mandate = await gateway.mandateFor(agent, { actions: ACTIONS, accounts: ['A-1001'] });
          const input = { order: 'O-1002', want: 'refund', reason: 'x', amount: { amount: 6_000, currency: 'EUR' } };
          const opened = await client.submit('refund.request', input, mandate);
          const view = await client.waitForTurn(opened.id);
          const offer = view.offers?.findLast(({ by: who }) => who !== 'agent');
          if (offer === undefined) throw new Error(`no offer: ${JSON.stringify(view)}`);
          return { client, view, offer };
        }),
      );
      expect(talks.map(({ offer }) => offer.terms['amount'])).toEqual(
        Array(2).fill({ amount: 6_000, currency: 'EUR' }),
      );
      const accepted = await Promise.allSettled(talks.map(({ client, view, offer }) => client.accept(view, offer)));
      const [lost] = accepted.filter(({ status }) => status === 'rejected');
      expect(accepted.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect((lost as PromiseRejectedResult).reason).toMatchObject({
        type: expect.stringMatching(/already-claimed|claim-exceeded/),
      });
      const won = talks[accepted.findIndex(({ status }) => status === 'fulfilled')];
      const done = await won?.client.waitForTurn(won.view.id, ({ state }) => ENDS.includes(state));
      expect(done?.state).toBe('completed');
    },
    PATIENCE_MS,
  );
});

/** What a webhook is sent. */
async function listen() {
  const bodies: { readonly type: string; readonly data: JsonObject }[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      bodies.push(JSON.parse(text));
      response.end();
    });
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${port}/`,
    told: (type: string) => bodies.filter((each) => each.type === type).map(({ data }) => data),
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
}

async function pageOf({ origin }: TestGateway, signoff: string): Promise<string> {
  const signedIn = await fetch(`${origin}/console/sign-in`, {
    method: 'POST',
    redirect: 'manual',
    headers: { origin, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ ...APPROVER, next: '/console/' }).toString(),
  });
  const cookie = signedIn.headers.get('set-cookie')?.split(';', 1)[0] ?? '';
  return (await fetch(`${origin}/console/signoffs/${signoff}`, { headers: { cookie } })).text();
}

it.each(EVERY)(
  'T2: without an amount all of an order is asked for, also where the CRM does not say what was refunded (%s)',
  async (_name, open) => {
    const directory = mkdtempSync(join(tmpdir(), 'parley-claims-'));
    const crm = await open(join(directory, 'crm.db'));
    const config = { crm: crm.config, signoff: { rules: [], allow: ALLOW }, allow_private_network: true };
    const gateway = await startTestGateway({ account: crm.account(0), config, environment: crm.secrets });
    try {
      const agent = await gateway.newAgent();
      const mandate = await gateway.mandateFor(agent, { actions: ACTIONS, accounts: [crm.account(0)] });
      const input = { order: crm.orders[0] ?? '', want: 'refund', reason: 'It arrived broken.' };
      const states = [];
      for (let times = 0; times < 2; times += 1) {
        const { id } = await agent.client.submit('refund.request', input, mandate);
        states.push((await agent.client.waitForTurn(id, ({ state }) => ENDS.includes(state))).state);
      }
      expect(states).toEqual(['completed', 'rejected']);
    } finally {
      await gateway.stop();
      await crm.stop();
      rmSync(directory, { recursive: true, force: true });
    }
  },
  PATIENCE_MS,
);
