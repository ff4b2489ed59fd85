/** Offers, budgets and promises over HTTP: a real gateway, a real CRM, strangers' agents. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { LIMITS } from '../../protocol/base/limits.ts';
import type { Offer, OperationView } from '../../protocol/operation.ts';
import { ProblemError } from '../../src/client/index.ts';
import { TERM } from '../support/days.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';
import { decideAs } from '../support/person.ts';

const eur = (amount: number) => ({ amount, currency: 'EUR' });
const MARIA = { id: 'maria', password: 'correct horse battery' };
const PRICE = 4_900;
/** What one renewal at the opening price costs: 5 % off for 25 seats and 12 months. */
const COST = PRICE * 0.05 * 25 * 12;
const BASE = {
  main: { issue: '/unit_price', percent_of: '/unit_price', open: 95, concede_to: 90, limit: 85 },
  issues: {
    '/term_months': { range: [12, 36], worth: { 12: 0, 24: 4, 36: 8 } },
    '/seats': { range: [5, 500] },
  },
  alternatives: 1,
};
const budget = (amount: number) => ({ per: 'year', amount, currency: 'EUR', times: ['/seats', '/term_months'] });
const RULES = [{ name: 'small', when: 'terms.seats < 7', role: 'approver', reason: 'Few seats.' }];

let gateway: TestGateway;
let agent: TestAgent;

async function start(policy: object): Promise<void> {
  gateway = await startTestGateway({
    faults: true,
    others: ACCOUNTS.slice(1),
    config: { negotiation: { 'contract.renew': policy }, signoff: { rules: RULES } },
  });
  agent = await gateway.newAgent();
}

/** One contract each: `K-1001` is of `A-1001`. */
const ACCOUNTS = Array.from({ length: 16 }, (_, index) => `A-${1_001 + index}`);
let made = 0;
const mandateFor = (who: TestAgent) => gateway.mandateFor(who, { actions: ['contract.renew'], accounts: ACCOUNTS });

/** A contract nobody has talked about. */
async function fresh(): Promise<string> {
  made += 1;
  const id = `K-${1_001 + (made % ACCOUNTS.length)}`;
  await gateway.crm.edit('contracts', id, CONTRACT);
  return id;
}

/** Each about a contract of its own, unless told which. */
async function talk(proposal?: object, who = agent, contract?: string): Promise<OperationView> {
  const input = {
    contract: contract ?? (await fresh()),
    ...(proposal === undefined ? {} : { proposal }),
  };
  const { id } = await who.client.submit('contract.renew', input as never, await mandateFor(who));
  return who.client.waitForTurn(id);
}

const openOffers = ({ offers = [], open_offers: ids = [] }: OperationView): readonly Offer[] =>
  offers.filter(({ id }) => ids.includes(id));

function last(view: OperationView): Offer {
  const offer = openOffers(view).at(-1);
  if (offer === undefined) throw new Error(`no open offer: ${JSON.stringify(view)}`);
  return offer;
}

const priceOf = ({ terms }: Offer) => (terms['unit_price'] as { amount: number }).amount;

const codeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'ok',
    (error: unknown) =>
      error instanceof ProblemError ? (error.type.split(':').at(-1) ?? '') : Promise.reject(error as Error),
  );

/** Ground truth: what is held of all budgets. */
function used(): number {
  const db = new DatabaseSync(join(gateway.config.data_dir, 'parley.db'), { readOnly: true });
  try {
    const { sum, held } = db
      .prepare(
        "SELECT (SELECT total(amount) FROM hold_sums WHERE name LIKE 'budget:%') AS sum, (SELECT total(amount) FROM holds WHERE kind = 'budget') AS held",
      )
      .get() as { sum: number; held: number };
    expect(sum).toBe(held);
    return sum;
  } finally {
    db.close();
  }
}

/** Every talk begins from the same facts. */
const CONTRACT = {
  status: 'active',
  notice_days: 60,
  auto_renew: false,
  payment_terms_days: 30,
  unit_price: eur(PRICE),
  seats: 25,
  term_months: 12,
  start_date: TERM.start,
  end_date: TERM.end,
  next_start_date: null,
};
afterEach(() => void vi.useRealTimers());

describe('several offers at once', () => {
  beforeAll(() => start({ ...BASE, alternatives: 3 }));
  afterAll(() => gateway.stop());

  it('are signed, told to be open, and any one of them can be accepted', async () => {
    const view = await talk();
    const offers = openOffers(view);
    expect(offers.length).toBe(3);
    expect(new Set(offers.map(({ parent }) => parent)).size).toBe(1);
    expect(offers.map(({ terms }) => terms['term_months'])).toEqual([24, 36, 12]);
    const [first, second] = offers;
    if (first === undefined || second === undefined) throw new Error('no offers');
    await agent.client.accept(view, second);
    const ended = await agent.client.waitForTurn(view.id);
    expect(ended).toMatchObject({ state: 'completed', output: { terms: second.terms } });
    expect(await codeOf(agent.client.accept(view, first))).toBe('wrong-state');
  });

  it('are all rejected by a counter-offer', async () => {
    const view = await talk();
    const next = await agent.client.counter(view.id, { unit_price: eur(4_000) });
    for (const offer of openOffers(view)) expect(await codeOf(agent.client.accept(next, offer))).toBe('offer-stale');
    await agent.client.withdraw(view.id);
  });
});

