/** What holds for every action alike: whose records, whose consent, whose leave. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { OperationView } from '../../protocol/operation.ts';
import { readDefinitions } from '../../src/actions/files.ts';
import { presentMandate } from '../../src/client/index.ts';
import { type Driver, nativeDriver } from '../support/drivers.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';
import { SCENARIOS } from '../support/scenarios.ts';

const OWN = join(import.meta.dirname, '../../examples/actions');
const RESTING = ['completed', 'rejected', 'failed', 'awaiting_signoff', 'negotiating'];

let gateway: TestGateway;
let agent: TestAgent;
let driver: Driver;
beforeAll(async () => {
  gateway = await startTestGateway({
    faults: true,
    others: ['A-1002'],
    config: { actions_dir: OWN, signoff: { rules: [] } },
  });
  agent = await gateway.newAgent();
  driver = await nativeDriver(gateway.origin, agent.key);
}, 60_000);
afterAll(() => gateway.stop());

interface Asked {
  readonly actions?: readonly string[];
  readonly issuedAgoSeconds?: number;
  readonly accounts?: readonly string[];
}

async function ask(
  action: string,
  input: JsonObject,
  { actions = [action], issuedAgoSeconds = 0, accounts = ['A-1001'] }: Asked = {},
) {
  const key = randomUUID();
  const now = new Date(Date.now() - issuedAgoSeconds * 1_000);
  const held = await gateway.mandateFor(agent, { actions, accounts }, now);
  const mandate = await presentMandate(held, {
    key: agent.key,
    audience: gateway.origin,
    nonce: key,
    now: new Date(),
  });
  let view: OperationView = await driver.submit(key, action, { mandate, input });
  for (let tries = 0; tries < 200 && !RESTING.includes(view.state); tries += 1) {
    await sleep(50);
    view = await driver.read(view.id);
  }
  return view;
}

const definitions = new Map(readDefinitions().definitions.map((each) => [each.name, each]));

/** The input with every record that is a subject replaced by another. */
function about(action: string, input: JsonObject, id: (type: string) => string): JsonObject {
  const subjects = Object.values(definitions.get(action)?.subjects ?? {}).filter(({ shared }) => shared !== true);
  const changed = subjects.flatMap(({ type, id: expression }) => {
    const name = /input\.\??([a-z_]+)(?:\)|$)/.exec(expression)?.[1];
    const isNamed =
      name !== undefined && input[name] !== undefined && (action !== 'record.read' || type === 'contract');
    return isNamed ? [[name, id(type)] as const] : [];
  });
  return { ...input, ...Object.fromEntries(changed) };
}

const OWN_IDS: Readonly<Record<string, string>> = { account: 'A-1001', contact: 'C-1001' };
const FOREIGN: Readonly<Record<string, string>> = {
  account: 'A-1002',
  contact: 'C-1002',
  contract: 'K-1002',
  order: 'O-1005',
  invoice: 'I-1005',
};

describe('a record that is not the principal’s', () => {
  const named = SCENARIOS.filter(({ action }) => !['human.handoff', 'order.place'].includes(action));
  it.each(named.map(({ action, input }) => [action, input] as const))(
    '%s: is answered as one that does not exist, and nothing is written',
    async (action, input) => {
      const before = await gateway.crm.ledger();
      const given = input(0, {});
      const foreign = await ask(
        action,
        about(action, given, (type) => FOREIGN[type] ?? 'X-1'),
      );
      const missing = await ask(
        action,
        about(action, given, () => 'X-999999'),
      );
      for (const view of [foreign, missing]) {
        expect(view.state).toBe('rejected');
        expect(view.problem).toMatchObject({ type: 'urn:parley:problem:not-found' });
      }
      expect(foreign.problem).toEqual(missing.problem);
      expect(await gateway.crm.ledger()).toEqual(before);
    },
    30_000,
  );
});

describe('T18: records of two accounts in one request, under a mandate for both', () => {
  const isOwn = ({ shared }: { readonly shared?: boolean }) => shared !== true;
  const several = [...definitions.values()].flatMap(({ name, kind, subjects, examples }) => {
    const named = Object.values(subjects).filter(isOwn);
    const scene = SCENARIOS.find(({ action }) => action === name);
    const given = scene?.input(0, {}) ?? (examples.valid[0]?.['input'] as JsonObject);
    // A read is of one record, whichever kind.
    if (named.length < 2 || kind === 'read') return [];
    return named.map(({ type }) => [name, type, given] as const);
  });

  it('are what some actions name', () => {
    expect(new Set(several.map(([name]) => name))).toEqual(new Set(['contact.update', 'data.rights', 'data.validate']));
  });

  it.each(several)(
    '%s: another’s %s is refused beside one’s own, and nothing is written',
    async (action, type, input) => {
      const before = await gateway.crm.ledger();
      const both = { account: 'A-1001', ...input };
      const mixed = about(action, both, (each) => (each === type ? FOREIGN[type] : OWN_IDS[each]) ?? 'X-1');
      const view = await ask(action, mixed, { accounts: ['A-1001', 'A-1002'] });
      expect([view.state, String(view.problem?.['type'])]).toEqual([
        'rejected',
        expect.stringMatching(/record-unusable|not-found/),
      ]);
      expect(String(view.problem?.['detail'])).toMatch(/account/);
      expect(await gateway.crm.ledger()).toEqual(before);
    },
    30_000,
  );
});

