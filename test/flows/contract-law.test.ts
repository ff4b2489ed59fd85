/** A contract's own law over HTTP: what the CRM says of it, and what the company says where the CRM says nothing. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { OperationView } from '../../protocol/operation.ts';
import { day } from '../support/days.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';

const CONTRACT = 'K-1001';
const RUNNING = {
  ...{ status: 'active', start_date: day(-100), end_date: day(265), term_months: 12, seats: 10, auto_renew: false },
  ...{ unit_price: { amount: 4_900, currency: 'EUR' }, notice_days: 30, cancels_on: null, minimum_until: null },
  ...{ next_start_date: null, next_end_date: null, planned_from: null, switching_to: null, switched_by: null },
};

let gateway: TestGateway;
let agent: TestAgent;

beforeAll(async () => {
  gateway = await startTestGateway({
    config: {
      signoff: { rules: [], allow: [{ name: 'all', when: 'true' }] },
      record_defaults: { contract: { notice_to: 'term', early_exit_months: 3 } },
      time_zone: 'Europe/Berlin',
    },
  });
  agent = await gateway.newAgent();
}, 30_000);
afterAll(() => gateway?.stop());

async function asked(action: string, input: JsonObject, limits: JsonObject = {}): Promise<OperationView> {
  const constraints = { actions: [action], accounts: ['A-1001'], ...limits };
  const mandate = await gateway.mandateFor(agent, constraints as never);
  const { id } = await agent.client.submit(action, { contract: CONTRACT, ...input }, mandate);
  return agent.client.waitForTurn(id);
}

const ENDS = ['completed', 'rejected', 'awaiting_signoff', 'handed_off', 'scheduled'];
/** The first offer of the company is taken. */
async function renewed(input: JsonObject = {}): Promise<OperationView> {
  const view = await asked('contract.renew', input);
  const offer = view.offers?.find(({ id }) => view.open_offers?.includes(id));
  if (view.state !== 'negotiating' || offer === undefined) return view;
  await agent.client.accept(view, offer);
  return agent.client.waitForTurn(view.id, ({ state }) => ENDS.includes(state));
}

describe('T8: a notice', () => {
  it('takes effect when the company’s law lets it, for nothing, where the contract says nothing else', async () => {
    await gateway.crm.edit('contracts', CONTRACT, RUNNING);
    const done = await asked('contract.cancel', { when: 'now' });
    expect(done).toMatchObject({ state: 'completed', output: { ends_on: RUNNING.end_date, fees: [] } });
    expect(await gateway.crm.record('contracts', CONTRACT)).toMatchObject({ cancels_on: RUNNING.end_date });
  });

  it('takes effect early for the fee of the contract’s law, where the customer says so', async () => {
    await gateway.crm.edit('contracts', CONTRACT, { ...RUNNING, minimum_until: day(200) });
    const fees = [{ amount: 3 * 10 * 4_900, currency: 'EUR' }];
    const done = await asked('contract.cancel', { when: 'now', early_exit: true });
    expect(done).toMatchObject({ state: 'completed', output: { fees } });
    expect(String(done.output?.['ends_on']) <= day(32)).toBe(true);
  });

  it('T3: costs no less for what was agreed on since the term began', async () => {
    const fees = [{ amount: 3 * 10 * 4_900, currency: 'EUR' }];
    await gateway.crm.edit('contracts', CONTRACT, { ...RUNNING, minimum_until: day(200) });
    expect(await asked('contract.amend', { seats: 1 })).toMatchObject({ state: 'completed' });
    const limits = { max_total: { amount: 3 * 10 * 4_900 - 1, currency: 'EUR' } };
    expect(await asked('contract.cancel', { when: 'now', early_exit: true }, limits)).toMatchObject({
      state: 'rejected',
    });
    const done = await asked('contract.cancel', { when: 'now', early_exit: true });
    expect(done).toMatchObject({ state: 'completed', output: { fees } });
  });

  it('is not carried out for a fee beyond the mandate, and is for none', async () => {
    const limits = { max_total: { amount: 100, currency: 'EUR' } };
    await gateway.crm.edit('contracts', CONTRACT, RUNNING);
    const dear = await asked('contract.cancel', { when: 'now', early_exit: true }, limits);
    expect(dear).toMatchObject({ state: 'rejected', problem: { type: expect.stringContaining('mandate-exceeded') } });
    expect(await asked('contract.cancel', { when: 'now' }, limits)).toMatchObject({ state: 'completed' });
  });

  it('T6: is carried out whatever of the record cannot be read that it does not need', async () => {
    await gateway.crm.edit('contracts', CONTRACT, { ...RUNNING, end_date: null, plan: undefined });
    const done = await asked('contract.cancel', { when: 'now' });
    expect(done).toMatchObject({ state: 'completed', output: { fees: [] } });
  });
});

