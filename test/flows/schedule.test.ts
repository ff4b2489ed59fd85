/** Schedules over HTTP: a price for every package, one of which is accepted by naming it. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agreementPayload, signAgreement } from '../../protocol/offer.ts';
import type { Offer, OperationView } from '../../protocol/operation.ts';
import { verifyReceipt } from '../../protocol/receipt/verify.ts';
import { type Choice, chosenOffer, placeOf, pricedPackages } from '../../protocol/schedule.ts';
import {
  type BuyerGoals,
  type BuyerMove,
  makeBuyer,
  mandateLimits,
  ProblemError,
  processMemory,
} from '../../src/client/index.ts';
import { TERM } from '../support/days.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';
import { newKeyField, problemCode, send, signedPost } from '../support/signed.ts';

const eur = (amount: number) => ({ amount, currency: 'EUR' });
const PRICE = 4_900;
const BASE = {
  main: { issue: '/unit_price', percent_of: '/unit_price', open: 95, concede_to: 90, limit: 80, never: 78 },
  issues: {
    '/term_months': { range: [12, 36], worth: { 12: 0, 24: 4, 36: 8 } },
    '/seats': { range: [5, 500], worth: { '100%': 0, '140%': 3 } },
    '/notice_days': { range: [30, 90], worth: { 30: 1, 90: 0 } },
  },
};
const RULES = [{ name: 'big', when: 'terms.seats > 30', role: 'approver', reason: 'Many seats.' }];

let gateway: TestGateway;
let agent: TestAgent;

async function start(policy: object): Promise<void> {
  gateway = await startTestGateway({
    faults: true,
    config: { negotiation: { 'contract.renew': policy }, signoff: { rules: RULES } },
  });
  agent = await gateway.newAgent();
}

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

async function talk(proposal?: object, who = agent): Promise<OperationView> {
  await gateway.crm.edit('contracts', 'K-1001', CONTRACT);
  const input = { contract: 'K-1001', ...(proposal === undefined ? {} : { proposal }) };
  const { id } = await who.client.submit('contract.renew', input as never, await gateway.mandateFor(who));
  return who.client.waitForTurn(id);
}

type Scheduled = Offer & { readonly schedule: NonNullable<Offer['schedule']> };

/** The one open offer that has a schedule: the last. */
function scheduled({ offers = [], open_offers: ids = [] }: OperationView): Scheduled {
  const found = offers.filter(({ id, schedule }) => schedule !== undefined && ids.includes(id));
  const [offer] = found;
  expect(found).toHaveLength(1);
  expect(offer?.id).toBe(ids.at(-1));
  if (offer?.schedule === undefined) throw new Error('no schedule');
  return { ...offer, schedule: offer.schedule };
}

const codeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'ok',
    (error: unknown) =>
      error instanceof ProblemError ? (error.type.split(':').at(-1) ?? '') : Promise.reject(error as Error),
  );

const packageOf = ({ schedule }: Scheduled, where: Choice): Choice => {
  const found = pricedPackages(schedule).find(({ choice }) => Object.entries(where).every(([k, v]) => choice[k] === v));
  if (found === undefined) throw new Error(`no such package: ${JSON.stringify(where)}`);
  return found.choice;
};

/** An acceptance as it stands, however it came to be. */
async function accept(view: OperationView, body: object): Promise<string> {
  const target = `/operations/${view.id}/accept`;
  const answer = await send(
    gateway.origin,
    signedPost(gateway.origin, agent.key, target, body, { idempotencyKey: newKeyField() }),
  );
  return answer.status < 300 ? 'ok' : problemCode(answer);
}

function used(): number {
  const db = new DatabaseSync(join(gateway.config.data_dir, 'parley.db'), { readOnly: true });
  const held = db.prepare("SELECT total(amount) AS held FROM holds WHERE kind = 'budget'").get() as { held: number };
  db.close();
  return held.held;
}