describe('a talk that leads nowhere', () => {
  beforeAll(() => start({ ...BASE, segments: [{ name: 'odd', when: 'record.seats / 0 > 1', beta: 2 }] }));
  afterAll(() => gateway.stop());

  it('is a person’s when nobody can say which policy applies', async () => {
    expect((await talk()).state).toBe('handed_off');
  });
});

describe('a budget that is used up, where the policy has a person decide', () => {
  beforeAll(() => start({ ...BASE, budget: { ...budget(0), exhausted: 'person' } }));
  afterAll(() => gateway.stop());

  it('goes to a person with advice that nobody else ever sees', async () => {
    const view = await talk({ unit_price: eur(2_000) });
    expect(view.state).toBe('handed_off');
    const db = new DatabaseSync(join(gateway.config.data_dir, 'parley.db'), { readOnly: true });
    const stored = String(db.prepare('SELECT doc FROM operations WHERE id = ?').get(view.id)?.['doc']);
    const logged = JSON.stringify(db.prepare('SELECT CAST(leaf AS TEXT) AS leaf FROM records').all());
    db.close();
    const { advice } = JSON.parse(stored);
    expect(advice).toContain('needs an exception');
    expect(advice).toContain('they ask for 20.00 EUR');
    const receipt = Buffer.from(String((await agent.client.receipt(view.id)).receipt).split('.')[1] ?? '', 'base64url');
    for (const seen of [JSON.stringify(view), receipt.toString(), logged]) expect(seen).not.toContain('exception');
  });
});

describe('a budget', () => {
  /** Enough for two, and for a small third. */
  const SIZE = COST * 2 + PRICE * 0.05 * 8 * 12;
  beforeAll(() => start({ ...BASE, budget: budget(SIZE) }));
  afterAll(() => gateway.stop());

  it('is taken when the company is bound, never overdrawn by those who accept at once, and given back', async () => {
    const views = await Promise.all(Array.from({ length: 6 }, () => talk()));
    for (const view of views)
      expect(last(view)).toMatchObject({ firmness: 'indicative', terms: { unit_price: eur(4_655) } });
    expect(used()).toBe(0);
    const codes = await Promise.all(views.map((view) => codeOf(agent.client.accept(view, last(view)))));
    expect(codes.toSorted()).toEqual(
      ['ok', 'ok', ...Array.from({ length: 4 }, () => 'offer-unavailable')]
        .toSorted((a, b) => a.localeCompare(b))
        .toSorted(),
    );
    expect(used()).toBe(COST * 2);
    // Refused, and yet nothing is lost: the offers are still there, and a person too.
    const refused = views[codes.indexOf('offer-unavailable')];
    expect((await agent.client.read(refused?.id ?? '')).state).toBe('negotiating');
    for (const view of views.filter((_view, index) => codes[index] === 'ok'))
      expect((await agent.client.waitForTurn(view.id)).state).toBe('completed');
    expect(used()).toBe(COST * 2);
  });

  it('held by an operation that ends without effect is free again', async () => {
    const before = used();
    // Small enough for a person to be asked, and cheap enough for what is left; capped at what the company opens with.
    const proposal = { seats: 6, unit_price: eur(PRICE - 1) };
    for (const end of ['withdrawn', 'rejected'] as const) {
      const view = await talk(proposal);
      expect(priceOf(last(view))).toBe(PRICE * 0.95);
      await agent.client.accept(view, last(view));
      const waiting = await agent.client.waitForTurn(view.id, ({ state }) => state === 'awaiting_signoff');
      expect(used()).toBe(before + PRICE * 0.05 * 6 * 12);
      if (end === 'withdrawn') await agent.client.withdraw(view.id);
      else await decideAs(gateway.origin, MARIA, waiting.signoff?.id ?? '', { decision: 'rejected', reason: 'no' });
      expect((await agent.client.waitForTurn(view.id)).state).toBe(end);
      expect(used()).toBe(before);
    }
  });

  it('used up leaves offers that cost nothing, and says nothing of amounts', async () => {
    while (used() < COST * 2) {
      const large = await talk();
      await agent.client.accept(large, last(large));
      await agent.client.waitForTurn(large.id);
    }
    const view = await talk({ unit_price: eur(PRICE - 40), seats: 8 });
    expect(priceOf(last(view))).toBe(PRICE * 0.95);
    await agent.client.accept(view, last(view));
    expect(used()).toBe(SIZE);
    await agent.client.waitForTurn(view.id);
    let next = await talk({ unit_price: eur(4_000) });
    expect(last(next)).toMatchObject({ firmness: 'binding', terms: { unit_price: eur(PRICE) } });
    while ((next.rounds_left ?? 0) > 1) {
      next = await agent.client.counter(next.id, { unit_price: eur(4_700) });
      expect(priceOf(last(next))).toBeGreaterThanOrEqual(PRICE);
    }
    await agent.client.withdraw(next.id);
  });
});

