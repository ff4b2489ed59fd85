/** What is remembered of a talk is about what was talked about: another thing, another claim or another amount is another matter. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Offer, OperationView } from '../../protocol/operation.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';

const eur = (amount: number) => ({ amount, currency: 'EUR' });
const MAIN = { issue: '/unit_price', percent_of: '/unit_price', open: 100, concede_to: 91, limit: 90 };
const QUOTE = {
  main: MAIN,
  issues: { '/quantity': { range: [1, 1_000] }, '/deliver_on': { range: [0, 60] } },
  alternatives: 1,
};
const AMOUNT = { main: { issue: '/amount', percent_of: '/amount', open: 60, concede_to: 95, limit: 100 } };
const RENEW = {
  main: MAIN,
  issues: { '/seats': { range: [5, 500] } },
  alternatives: 1,
  segments: [{ name: 'large', when: 'record.seats >= 200', main: { ...MAIN, concede_to: 76, limit: 75 } }],
};
const CONTRACT = {
  status: 'active',
  unit_price: eur(4_900),
  seats: 25,
  term_months: 12,
  start_date: '2026-01-01',
  end_date: '2026-12-31',
  notice_days: 60,
  auto_renew: false,
  payment_terms_days: 30,
};
const ACCOUNTS = ['A-1001', 'A-1002', 'A-1003'];
const ACTIONS = ['quote.request', 'sla.credit', 'refund.request', 'contract.renew', 'contract.amend'];

const ENDS = new Set<string>(['completed', 'rejected', 'failed', 'needs_human', 'handed_off', 'awaiting_signoff']);

let gateway: TestGateway;
let one: TestAgent;
let other: TestAgent;

beforeAll(async () => {
  gateway = await startTestGateway({
    others: ACCOUNTS.slice(1),
    config: {
      negotiation: {
        'quote.request': QUOTE,
        'sla.credit': { ...AMOUNT, alternatives: 1 },
        'refund.request': { ...AMOUNT, issues: { '/form': { allow: ['refund', 'credit'] } }, alternatives: 1 },
        'contract.renew': RENEW,
      },
      signoff: { rules: [], allow: [{ name: 'all', when: 'true' }] },
    },
  });
  [one, other] = [await gateway.newAgent(), await gateway.newAgent()];
}, 60_000);
afterAll(() => gateway.stop());

async function ask(who: TestAgent, action: string, input: object): Promise<OperationView> {
  const mandate = await gateway.mandateFor(who, { actions: ACTIONS, accounts: ACCOUNTS });
  const { id } = await who.client.submit(action, input as never, mandate);
  return who.client.waitForTurn(
    id,
    ({ state, turn }) => ENDS.has(state) || (state === 'negotiating' && turn === 'agent'),
  );
}

const open = ({ offers = [], open_offers: ids = [] }: OperationView): readonly Offer[] =>
  offers.filter(({ id }) => ids.includes(id));
const termsOf = (view: OperationView) => open(view).map(({ terms }) => terms);

/** Asks for this until it is the last round, and leaves. */
async function exhaust(action: string, input: object, terms: object): Promise<OperationView> {
  let view = await ask(one, action, { ...input, proposal: terms });
  while (view.state === 'negotiating' && (view.rounds_left ?? 0) > 0)
    view = await one.client.counter(view.id, terms as never);
  if (view.state === 'negotiating') await one.client.withdraw(view.id);
  return view;
}

describe('what is remembered of a talk', () => {
  it('T3: about one product says nothing about another, nor about another number of it', async () => {
    const asked = { account: 'A-1001', product: 'P-1001', quantity: 500 };
    const first = await ask(one, 'quote.request', { ...asked, proposal: { unit_price: eur(20_400) } });
    await one.client.withdraw(first.id);
    const another = await ask(other, 'quote.request', { account: 'A-1001', product: 'P-1003', quantity: 3 });
    expect(termsOf(another)).toMatchObject([{ quantity: 3, unit_price: eur(10_400) }]);
    expect(another.rounds_left).toBe(5);
    await other.client.withdraw(another.id);
    const fewer = await ask(other, 'quote.request', { ...asked, quantity: 3 });
    expect(termsOf(fewer)).toMatchObject([{ quantity: 3 }]);
    await other.client.withdraw(fewer.id);
  });

  it('T3: about one outage says nothing about another, larger or smaller', async () => {
    await gateway.crm.edit('contracts', 'K-1001', CONTRACT);
    const outage = (day: string, minutes_down: number) => ({
      contract: 'K-1001',
      incident: { from: `2026-10-${day}T00:00:00Z`, to: `2026-10-${day}T23:00:00Z`, minutes_down },
    });
    await exhaust('sla.credit', outage('05', 30), { amount: eur(40_000) });
    const large = await ask(other, 'sla.credit', outage('06', 720));
    expect(large.rounds_left).toBeGreaterThan(0);
    expect(termsOf(large)).toMatchObject([{ amount: eur(36_750) }]);
    await exhaust('sla.credit', outage('07', 720), { amount: eur(61_250) });
    const small = await ask(other, 'sla.credit', outage('08', 30));
    expect(termsOf(small)).toMatchObject([{ amount: eur(7_350) }]);
  });

  it('T3: about a part of an order’s money is no offer for all of it', async () => {
    await gateway.crm.edit('orders', 'O-1002', { status: 'delivered', total: eur(10_000), refunded: eur(0) });
    const refund = { order: 'O-1002', want: 'refund', reason: 'broken' };
    await exhaust('refund.request', { ...refund, amount: eur(500) }, { amount: eur(10_000) });
    const whole = await ask(other, 'refund.request', refund);
    expect(termsOf(whole)).toMatchObject([{ amount: eur(9_500) }]);
    await other.client.withdraw(whole.id);
  });
});

describe('the segment of a customer', () => {
  it('T3: is the one before their own requests moved the record', async () => {
    await gateway.crm.edit('contracts', 'K-1002', CONTRACT);
    expect((await ask(one, 'contract.amend', { contract: 'K-1002', seats: 200 })).state).toBe('completed');
    const view = await exhaust('contract.renew', { contract: 'K-1002' }, { unit_price: eur(3_700), seats: 25 });
    const ours = (view.offers ?? []).filter(({ by }) => by !== 'agent');
    expect(ours).not.toEqual([]);
    for (const { terms } of ours)
      expect((terms['unit_price'] as { amount: number }).amount).toBeGreaterThanOrEqual(4_410);
  });

  it('T3: follows what the company itself makes of the record', async () => {
    await gateway.crm.edit('contracts', 'K-1003', { ...CONTRACT, seats: 200 });
    const view = await exhaust('contract.renew', { contract: 'K-1003' }, { unit_price: eur(3_700), seats: 200 });
    const ours = (view.offers ?? []).filter(({ by }) => by !== 'agent');
    const prices = ours.map(({ terms }) => (terms['unit_price'] as { amount: number }).amount);
    expect(Math.min(...prices)).toBeLessThan(4_410);
  });
});