describe('N1: a schedule', () => {
  beforeAll(() => start(BASE));
  afterAll(() => gateway.stop());

  it('prices every package, the offer among them, and any of them is accepted, written and proven', async () => {
    const view = await talk({ seats: 30, unit_price: eur(4_000) });
    const offer = scheduled(view);
    const { schedule } = offer;
    expect(schedule).toMatchObject({ main: '/unit_price', unit: { currency: 'EUR' }, firmness: 'binding' });
    expect(schedule.issues.map(({ pointer }) => pointer)).toEqual(['/term_months', '/seats', '/notice_days']);
    expect(schedule.issues.map(({ values }) => values)).toEqual([[12, 24, 36], [25, 30, 35], expect.any(Array)]);
    // Every alternative is a package of it, at its own price.
    for (const other of view.offers?.filter(({ by }) => by === 'company') ?? []) {
      const { term_months, seats, notice_days } = other.terms;
      const choice = { '/term_months': term_months, '/seats': seats, '/notice_days': notice_days } as Choice;
      expect(chosenOffer(offer, choice)).toMatchObject({ ok: true, value: { terms: other.terms } });
    }
    const choice = packageOf(offer, { '/term_months': 36, '/seats': 30, '/notice_days': 30 });
    const chosen = chosenOffer(offer, choice);
    if (!chosen.ok) throw new Error(chosen.error.code);
    expect(chosen.value.terms_digest).not.toBe(offer.terms_digest);
    await agent.client.accept(view, offer, choice);
    const ended = await agent.client.waitForTurn(view.id);
    expect(ended).toMatchObject({ state: 'completed', output: { terms: chosen.value.terms } });
    expect(await gateway.crm.record('contracts', 'K-1001')).toMatchObject({
      next_unit_price: chosen.value.terms['unit_price'],
      next_term_months: 36,
      next_seats: 30,
    });
    const agreed = JSON.parse(Buffer.from(String(ended.agreement?.['payload']), 'base64url').toString());
    expect(agreed).toMatchObject({ choice, schedule_digest: chosen.value.schedule_digest, terms: chosen.value.terms });
    const file = await agent.client.receipt(view.id);
    const keys = await (await fetch(new URL('/.well-known/jwks.json', gateway.origin))).json();
    const verified = await verifyReceipt(file, { keys });
    expect(verified.verdict).toBe('valid');
    expect(verified.payload?.agreement?.schedule?.prices).toEqual(schedule.prices);
  });

  it('is accepted as a package of exactly this offer, or refused and nothing has changed', async () => {
    const first = await talk();
    const early = scheduled(first);
    const view = await agent.client.counter(first.id, { unit_price: eur(4_000) });
    const offer = scheduled(view);
    const choice = packageOf(offer, { '/term_months': 36, '/seats': 25 });
    const chosen = chosenOffer(offer, choice);
    if (!chosen.ok) throw new Error(chosen.error.code);
    const parties = {
      operation: view.id,
      action: view.action,
      actionVersion: view.action_version,
      company: gateway.origin,
      agent: agent.key.keyid,
    };
    const signed = async (value: Parameters<typeof agreementPayload>[0]['offer'], named: object) => ({
      offer: offer.id,
      terms_digest: value.terms_digest,
      ...named,
      agreement: await signAgreement(agreementPayload({ ...parties, offer: value }), agent.key),
    });
    const good = await signed(chosen.value, { choice });
    const older = chosenOffer(early, packageOf(early, choice));
    if (!older.ok) throw new Error(older.error.code);
    const refused: readonly (readonly [string, object])[] = [
      ['package-not-offered', { ...good, choice: { ...choice, '/term_months': 18 } }],
      ['package-not-offered', { ...good, choice: { '/term_months': 36 } }],
      ['package-not-offered', { ...good, choice: { ...choice, '/start_date': '2027-01-01' } }],
      ['schema-violation', { ...good, choice: {} }],
      ['schema-violation', { ...good, choice: { __proto__x: 1 } }],
      ['offer-digest-mismatch', { ...good, terms_digest: offer.terms_digest }],
      ['offer-digest-mismatch', { ...good, choice: packageOf(offer, { ...choice, '/term_months': 24 }) }],
      ['offer-digest-mismatch', { ...good, choice: undefined }],
      // Signed for the package, but not for the choice, the schedule or its firmness.
      [
        'agreement-invalid',
        await signed({ ...chosen.value, schedule_digest: undefined, choice: undefined } as never, { choice }),
      ],
      ['agreement-invalid', await signed({ ...chosen.value, firmness: 'held' }, { choice })],
      [
        'agreement-invalid',
        await signed({ ...chosen.value, schedule_digest: older.value.schedule_digest ?? '' }, { choice }),
      ],
      ['offer-stale', { ...(await signed(older.value, { choice })), offer: early.id }],
      ['offer-digest-mismatch', await signed(older.value, { choice })],
    ];
    for (const [code, body] of refused) expect([code, await accept(view, body)]).toEqual([code, code]);
    expect((await agent.client.read(view.id)).state).toBe('negotiating');
    // One acceptance, however many are sent at once.
    const many = await Promise.all([accept(view, good), accept(view, good), accept(view, good)]);
    expect(many.filter((code) => code === 'ok')).toHaveLength(1);
    expect((await agent.client.waitForTurn(view.id)).output).toMatchObject({ terms: chosen.value.terms });
  });

  it('is no promise for what a person must sign off, and says so package by package', async () => {
    const view = await talk();
    const offer = scheduled(view);
    const { schedule } = offer;
    for (const { place, choice } of pricedPackages(schedule))
      expect([place, schedule.indicative.includes(place)]).toEqual([place, Number(choice['/seats']) > 30]);
    const choice = packageOf(offer, { '/term_months': 12, '/seats': 35 });
    await agent.client.accept(view, offer, choice);
    const waiting = await agent.client.waitForTurn(view.id, ({ state }) => state === 'awaiting_signoff');
    expect(waiting.signoff?.reasons.join(' ')).toContain('Many seats.');
    await agent.client.withdraw(view.id);
  });

  it('N1: shows no price that nothing falls below: to the end of the path no package is missing, and each falls with it', async () => {
    let view = await talk();
    let before = scheduled(view).schedule;
    while ((view.rounds_left ?? 0) > 1) {
      view = await agent.client.counter(view.id, { unit_price: eur(3_900) });
      const { schedule } = scheduled(view);
      expect(schedule.prices).not.toContain(null);
      for (const { choice, price } of pricedPackages(before)) {
        const now = placeOf(schedule, choice);
        const amount = Number((price as { amount: number }).amount);
        if (now !== undefined) expect(Number(schedule.prices[now])).toBeLessThan(amount);
      }
      before = schedule;
    }
    await agent.client.withdraw(view.id);
  });

  it('is overtaken with its offer where the record has changed, and made anew', async () => {
    const view = await talk();
    const offer = scheduled(view);
    // Of those a person signs off, none is promised.
    const choice = packageOf(offer, { '/seats': 35 });
    await gateway.crm.edit('contracts', 'K-1001', { unit_price: eur(5_000) });
    expect(await codeOf(agent.client.accept(view, offer, choice))).toBe('offer-facts-changed');
    const now = scheduled(await agent.client.read(view.id));
    expect(now.id).not.toBe(offer.id);
    expect(placeOf(now.schedule, choice)).toBeDefined();
    await agent.client.withdraw(view.id);
  });

  it('is shown as long as it may be accepted from', async () => {
    const first = await talk();
    const view = await agent.client.counter(first.id, { unit_price: eur(4_000) });
    expect(view.offers?.filter(({ schedule }) => schedule !== undefined)).toHaveLength(1);
    await agent.client.withdraw(view.id);
    expect((await agent.client.read(view.id)).offers?.some(({ schedule }) => schedule !== undefined)).toBe(false);
  });
});

