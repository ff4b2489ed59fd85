/** Talks that end without an agreement, over HTTP: a real gateway, a real CRM, and a person at the console. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { LIMITS } from '../../protocol/base/limits.ts';
import type { Offer, OperationView } from '../../protocol/operation.ts';
import { ProblemError } from '../../src/client/index.ts';
import { TERM } from '../support/days.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';
import { readAs, sayAs } from '../support/person.ts';

const eur = (amount: number) => ({ amount, currency: 'EUR' });
const MARIA = { id: 'maria', password: 'correct horse battery' };
const PRICE = 4_900;
const POLICY = {
  main: { issue: '/unit_price', percent_of: '/unit_price', open: 100, concede_to: 97, limit: 90 },
  issues: { '/term_months': { range: [12, 36] }, '/seats': { range: [5, 500] } },
  alternatives: 1,
};
/** Beyond what the company concedes to, within its limit. */
const NEAR = eur(4_550);
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
  next_start_date: null,
};
const ACCOUNTS = Array.from({ length: 16 }, (_, index) => `A-${1_001 + index}`);

let gateway: TestGateway;
let agent: TestAgent;
let made = 0;

async function start(policy: object): Promise<void> {
  made = 0;
  gateway = await startTestGateway({
    others: ACCOUNTS.slice(1),
    config: { negotiation: { 'contract.renew': policy }, signoff: { rules: [] } },
  });
  agent = await gateway.newAgent();
}

async function fresh(): Promise<string> {
  made += 1;
  const id = `K-${1_000 + made}`;
  await gateway.crm.edit('contracts', id, CONTRACT);
  return id;
}

async function talk(contract: string, price = NEAR, who = agent): Promise<OperationView> {
  const mandate = await gateway.mandateFor(who, { actions: ['contract.renew'], accounts: ACCOUNTS });
  const { id } = await who.client.submit('contract.renew', { contract, proposal: { unit_price: price } }, mandate);
  let view = await who.client.waitForTurn(id);
  while ((view.rounds_left ?? 0) > 0) view = await who.client.counter(view.id, { unit_price: price });
  return view;
}

const refused = async (call: Promise<unknown>): Promise<[string, string]> =>
  call.then(
    () => ['ok', ''],
    (error: unknown) => {
      if (!(error instanceof ProblemError)) throw error;
      return [error.type.split(':').at(-1) ?? '', String(error.problem['detail'])];
    },
  );

const lastOf = ({ offers = [], open_offers: ids = [] }: OperationView): Offer => {
  const offer = offers.findLast(({ id }) => ids.includes(id));
  if (offer === undefined) throw new Error('no open offer');
  return offer;
};

function stored(sql: string, ...of: string[]): string {
  const db = new DatabaseSync(join(gateway.config.data_dir, 'parley.db'), { readOnly: true });
  try {
    return JSON.stringify(db.prepare(sql).all(...of));
  } finally {
    db.close();
  }
}

afterEach(() => void vi.useRealTimers());

