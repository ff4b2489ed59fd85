/** Limits have a memory: what one operation may not do, many may not do together. Over HTTP, with a real CRM. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Offer, OperationView } from '../../protocol/operation.ts';
import { TERM } from '../support/days.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';
import { decideAs } from '../support/person.ts';

const eur = (amount: number) => ({ amount, currency: 'EUR' });
const MARIA = { id: 'maria', password: 'correct horse battery' };
const PRICE = 4_900;
const CONTRACT = {
  status: 'active',
  unit_price: eur(PRICE),
  seats: 25,
  term_months: 12,
  start_date: TERM.start,
  end_date: TERM.end,
  notice_days: 60,
  auto_renew: false,
  payment_terms_days: 30,
};
const ACCOUNTS = Array.from({ length: 20 }, (_, index) => `A-${1_001 + index}`);
const POLICY = {
  main: { issue: '/unit_price', percent_of: '/unit_price', open: 100, concede_to: 91, limit: 90 },
  issues: { '/term_months': { range: [12, 36] }, '/seats': { range: [5, 500] } },
  alternatives: 2,
};
const RULES = [
  {
    name: 'discount',
    when: 'action == "contract.renew" && change.price_change_percent < -3.0',
    role: 'approver',
    reason: 'The price falls by more than 3 %.',
  },
  {
    name: 'often',
    over: { window: '6 months', per: 'record' },
    when: 'renewals_in_window > 4',
    role: 'approver',
    reason: 'The fifth renewal in half a year.',
  },
  {
    name: 'much',
    over: { window: '12 months', per: 'agent' },
    when: 'granted_in_period > 200000',
    role: 'approver',
    reason: 'More than 2,000 is given to this agent’s customers.',
  },
];

let gateway: TestGateway;
let agent: TestAgent;
let made = 0;

beforeAll(async () => {
  gateway = await startTestGateway({
    others: ACCOUNTS.slice(1),
    config: { negotiation: { 'contract.renew': POLICY }, signoff: { rules: RULES } },
  });
  agent = await gateway.newAgent();
}, 60_000);
afterAll(() => gateway.stop());

async function fresh(): Promise<string> {
  made += 1;
  const id = `K-${1_000 + made}`;
  await gateway.crm.edit('contracts', id, CONTRACT);
  return id;
}

async function talk(contract: string, proposal?: object, who = agent): Promise<OperationView> {
  const input = { contract, ...(proposal === undefined ? {} : { proposal }) };
  const mandate = await gateway.mandateFor(who, { actions: ['contract.renew'], accounts: ACCOUNTS });
  const { id } = await who.client.submit('contract.renew', input as never, mandate);
  return who.client.waitForTurn(id);
}

const open = ({ offers = [], open_offers: ids = [] }: OperationView): readonly Offer[] =>
  offers.filter(({ id }) => ids.includes(id));
const priceOf = ({ terms }: Offer) => (terms['unit_price'] as { amount: number }).amount;
const cheapest = (view: OperationView) => open(view).toSorted((a, b) => priceOf(a) - priceOf(b))[0];
const priceNow = async (contract: string) =>
  ((await gateway.crm.record('contracts', contract))['unit_price'] as { amount: number }).amount;

/** The next term has begun: what was agreed for it is the contract now. */
async function begin(contract: string): Promise<void> {
  const record = await gateway.crm.record('contracts', contract);
  const next = Object.entries(record).filter(([name, value]) => name.startsWith('next_') && value !== null);
  const begun = next.map(([name, value]) => [name.slice('next_'.length), value]);
  const over = next.map(([name]) => [name, null]);
  if (next.length > 0) await gateway.crm.edit('contracts', contract, Object.fromEntries([...begun, ...over]));
}

/** Asks for this price until it is the last round, and takes the cheapest. */
async function haggle(contract: string, asked: number | object, who = agent): Promise<OperationView> {
  const terms = typeof asked === 'number' ? { unit_price: eur(asked) } : asked;
  let view = await talk(contract, terms, who);
  while (view.state === 'negotiating' && (view.rounds_left ?? 0) > 0)
    view = await who.client.counter(view.id, terms as never);
  return view;
}

async function take(view: OperationView, who = agent): Promise<OperationView> {
  const offer = cheapest(view);
  if (offer === undefined) throw new Error(`no open offer: ${JSON.stringify(view)}`);
  await who.client.accept(view, offer);
  return who.client.waitForTurn(view.id, ({ state }) => state === 'awaiting_signoff');
}