describe('a held offer', () => {
  beforeAll(() => start({ ...BASE, budget: budget(COST * 2), hold: 'always' }));
  afterAll(() => gateway.stop());

  it('reserves its part of the budget, survives a counter-offer, and is kept', async () => {
    const view = await talk();
    const held = last(view);
    expect(held.firmness).toBe('held');
    expect(used()).toBe(COST);
    const next = await agent.client.counter(view.id, { unit_price: eur(4_000) });
    expect(openOffers(next).map(({ id }) => id)).toEqual(expect.arrayContaining([held.id]));
    expect(openOffers(next)).toHaveLength(2);
    // The dearer of the two is reserved, as only one of them can be taken.
    const dearest = Math.min(...openOffers(next).map(priceOf));
    expect(used()).toBe((PRICE - dearest) * 25 * 12);
    await agent.client.accept(next, held);
    expect((await agent.client.waitForTurn(view.id)).output).toMatchObject({ terms: held.terms });
    expect(used()).toBe(COST);
  });

  it('that the budget has no room for is not made: the next best is', async () => {
    const first = await talk();
    expect(used()).toBe(COST * 2);
    const second = await talk();
    expect(last(second)).toMatchObject({ firmness: 'held', terms: { unit_price: eur(PRICE) } });
    // The race for the last of it is settled in the same way.
    await agent.client.withdraw(first.id);
    const [a, b] = await Promise.all([talk(), talk()]);
    expect(
      [a, b]
        .map(last)
        .map(priceOf)
        .toSorted((x, y) => x - y),
    ).toEqual([4_655, PRICE]);
    for (const { id } of [second, a, b]) await agent.client.withdraw(id);
    expect(used()).toBe(COST);
  });

  it('frees what it reserved when its time is over, and can be taken no more', async () => {
    const view = await talk();
    expect(used()).toBe(COST * 2);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + (LIMITS.offerLifetimeSeconds + 1) * 1_000 });
    // A clock that jumps is not believed at once: what is due then is due after a restart.
    await gateway.restart();
    for (let tries = 0; used() > COST && tries < 100; tries += 1) await sleep(50);
    expect(used()).toBe(COST);
    expect(await codeOf(agent.client.accept(view, last(view)))).toBe('offer-expired');
    expect((await agent.client.read(view.id)).state).toBe('negotiating');
    await agent.client.withdraw(view.id);
  });
});

describe('a budget that talks reserve', () => {
  beforeAll(() => start({ ...BASE, budget: budget(COST * 10), hold: 'always' }));
  afterAll(() => gateway.stop());

  it('D7: is reserved once for a record, however many talks there are about it', async () => {
    const contract = await fresh();
    const before = used();
    const talks = [];
    for (let count = 0; count < 3; count += 1) talks.push(await talk(undefined, agent, contract));
    expect(talks.map((view) => last(view).firmness)).toEqual(['held', 'indicative', 'indicative']);
    expect(new Set(talks.map((view) => priceOf(last(view)))).size).toBe(1);
    expect(used()).toBe(before + COST);
    for (const { id } of talks) await agent.client.withdraw(id);
    expect(used()).toBe(before);
  });
});

describe('a budget with room for one', () => {
  beforeAll(() => start({ ...BASE, budget: budget(COST * 1.5), hold: 'always' }));
  afterAll(() => gateway.stop());

  it('D7: is not used up by what talks about the same record reserve, and is whose deal it is', async () => {
    const contract = await fresh();
    const first = await talk(undefined, agent, contract);
    expect(last(first)).toMatchObject({ firmness: 'held', terms: { unit_price: eur(4_655) } });
    // Its own next offer is not stopped by its own reservation.
    const next = await agent.client.counter(first.id, { unit_price: eur(4_000) });
    expect(priceOf(last(next))).toBeLessThan(4_655);
    const other = await gateway.newAgent();
    const second = await talk({ unit_price: eur(4_655) }, other, contract);
    expect(last(second)).toMatchObject({ firmness: 'indicative' });
    expect(priceOf(last(second))).toBeLessThanOrEqual(4_655);
    await other.client.accept(second, last(second));
    expect((await other.client.waitForTurn(second.id)).state).toBe('completed');
    expect(used()).toBe((PRICE - priceOf(last(second))) * 25 * 12);
    await agent.client.withdraw(first.id);
  });

  it('D7: and talks about another record find what is left', async () => {
    const view = await talk();
    expect(priceOf(last(view))).toBe(PRICE);
    await agent.client.withdraw(view.id);
  });
});