describe('the principal’s fresh consent', () => {
  const graver = [...definitions.values()].filter(({ step_up }) => step_up === 'customer').map(({ name }) => name);
  const inputOf = (name: string) => definitions.get(name)?.examples.valid[0]?.['input'] as JsonObject;

  it('is asked for by what cannot be taken back', () => {
    expect(graver).toEqual(['contract.cancel', 'data.rights', 'order.place', 'provider.switch']);
  });

  it.each(graver)('%s: a mandate for more, or an old one, is not it', async (name) => {
    const refused = { code: 'consent-required' };
    await expect(ask(name, inputOf(name), { actions: [name, 'record.read'] })).rejects.toMatchObject(refused);
    await expect(ask(name, inputOf(name), { issuedAgoSeconds: 601 })).rejects.toMatchObject(refused);
  });

  it('is asked for where a change of contact data could take an account over, and only there', async () => {
    const change = (path: string) => ({ contact: 'C-1001', changes: [{ path, value: 'new@nordwind.example' }] });
    const both = { actions: ['contact.update', 'record.read'] };
    await expect(ask('contact.update', change('contact.email'), both)).rejects.toMatchObject({
      code: 'consent-required',
    });
    expect((await ask('contact.update', change('contact.job_title'), both)).state).toBe('completed');
    const consented = await ask('contact.update', change('contact.email'));
    expect(consented.state).toBe('awaiting_signoff');
  });
});

describe('a person at the company', () => {
  it.each(['refund.request', 'contract.amend', 'payment.arrange', 'sla.credit'])(
    '%s: decides where no rule of the company allows it without one',
    async (name) => {
      const scenario = SCENARIOS.find(({ action }) => action === name);
      await scenario?.prepare?.(gateway.crm, 0, ask);
      const view = await ask(name, scenario?.input(0, {}) ?? {});
      expect(view.problem).toBeUndefined();
      expect(view.state).toBe('awaiting_signoff');
    },
  );

  it.each(['contract.cancel', 'data.rights', 'provider.switch'])('%s: cannot stand in its way', async (name) => {
    const scenario = SCENARIOS.find(({ action }) => action === name);
    await scenario?.prepare?.(gateway.crm, 0, ask);
    expect((await ask(name, scenario?.input(0, {}) ?? {})).state).toBe('completed');
  });
});

describe('money', () => {
  it('is refunded once: what is left is all there is', async () => {
    await gateway.crm.edit('orders', 'O-1002', {
      status: 'delivered',
      total: { amount: 10_000, currency: 'EUR' },
      refunded: { amount: 8_000, currency: 'EUR' },
    });
    const wanted = (amount: number, currency = 'EUR') =>
      ask('refund.request', { order: 'O-1002', want: 'refund', reason: 'x', amount: { amount, currency } });
    expect((await wanted(2_001)).problem).toMatchObject({ type: 'urn:parley:problem:claim-exceeded' });
    expect((await wanted(0)).problem).toMatchObject({ detail: 'There is no amount to refund.' });
    expect((await wanted(100, 'USD')).problem).toMatchObject({ type: 'urn:parley:problem:claim-exceeded' });
    expect((await wanted(2_000)).state).toBe('awaiting_signoff');
  });

  it('that is committed stays within the mandate', async () => {
    const { output } = await ask('quote.request', { account: 'A-1001', product: 'P-1001', quantity: 2 });
    const total = output?.['total'] as { amount: number; currency: string };
    const key = randomUUID();
    const held = await gateway.mandateFor(agent, {
      actions: ['order.place'],
      accounts: ['A-1001'],
      max_total: { amount: total.amount - 1, currency: total.currency },
    });
    const mandate = await presentMandate(held, {
      key: agent.key,
      audience: gateway.origin,
      nonce: key,
      now: new Date(),
    });
    let view = await driver.submit(key, 'order.place', { mandate, input: { quote: output?.['quote'] ?? null } });
    for (let tries = 0; tries < 100 && view.state === 'received'; tries += 1) {
      await sleep(50);
      view = await driver.read(view.id);
    }
    expect(view.problem).toMatchObject({ type: 'urn:parley:problem:mandate-exceeded' });
  });
});