describe('N8: the customer’s own buyer', () => {
  beforeAll(() => start({ ...BASE, memory: '12 months' }));
  afterAll(() => gateway.stop());

  it('takes its best package of a real company’s schedule, within its mandate, and goes on where it stood', async () => {
    await gateway.crm.edit('contracts', 'K-1001', CONTRACT);
    const constraints = {
      actions: ['contract.renew'],
      accounts: ['A-1001'],
      max_term_months: 24,
      max_total: eur(3_200_000),
    };
    const mandate = await gateway.mandateFor(agent, constraints);
    const commits = { total: ['unit_price', 'seats', 'term_months'], termMonths: 'term_months', seats: 'seats' };
    const goals: BuyerGoals = {
      terms: {
        unit_price: { wish: eur(4_000), most: eur(4_800), weight: 4 },
        term_months: { wish: 12, most: 36 },
        seats: { wish: 25, most: 30 },
      },
      limits: mandateLimits(mandate, commits),
    };
    const buyer = makeBuyer({ goals, about: 'K-1001', memory: processMemory() });
    const begin = async () => {
      const { id } = await agent.client.submit('contract.renew', { contract: 'K-1001' }, mandate);
      return agent.client.waitForTurn(id);
    };
    const priceOf = (move: BuyerMove) =>
      move.kind === 'counter' ? (move.terms['unit_price'] as { amount: number }).amount : Number.NaN;
    // Two rounds, and away.
    let view = await begin();
    let asked = 0;
    for (let round = 1; round <= 2; round += 1) {
      const move = buyer.move(view);
      if (move.kind !== 'counter') throw new Error(move.kind);
      asked = priceOf(move);
      view = await agent.client.counter(view.id, move.terms);
    }
    buyer.ended(await agent.client.withdraw(view.id));
    view = await begin();
    let move = buyer.move(view);
    while (move.kind === 'counter') {
      expect(priceOf(move)).toBeGreaterThanOrEqual(asked);
      view = await agent.client.counter(view.id, move.terms);
      move = buyer.move(view);
    }
    if (move.kind !== 'accept') throw new Error(move.why.words);
    const { offer, choice, why } = move;
    expect(choice).toBeDefined();
    expect(why.words).toContain('at most 24');
    await agent.client.accept(view, offer, choice);
    const ended = await agent.client.waitForTurn(view.id);
    expect(ended.state).toBe('completed');
    const { unit_price, seats, term_months } = (
      ended.output as { terms: { unit_price: { amount: number }; seats: number; term_months: number } }
    ).terms;
    expect(unit_price.amount * seats * term_months).toBeLessThanOrEqual(3_200_000);
    expect(term_months).toBeLessThanOrEqual(24);
    buyer.ended(ended);
  });
});