describe('a renewal that is agreed on early', () => {
  it('T11: opens no cooling-off days of the running term', async () => {
    await gateway.crm.edit('contracts', CONTRACT, { ...RUNNING, concluded_on: RUNNING.start_date });
    expect(await renewed()).toMatchObject({ state: 'completed' });
    const record = await gateway.crm.record('contracts', CONTRACT);
    expect(record).toMatchObject({ concluded_on: RUNNING.start_date, next_start_date: day(266) });
    const done = await asked('contract.cancel', { when: 'now' });
    expect(done).toMatchObject({ state: 'completed', output: { ends_on: record['next_end_date'], fees: [] } });
  });

  it('T1: goes by what is planned to change before it begins, and not at all by what changes after', async () => {
    const planned = { planned_seats: 20, planned_unit_price: { amount: 6_000, currency: 'EUR' } };
    await gateway.crm.edit('contracts', CONTRACT, { ...RUNNING, planned_from: day(30), ...planned });
    const view = await asked('contract.renew', {});
    const prices = view.offers?.map(({ terms }) => terms['unit_price']);
    expect(prices).not.toEqual([]);
    for (const price of prices ?? []) expect(price).toMatchObject({ amount: expect.toSatisfy((it) => it > 5_400) });
    expect(view.offers?.[0]?.terms).toMatchObject({ seats: 20 });
    // What would change the next term is a person's to settle.
    await gateway.crm.edit('contracts', CONTRACT, { ...RUNNING, ...planned, planned_from: day(300) });
    expect(await renewed()).toMatchObject({ state: 'handed_off' });
    const gone = { planned_from: null, planned_seats: null, planned_unit_price: null };
    await gateway.crm.edit('contracts', CONTRACT, { ...RUNNING, ...gone });
  });

  it('T5: takes back a notice that was given here, and none that somebody else wrote', async () => {
    await gateway.crm.edit('contracts', CONTRACT, { ...RUNNING, cancels_on: day(200) });
    const refused = await asked('contract.renew', { withdraw_notice: true });
    expect(refused).toMatchObject({
      ...{ state: 'rejected', problem: { detail: expect.stringContaining('was not given here') } },
    });
    await gateway.crm.edit('contracts', CONTRACT, RUNNING);
    expect(await asked('contract.cancel', { when: 'now' })).toMatchObject({ state: 'completed' });
    expect(await renewed({ withdraw_notice: true })).toMatchObject({ state: 'completed' });
    expect(await gateway.crm.record('contracts', CONTRACT)).toMatchObject({ cancels_on: null });
  });
});

describe('a binding offer', () => {
  it('T5: that the customer’s own notice overtook after its acceptance calls nobody', async () => {
    await gateway.crm.edit('contracts', CONTRACT, RUNNING);
    const view = await asked('contract.renew', {});
    const offer = view.offers?.find(({ id }) => view.open_offers?.includes(id)) ?? expect.fail('no offer');
    const accepted = agent.client.accept(view, offer);
    const noticed = asked('contract.cancel', { when: 'period_end' });
    await Promise.allSettled([accepted, noticed]);
    const ended = await agent.client.waitForTurn(view.id, ({ state }) => ENDS.includes(state));
    expect(['completed', 'rejected']).toContain(ended.state);
  });
});

describe('what is not allowed', () => {
  it('is told in the author’s words', async () => {
    await gateway.crm.edit('contracts', CONTRACT, { ...RUNNING, status: 'cancelled' });
    const refused = await asked('contract.renew', {});
    expect(refused.problem).toMatchObject({
      detail: 'The contract has been cancelled: ask for a quote or a human.',
    });
  });
});