describe('the figures of a claim', () => {
  const credit = (from: string, to: string, minutes: number) =>
    ask('sla.credit', { contract: 'K-1001', incident: { from, to, minutes_down: minutes } });
  const refunded = (more: JsonObject) =>
    ask('refund.request', { order: 'O-1004', want: 'refund', reason: 'x', ...more });
  const soon = (seconds: number) => `${new Date(Date.now() + seconds * 1_000).toISOString().slice(0, 19)}Z`;

  beforeAll(async () => {
    await gateway.crm.edit('contracts', 'K-1001', {
      status: 'active',
      start_date: '2026-01-01',
      end_date: '2026-10-31',
      auto_renew: false,
      cancels_on: null,
      seats: 25,
      unit_price: { amount: 4_900, currency: 'EUR' },
    });
    await gateway.crm.edit('orders', 'O-1004', {
      status: 'delivered',
      product: 'P-1001',
      quantity: 3,
      unit_price: { amount: 1_000, currency: 'EUR' },
      total: { amount: 3_000, currency: 'EUR' },
      refunded: { amount: 0, currency: 'EUR' },
    });
  });

  it.each([
    ['one second told as twelve hours', '2026-10-05T08:00:00Z', '2026-10-05T08:00:01Z', 720, 'fewer minutes'],
    ['a minute more than there was', '2026-10-05T08:00:00Z', '2026-10-05T09:00:59Z', 61, 'fewer minutes'],
    ['an end before its start', '2026-10-05T09:00:00Z', '2026-10-05T08:00:00Z', 30, 'ends after it begins'],
    ['an outage before the contract', '2025-12-31T08:00:00Z', '2025-12-31T09:00:00Z', 60, 'present term'],
    ['an outage after the contract', '2026-11-01T08:00:00Z', '2026-11-01T09:00:00Z', 60, 'after the contract'],
    ['an outage across its end', '2026-10-31T23:00:00Z', '2026-11-01T01:00:00Z', 60, 'after the contract'],
    ['too short an outage', '2026-10-05T08:00:00Z', '2026-10-05T09:00:00Z', 29, 'too short'],
  ])('T9: are held against each other and against the record: %s', async (_name, from, to, minutes, words) => {
    expect((await credit(from, to, minutes)).problem?.['detail']).toContain(words);
  });

  it('T9: are held against the clock: an outage that is not over is none yet', async () => {
    await gateway.crm.edit('contracts', 'K-1001', { end_date: '2099-12-31' });
    expect((await credit(soon(-7_200), soon(3_600), 60)).problem?.['detail']).toContain('not over yet');
    expect((await credit(soon(-7_200), soon(-2), 60)).problem).toBeUndefined();
    await gateway.crm.edit('contracts', 'K-1001', { end_date: '2026-10-31' });
  });

  it.each(['2026-10-32T08:00:00Z', '2026-02-29T08:00:00Z', '2026-10-05T24:00:00Z', '2026-13-05T08:00:00Z'])(
    'T9: are of real days and hours, which %s is not',
    async (from) => {
      await expect(credit(from, '2026-12-05T09:00:00Z', 30)).rejects.toMatchObject({ code: 'schema-violation' });
    },
  );

  it('T2, T9: of an order are held against its lines, and no piece is refunded twice', async () => {
    const of = (quantity: number, amount: number, line = 'P-1001') =>
      refunded({ lines: [{ line, quantity }], amount: { amount, currency: 'EUR' } });
    expect((await of(1, 1_001)).problem?.['detail']).toContain('more than the lines cost');
    expect((await of(4, 3_000)).problem?.['detail']).toBe('Of order/O-1004/line/P-1001, 3 of 3 is left.');
    expect((await of(1, 1_000, 'P-9')).problem?.['detail']).toBe('Of order/O-1004/line/P-9, 0 of 0 is left.');
    expect((await of(2, 1_500)).state).toBe('awaiting_signoff');
    expect((await of(2, 1_500)).problem?.['detail']).toBe('Of order/O-1004/line/P-1001, 1 of 3 is left.');
    expect((await of(1, 1_000)).state).toBe('awaiting_signoff');
  });
});

describe('an action of the company’s own, from a folder', () => {
  it('is offered and carried out like any other', async () => {
    await gateway.crm.edit('accounts', 'A-1001', { loyalty_points: 900 });
    const done = await ask('loyalty.redeem', { account: 'A-1001', points: 500 });
    expect(done.output).toMatchObject({ account: 'A-1001', points_left: 400 });
    expect((await ask('loyalty.redeem', { account: 'A-1001', points: 500 })).problem).toMatchObject({
      detail: 'There are not enough points.',
    });
    const profile = (await (await fetch(`${gateway.origin}/.well-known/parley`)).json()) as JsonObject;
    expect(JSON.stringify(profile['actions'])).toContain('loyalty.redeem');
  });
});