describe('a talk whose rounds are over', () => {
  beforeAll(() => start(POLICY));
  afterAll(() => gateway.stop());

  it('is a person’s to decide where what was asked for is near, and their offer is accepted like any other', async () => {
    const view = await talk(await fresh());
    expect(view).toMatchObject({ turn: 'agent', rounds_left: 0 });
    expect(view.reminder).toContain('counter once more');
    expect(view.next.map(({ rel }) => rel)).toContain('counter');
    const put = await agent.client.counter(view.id, { unit_price: NEAR }, 'It is all we have.');
    expect(put).toMatchObject({ state: 'negotiating', turn: 'company', handoff: { case_ref: expect.any(String) } });
    expect(await refused(agent.client.counter(view.id, { unit_price: NEAR }))).toMatchObject([
      'not-your-turn',
      expect.anything(),
    ]);

    const inbox = await readAs(gateway.origin, MARIA, '/console/');
    expect(inbox).toContain(view.id);
    const page = await readAs(gateway.origin, MARIA, `/console/operations/${view.id}`);
    expect(page).toContain('The nearest they asked for is within the policy');
    expect(page).toContain('value="45.50"');
    expect(await sayAs(gateway.origin, MARIA, view.id, { terms: { unit_price: '45.80' } })).toBe(303);

    const offered = await agent.client.waitForTurn(view.id);
    expect(lastOf(offered)).toMatchObject({ by: 'person', firmness: 'binding', terms: { unit_price: eur(4_580) } });
    expect(Date.parse(lastOf(offered).expires_at) - Date.now()).toBeGreaterThan(23 * 3_600_000);
    expect(await refused(agent.client.counter(view.id, { unit_price: NEAR }))).toMatchObject([
      'negotiation-over',
      expect.anything(),
    ]);
    await agent.client.accept(offered, lastOf(offered));
    expect(await agent.client.waitForTurn(view.id)).toMatchObject({ state: 'completed' });
    expect(await sayAs(gateway.origin, MARIA, view.id, { reason: 'late' })).toBe(409);
    const logged = stored('SELECT CAST(leaf AS TEXT) AS leaf FROM records');
    for (const seen of [JSON.stringify(offered), logged]) expect(seen).not.toContain('the policy');
  });

  it('is over where it is far, and offers stay open', async () => {
    const view = await talk(await fresh(), eur(3_000));
    expect(await refused(agent.client.counter(view.id, { unit_price: eur(3_000) }))).toMatchObject([
      'negotiation-over',
      expect.anything(),
    ]);
    expect(await agent.client.read(view.id)).toMatchObject({ turn: 'agent', open_offers: [lastOf(view).id] });
    await agent.client.withdraw(view.id);
  });

  it('ends with a person’s no, and their reason', async () => {
    const view = await talk(await fresh());
    await agent.client.counter(view.id, { unit_price: NEAR });
    expect(await sayAs(gateway.origin, MARIA, view.id, { reason: ' ' })).toBe(409);
    expect(await sayAs(gateway.origin, MARIA, view.id, { reason: 'Not for one year.' })).toBe(303);
    const ended = await agent.client.waitForTurn(view.id);
    expect(ended.state).toBe('declined');
    expect(String(ended.problem?.['detail'])).toContain('Not for one year.');
  });

  it('has one case a record and key while one is open, and says so', async () => {
    const contract = await fresh();
    const first = await talk(contract);
    const { handoff } = await agent.client.counter(first.id, { unit_price: NEAR });
    const second = await talk(contract);
    const [code, why] = await refused(agent.client.counter(second.id, { unit_price: NEAR }));
    expect([code, why]).toEqual(['negotiation-over', expect.stringContaining(`${handoff?.case_ref}, ${first.id}`)]);
    // Another key has its own, and is told nothing of the first.
    const other = await gateway.newAgent();
    const third = await talk(contract, NEAR, other);
    expect(await other.client.counter(third.id, { unit_price: NEAR })).toMatchObject({ turn: 'company' });
    // Taken back: it is the same matter still.
    await agent.client.withdraw(first.id);
    const [, again] = await refused(agent.client.counter(second.id, { unit_price: NEAR }));
    expect(again).toMatch(/about this record was put to a person in this week already.*again from \d{4}-\d\d-\d\d/);
  });

  it('goes to a person when its time is over, once; and ends when nobody decides', async () => {
    const contract = await fresh();
    const { id } = await agent.client.submit(
      'contract.renew',
      { contract, proposal: { unit_price: NEAR } },
      await gateway.mandateFor(agent, { actions: ['contract.renew'], accounts: ACCOUNTS }),
    );
    await agent.client.waitForTurn(id);
    const far = await fresh();
    const nothing = await agent.client.submit(
      'contract.renew',
      { contract: far, proposal: { unit_price: eur(2_000) } },
      await gateway.mandateFor(agent, { actions: ['contract.renew'], accounts: ACCOUNTS }),
    );
    await agent.client.waitForTurn(nothing.id);
    const later = (ms: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms });
    const state = (of: string) =>
      stored("SELECT state, doc ->> '$.negotiation.turn' AS turn FROM operations WHERE id = ?", of);
    later((LIMITS.negotiationLifetimeSeconds + 60) * 1_000);
    // A clock that jumps is not believed at once: what is due then is due after a restart.
    await gateway.restart();
    await expect.poll(() => state(id), { timeout: 10_000 }).toContain('company');
    await expect.poll(() => state(nothing.id), { timeout: 10_000 }).toContain('expired');
    later(8 * 86_400_000);
    await gateway.restart();
    await expect.poll(() => state(id), { timeout: 10_000 }).toContain('expired');
    expect(stored("SELECT doc ->> '$.problem.detail' AS why FROM operations WHERE id = ?", id)).toContain(
      'Nobody at the company has decided in time',
    );
  });
});

describe('people’s time', () => {
  beforeAll(() => start({ ...POLICY, people: { per: 'year', cases: 1 } }));
  afterAll(() => gateway.stop());

  it('is spent once, whatever becomes of a case, and who is not heard is told why and until when', async () => {
    const first = await talk(await fresh());
    await agent.client.counter(first.id, { unit_price: NEAR });
    await agent.client.withdraw(first.id);
    const second = await talk(await fresh());
    const [code, why] = await refused(agent.client.counter(second.id, { unit_price: NEAR }));
    expect(code).toBe('negotiation-over');
    expect(why).toContain(`again from ${new Date().getUTCFullYear() + 1}-01-01`);
    // A person who is asked for is always there.
    expect(await agent.client.handoff(second.id, 'A person, please')).toMatchObject({ state: 'handed_off' });
  });
});

describe('a customer who has a case already', () => {
  beforeAll(() => start(POLICY));
  afterAll(() => gateway.stop());

  it('N9: has the same one where the company asks a person to decide', async () => {
    const view = await talk(await fresh());
    const called = await agent.client.counter(view.id, {}, 'I want to speak to a person.');
    const put = await agent.client.counter(view.id, { unit_price: NEAR });
    expect(put).toMatchObject({ state: 'negotiating', turn: 'company', handoff: called.handoff });
  });
});