describe('N1: a schedule and a budget', () => {
  const budget = { per: 'year', amount: 10_000_000, currency: 'EUR', times: ['/seats', '/term_months'] };
  beforeAll(() => start({ ...BASE, alternatives: 1, budget, hold: 'always' }));
  afterAll(() => gateway.stop());

  it('is held for what its offer reserves, indicative for what costs more, and counted as what was chosen', async () => {
    const before = used();
    const view = await talk();
    const offer = scheduled(view);
    const cost = (choice: Choice, price: unknown) =>
      Math.max(0, PRICE - (price as { amount: number }).amount) *
      Number(choice['/seats']) *
      Number(choice['/term_months']);
    const reserved = used() - before;
    expect(offer.firmness).toBe('held');
    expect(offer.schedule.firmness).toBe('held');
    for (const { place, choice, price } of pricedPackages(offer.schedule))
      expect([place, offer.schedule.indicative.includes(place)]).toEqual([
        place,
        cost(choice, price) > reserved || Number(choice['/seats']) > 30,
      ]);
    const dearer = pricedPackages(offer.schedule).find(
      ({ choice, price }) => cost(choice, price) > reserved && Number(choice['/seats']) <= 30,
    );
    if (dearer === undefined) throw new Error('nothing costs more');
    // A held offer stays open, and its schedule with it.
    const next = await agent.client.counter(view.id, { unit_price: eur(4_000) });
    await agent.client.accept(next, offer, dearer.choice);
    expect((await agent.client.waitForTurn(view.id)).state).toBe('completed');
    expect(used() - before).toBe(cost(dearer.choice, dearer.price));
  });
});

describe('N1: a company without schedules', () => {
  beforeAll(() => start({ ...BASE, schedule: false }));
  afterAll(() => gateway.stop());

  it('offers as before, and there is nothing to choose from', async () => {
    const view = await talk();
    const offer = view.offers?.at(-1);
    if (offer === undefined) throw new Error('no offer');
    expect(view.offers?.some(({ schedule }) => schedule !== undefined)).toBe(false);
    await expect(agent.client.accept(view, offer, { '/term_months': 12 })).rejects.toThrow('no schedule');
    const body = {
      offer: offer.id,
      terms_digest: offer.terms_digest,
      choice: { '/term_months': 12 },
      agreement: { protected: 'e30', signature: 'e30' },
    };
    expect(await accept(view, body)).toBe('package-not-offered');
    await agent.client.accept(view, offer);
    expect((await agent.client.waitForTurn(view.id)).state).toBe('completed');
  });
});