describe('repeated renewals of one contract', () => {
  it('T3: are measured from the price at the start of the window: a person is asked for the first that goes beyond', async () => {
    const contract = await fresh();
    let asked: OperationView | undefined;
    for (let turn = 0; turn < 6 && asked === undefined; turn += 1) {
      const view = await take(await haggle(contract, Math.ceil((await priceNow(contract)) * 0.98)));
      if (view.state === 'awaiting_signoff') asked = view;
      else expect(view.state).toBe('completed');
      await begin(contract);
    }
    expect(await priceNow(contract)).toBeGreaterThanOrEqual(PRICE * 0.97);
    expect(asked?.signoff?.reasons).toContain('The price falls by more than 3 %.');
    await agent.client.withdraw(asked?.id ?? '');
  });

  it('T3: never pass the floor that one of them has, whoever signs them off, by whatever key', async () => {
    const contract = await fresh();
    const other = await gateway.newAgent();
    for (let turn = 0; turn < 3; turn += 1) {
      const who = turn % 2 === 0 ? agent : other;
      const view = await haggle(contract, Math.ceil(PRICE * 0.85), who);
      for (const offer of view.offers ?? [])
        if (offer.by !== 'agent') expect(priceOf(offer)).toBeGreaterThanOrEqual(PRICE * 0.9);
      if (view.state !== 'negotiating') continue;
      const taken = await take(view, who);
      if (taken.state === 'awaiting_signoff')
        await decideAs(gateway.origin, MARIA, taken.signoff?.id ?? '', { decision: 'approved' });
      await who.client.waitForTurn(view.id);
      await begin(contract);
    }
    expect(await priceNow(contract)).toBeGreaterThanOrEqual(PRICE * 0.9);
    expect(await priceNow(contract)).toBeLessThan(PRICE);
  });

  it('T3: begin from what the company itself has made of the record', async () => {
    const contract = await fresh();
    await take(await haggle(contract, Math.ceil(PRICE * 0.98)));
    await begin(contract);
    await gateway.crm.edit('contracts', contract, { unit_price: eur(8_000) });
    const view = await haggle(contract, 5_000);
    for (const offer of view.offers ?? [])
      if (offer.by !== 'agent' && offer.terms['term_months'] !== undefined)
        expect(priceOf(offer)).toBeGreaterThanOrEqual(7_200);
    if (view.state === 'negotiating') await agent.client.withdraw(view.id);
  });

  it('T3: are counted over the window a rule names, and so is what was granted to an agent', async () => {
    const contract = await fresh();
    const mine = await gateway.newAgent();
    const states: string[] = [];
    for (let turn = 0; turn < 5; turn += 1) {
      const view = await take(await talk(contract, { unit_price: eur(PRICE), seats: 30 + turn }, mine), mine);
      states.push(view.state);
      if (view.state === 'awaiting_signoff') {
        expect(view.signoff?.reasons).toEqual(['The fifth renewal in half a year.']);
        await mine.client.withdraw(view.id);
      }
      await begin(contract);
    }
    expect(states).toEqual(['completed', 'completed', 'completed', 'completed', 'awaiting_signoff']);
    const asked: string[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      // 1.00 off for 25 seats and 36 months is 900.00.
      const view = await take(
        await haggle(await fresh(), { unit_price: eur(PRICE - 100), term_months: 36 }, mine),
        mine,
      );
      asked.push(view.state);
    }
    expect(asked).toEqual(['completed', 'completed', 'awaiting_signoff']);
  });
});

describe('a talk about a contract that was talked about', () => {
  const asked = eur(Math.ceil(PRICE * 0.85));

  it('T3: goes on where it stood: no fresh rounds and no fresh offers for who withdraws and asks again', async () => {
    const contract = await fresh();
    let view = await talk(contract, { unit_price: asked });
    view = await agent.client.counter(view.id, { unit_price: asked });
    expect(view.rounds_left).toBe(4);
    await agent.client.withdraw(view.id);
    const again = await talk(contract);
    expect(again.rounds_left).toBe(4);
    expect(open(again).map(({ terms }) => terms)).toEqual(open(view).map(({ terms }) => terms));
    await agent.client.withdraw(again.id);
    const next = await talk(contract, { unit_price: asked });
    expect(next.rounds_left).toBe(3);
    expect(Math.min(...open(next).map(priceOf))).toBeLessThan(Math.min(...open(view).map(priceOf)));
    await agent.client.withdraw(next.id);
  });

  it('T3: ends where one talk ends, by whatever key, side by side or after a handoff', async () => {
    const contract = await fresh();
    const [mine, other] = [await gateway.newAgent(), await gateway.newAgent()];
    const [a, b] = [
      await talk(contract, { unit_price: asked }, mine),
      await talk(contract, { unit_price: asked }, other),
    ];
    expect([a.rounds_left, b.rounds_left]).toEqual([5, 4]);
    const a2 = await mine.client.counter(a.id, { unit_price: asked });
    expect(a2.rounds_left).toBe(3);
    const b2 = await other.client.counter(b.id, { unit_price: asked, term_months: 36 });
    expect(b2.rounds_left).toBe(2);
    await mine.client.handoff(a.id, 'A person, please');
    await other.client.withdraw(b.id);
    let last = await talk(contract, { unit_price: eur(4_600) }, mine);
    while ((last.rounds_left ?? 0) > 0) last = await mine.client.counter(last.id, { unit_price: eur(4_500) });
    const final = open(last).map(({ terms }) => terms);
    await mine.client.withdraw(last.id);
    for (const [who, terms] of [
      [mine, { unit_price: eur(100), seats: 7 }],
      [other, { unit_price: eur(1_000), term_months: 36, seats: 500 }],
      [other, undefined],
    ] as const) {
      const more = await talk(contract, terms, who);
      expect(more.rounds_left).toBe(0);
      expect(open(more).map((each) => each.terms)).toEqual(final);
      await who.client.withdraw(more.id);
    }
    // To come to meet it is never refused, and nobody pays more than was asked.
    const met = await talk(contract, { unit_price: eur(4_800), term_months: 24 }, mine);
    expect(open(met).map(({ terms }) => terms)).toMatchObject([{ unit_price: eur(4_548), term_months: 24 }]);
    await mine.client.accept(met, open(met)[0] as Offer);
    const waiting = await mine.client.waitForTurn(met.id, ({ state }) => state === 'awaiting_signoff');
    await decideAs(gateway.origin, MARIA, waiting.signoff?.id ?? '', { decision: 'approved' });
    expect((await mine.client.waitForTurn(met.id)).state).toBe('completed');
    await begin(contract);
    // A deal ends it: what comes next begins anew, from the same floor.
    const anew = await talk(contract, { unit_price: asked }, mine);
    expect(anew.rounds_left).toBe(5);
    await mine.client.withdraw(anew.id);
  });
});