describe('what is held', () => {
  const budget = { per: 'year', amount: 100_000_000, currency: 'EUR', times: ['/seats', '/term_months'] };
  beforeAll(() => start({ ...POLICY, hold: 'always', budget }));
  afterAll(() => gateway.stop());

  it('may be accepted while a person decides on more', async () => {
    const view = await talk(await fresh());
    const held = lastOf(view);
    expect(held.firmness).toBe('held');
    const put = await agent.client.counter(view.id, { unit_price: NEAR });
    expect(put.turn).toBe('company');
    await agent.client.accept(put, held);
    expect(await agent.client.waitForTurn(view.id)).toMatchObject({
      state: 'completed',
      output: { terms: held.terms },
    });
  });
});

describe('a first offer', () => {
  const main = {
    issue: '/unit_price',
    unit: 'minor',
    sample: { unit_price: eur(PRICE) },
    open: 4_900,
    concede_to: 4_700,
    limit: 4_500,
  };
  beforeAll(() => start({ ...POLICY, main }));
  afterAll(() => gateway.stop());

  it('T21: far from the record that it is about is not made: a person looks', async () => {
    const contract = await fresh();
    await gateway.crm.edit('contracts', contract, { ...CONTRACT, unit_price: eur(50_000) });
    const mandate = await gateway.mandateFor(agent, { actions: ['contract.renew'], accounts: ACCOUNTS });
    const { id } = await agent.client.submit('contract.renew', { contract }, mandate);
    const view = await agent.client.waitForTurn(id);
    expect([view.state, view.offers]).toEqual(['handed_off', []]);
    expect(await readAs(gateway.origin, MARIA, `/console/operations/${id}`)).toContain('nothing was offered');
  });
});

describe('a case that the agent has', () => {
  beforeAll(() =>
    start({
      ...POLICY,
      main: {
        ...POLICY.main,
        percent_of: undefined,
        unit: 'minor',
        sample: { unit_price: eur(PRICE) },
        open: 4_900,
        concede_to: 4_700,
        limit: 4_500,
      },
    }),
  );
  afterAll(() => gateway.stop());

  it('N9: stays theirs where the company gives the talk to a person', async () => {
    const contract = await fresh();
    const mandate = await gateway.mandateFor(agent, { actions: ['contract.renew'], accounts: ACCOUNTS });
    const { id } = await agent.client.submit('contract.renew', { contract }, mandate);
    await agent.client.waitForTurn(id);
    const { handoff } = await agent.client.counter(id, {}, 'I want to speak to a person.');
    await gateway.crm.edit('contracts', contract, { ...CONTRACT, unit_price: eur(50_000) });
    const over = await agent.client.counter(id, { term_months: 24 });
    expect(over).toMatchObject({ state: 'handed_off', handoff });
    expect(handoff?.case_ref).toBeDefined();
  });
});

describe('a pace', () => {
  beforeAll(() => start({ ...POLICY, pace: { between_rounds: '4 hours', offers_stand: '2 hours' } }));
  afterAll(() => gateway.stop());

  it('is one step in its time, in whichever talk; what comes sooner costs no round and is told from when on', async () => {
    const contract = await fresh();
    const mandate = () => gateway.mandateFor(agent, { actions: ['contract.renew'], accounts: ACCOUNTS });
    const far = { unit_price: eur(4_000) };
    const { id } = await agent.client.submit('contract.renew', { contract, proposal: far }, await mandate());
    const view = await agent.client.waitForTurn(id);
    const offer = lastOf(view);
    expect(Date.parse(offer.expires_at) - Date.parse(offer.made_at)).toBe(2 * 3_600_000);
    const [code, why] = await refused(agent.client.counter(id, far));
    const from = new Date(Date.parse(offer.made_at) + 4 * 3_600_000).toISOString();
    expect([code, why]).toEqual(['not-your-turn', expect.stringContaining(`counter again from ${from}`)]);
    expect((await agent.client.read(id)).rounds_left).toBe(view.rounds_left);
    // Nor does another talk about the record, by another key.
    const other = await gateway.newAgent();
    const theirs = await gateway.mandateFor(other, { actions: ['contract.renew'], accounts: ACCOUNTS });
    const again = await other.client.submit('contract.renew', { contract, proposal: far }, theirs);
    const second = await other.client.waitForTurn(again.id);
    expect(second.rounds_left).toBe(view.rounds_left);
    expect(lastOf(second).terms).toEqual(offer.terms);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 4 * 3_600_000 + 1_000 });
    const moved = await agent.client.counter(id, far);
    expect(moved.rounds_left).toBe((view.rounds_left ?? 0) - 1);
    expect(lastOf(moved).terms['unit_price']).not.toEqual(offer.terms['unit_price']);
  });
});
