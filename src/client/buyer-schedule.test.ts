import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digest } from '../../protocol/base/canonical.ts';
import { makeId } from '../../protocol/base/ids.ts';
import { publicJwk } from '../../protocol/base/strict-jws.ts';
import { delegateMandate, issueMandate, jwkSigner } from '../../protocol/mandate/mandate.ts';
import type { Offer, OperationView, Schedule, Terms } from '../../protocol/operation.ts';
import { chosenOffer, pricedPackages, scheduleFault } from '../../protocol/schedule.ts';
import { newAgentKey } from './agent-key.ts';
import { buyerMove } from './buyer.ts';
import { fileMemory, makeBuyer, processMemory } from './buyer-memory.ts';
import type { BuyerGoals, Limit } from './goals.ts';
import { mandateLimits } from './mandate-limits.ts';

const eur = (amount: number) => ({ amount, currency: 'EUR' });
const ROUNDS = 6;
let made = 0;

function offer(terms: Terms, schedule?: Schedule): Offer {
  made += 1;
  const id = makeId('of', `01900000-0000-7000-8000-${String(made).padStart(12, '0')}`);
  const bare = { id, parent: null, by: 'company', terms, terms_digest: digest(terms), firmness: 'binding' } as const;
  return {
    ...bare,
    made_at: '',
    expires_at: '',
    ...(schedule === undefined ? {} : { schedule: { ...schedule, jws: '' } }),
  };
}

/** Longer terms and more seats are cheaper. */
const SCHEDULE: Schedule = {
  main: '/unit_price',
  unit: { currency: 'EUR' },
  issues: [
    { pointer: '/term_months', values: [12, 24, 36] },
    { pointer: '/seats', values: [25, 32, 40] },
  ],
  prices: [5_000, 4_950, 4_900, 4_800, 4_700, 4_650, 4_600, 4_400, null],
  firmness: 'binding',
  indicative: [5],
};
const TERMS: Terms = { unit_price: eur(4_950), term_months: 12, seats: 32 };
const view = (left: number, ...offers: Offer[]) =>
  ({
    offers,
    open_offers: offers.filter(({ by }) => by === 'company').map(({ id }) => id),
    rounds_left: left,
    state: 'negotiating',
  }) as unknown as OperationView;

const GOALS: BuyerGoals = {
  terms: {
    unit_price: { wish: eur(4_200), most: eur(5_000), weight: 4 },
    term_months: { wish: 12, most: 36 },
    seats: { wish: 32, least: 25 },
  },
};

describe('N8: a buyer that reads schedules', () => {
  it('takes the package that does best for it of all, and tells its principal why', () => {
    const move = buyerMove(GOALS, view(0, offer(TERMS, SCHEDULE)));
    // 36 months cost it a fifth of a wish, and bring three quarters of the price.
    expect(move).toMatchObject({
      kind: 'accept',
      choice: { '/term_months': 36, '/seats': 32 },
      why: {
        because: 'last_round',
        looked: { packages: 9, within: 9 },
        firmness: 'binding',
        terms: [
          { term: 'unit_price', value: eur(4_400), wish: eur(4_200), most: eur(5_000), fit: 0.75 },
          { term: 'term_months', value: 36, wish: 12, most: 36, fit: 0 },
          { term: 'seats', value: 32, wish: 32, least: 25, fit: 1 },
        ],
      },
    });
    if (move.kind !== 'accept') throw new Error('not accepted');
    expect(move.why.words).toBe(
      'The best of 9 packages on offer (9 within your bounds) is within all your bounds, and there was no other round. unit_price 44.00 EUR (wish 42.00 EUR, at most 50.00 EUR); term_months 36 (wish 12, at most 36); seats 32 (wish 32, at least 25).',
    );
  });

  it('says so where a person may still have to sign off, and rather takes what is firm', () => {
    const only: BuyerGoals = { terms: { seats: { wish: 40, least: 40 }, term_months: { wish: 24 } } };
    const move = buyerMove(only, view(0, offer(TERMS, SCHEDULE)));
    expect(move).toMatchObject({ kind: 'accept', why: { firmness: 'indicative' } });
    expect(move.kind === 'accept' && move.why.words).toContain('may still have to sign off');
    const either: BuyerGoals = { terms: { term_months: { wish: 24 } } };
    expect(buyerMove(either, view(0, offer(TERMS, SCHEDULE)))).toMatchObject({ why: { firmness: 'binding' } });
  });

  it('asks for a lower price on the package where it is nearest', () => {
    const move = buyerMove(GOALS, view(5, offer(TERMS, SCHEDULE)));
    expect(move).toMatchObject({ kind: 'counter', terms: { term_months: 36, seats: 32 } });
  });

  it('reads prices finer than the minor unit exactly', () => {
    const fine = (amount: number) => offer({ ...TERMS, unit_price: { amount, currency: 'EUR', scale: 4 } });
    expect(buyerMove(GOALS, view(0, fine(500_001))).kind).toBe('withdraw');
    expect(buyerMove(GOALS, view(0, fine(500_000))).kind).toBe('accept');
    const goals = { ...GOALS, budget: { most: eur(5_000 * 12 * 32 - 1), of: ['unit_price', 'seats', 'term_months'] } };
    expect(buyerMove(goals, view(0, fine(500_000))).kind).toBe('withdraw');
    expect(buyerMove(goals, view(0, fine(499_999))).kind).toBe('accept');
    expect(buyerMove(goals, view(0, fine(499_999)))).toMatchObject({
      why: { limits: [{ value: { amount: 499_999 * 12 * 32, currency: 'EUR', scale: 4 }, most: eur(1_919_999) }] },
    });
  });
});

describe('N8: the mandate of a buyer', () => {
  const at = new Date('2026-11-28T12:00:00Z');
  const COMMITS = { total: ['unit_price', 'seats', 'term_months'], termMonths: 'term_months', seats: 'seats' } as const;

  async function mandate(limits: object): Promise<string> {
    const [principal, agent] = await Promise.all([newAgentKey(), newAgentKey()]);
    const holder = publicJwk(agent.publicJwk);
    if (holder === undefined) throw new Error('no key');
    return issueMandate({
      key: { ...(await jwkSigner(principal.privateJwk)), kid: principal.keyid },
      issuer: 'https://nordwind.example',
      subject: 'contact:C-1001',
      agent: holder,
      jti: 'm-1234567890',
      now: at,
      expiresAt: new Date(at.getTime() + 86_400_000),
      constraints: { actions: ['contract.renew'], accounts: ['A-1001'], ...limits },
    });
  }

  it('is read from it, and is a limit like the others', async () => {
    const limits = mandateLimits(await mandate({ max_total: eur(1_000_000), max_term_months: 24, max_seats: 32 }), {
      ...COMMITS,
      taken: eur(1_000),
    });
    expect(limits).toEqual([
      { of: COMMITS.total, most: eur(999_000) },
      { of: ['term_months'], most: 24 },
      { of: ['seats'], most: 32 },
    ]);
    expect(buyerMove({ ...GOALS, limits }, view(0, offer(TERMS)))).toMatchObject({ kind: 'withdraw' });
    expect(mandateLimits(await mandate({}), {})).toEqual([]);
  });

  it('that limits what nobody can reckon is not worked under', async () => {
    const limited = await mandate({ max_seats: 30 });
    expect(() => mandateLimits(limited, { total: COMMITS.total })).toThrow('seats');
  });

  it('that was handed on is limited by every hop', async () => {
    const [principal, first, second] = await Promise.all([newAgentKey(), newAgentKey(), newAgentKey()]);
    const [holder, next] = [publicJwk(first.publicJwk), publicJwk(second.publicJwk)];
    if (holder === undefined || next === undefined) throw new Error('no key');
    const constraints = { actions: ['contract.renew'], accounts: ['A-1001'], max_seats: 40, max_delegations: 1 };
    const root = await issueMandate({
      key: { ...(await jwkSigner(principal.privateJwk)), kid: principal.keyid },
      issuer: 'https://nordwind.example',
      subject: 'contact:C-1001',
      agent: holder,
      jti: 'm-1234567890',
      now: at,
      expiresAt: new Date(at.getTime() + 86_400_000),
      constraints,
    });
    const handed = await delegateMandate(root, {
      key: await jwkSigner(first.privateJwk),
      to: next,
      jti: 'd-1234567890',
      now: at,
      expiresAt: new Date(at.getTime() + 3_600_000),
      constraints: { ...constraints, max_seats: 30, max_delegations: 0 },
    });
    expect(mandateLimits(handed, { seats: 'seats' }).map(({ most }) => most)).toEqual([40, 30]);
  });
});

const price = fc.integer({ min: 1, max: 9_000 });
const schedules: fc.Arbitrary<Schedule> = fc
  .record({
    terms: fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 }),
    seats: fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 }),
    prices: fc.array(fc.option(price), { minLength: 25, maxLength: 25 }),
    currency: fc.constantFrom('EUR', 'EUR', 'EUR', 'USD'),
  })
  .map(({ terms, seats, prices, currency }) => ({
    main: '/unit_price',
    unit: { currency },
    issues: [
      { pointer: '/term_months', values: terms },
      { pointer: '/seats', values: seats },
    ],
    prices: [4_500, ...prices].slice(0, terms.length * seats.length),
    firmness: 'binding',
    indicative: [],
  }));

function offerWith(schedule: Schedule): Offer {
  const [first] = pricedPackages(schedule);
  const terms = { unit_price: first?.price ?? null, ...named(first?.choice ?? {}) };
  expect(scheduleFault({ terms, schedule })).toBeUndefined();
  return offer(terms, schedule);
}
const named = (choice: Terms) =>
  Object.fromEntries(Object.entries(choice).map(([pointer, value]) => [pointer.slice(1), value]));

const LIMITS: readonly Limit[] = [
  { of: ['unit_price', 'seats', 'term_months'], most: eur(2_500_000) },
  { of: ['seats'], most: 40 },
];

describe('N8: a buyer, whatever it is offered', () => {
  it('never accepts and never proposes past a bound, a limit or its mandate', () => {
    let accepted = 0;
    const property = fc.property(schedules, fc.nat({ max: ROUNDS }), (schedule, left) => {
      const move = buyerMove({ ...GOALS, limits: LIMITS }, view(left, offerWith(schedule)));
      if (move.kind === 'withdraw') return;
      const chosen = move.kind === 'accept' ? chosenOffer(move.offer, move.choice) : undefined;
      const terms = move.kind === 'counter' ? move.terms : chosen?.ok === true ? chosen.value.terms : {};
      const {
        unit_price: money,
        term_months: months,
        seats,
      } = terms as { unit_price: { amount: number; currency: string } } & Terms;
      expect(money.currency).toBe('EUR');
      expect(money.amount).toBeLessThanOrEqual(5_000);
      expect(months).toBeLessThanOrEqual(36);
      expect(seats).toBeGreaterThanOrEqual(25);
      expect(seats).toBeLessThanOrEqual(40);
      expect(money.amount * Number(months) * Number(seats)).toBeLessThanOrEqual(2_500_000);
      if (move.kind === 'accept') {
        accepted += 1;
        expect(move.why.terms.every(({ fit }) => fit !== undefined)).toBe(true);
        expect(move.why.looked.within).toBeGreaterThan(0);
      }
    });
    fc.assert(property, { numRuns: 3_000 });
    expect(accepted).toBeGreaterThan(100);
  });

  it('accepts what it proposed itself, and never asks for more than before, over all its talks', () => {
    fc.assert(
      fc.property(fc.array(schedules, { minLength: 2, maxLength: 8 }), (all) => {
        const buyer = makeBuyer({ goals: GOALS, about: 'K-1', memory: processMemory() });
        let before = Number.POSITIVE_INFINITY;
        // Every one a new talk about the same record, early in its rounds.
        for (const schedule of all) {
          const move = buyer.move(view(ROUNDS - 1, offerWith(schedule)));
          if (move.kind !== 'counter') continue;
          const mine = buyerMove(GOALS, view(0, offer(move.terms)));
          const score = mine.kind === 'accept' ? (mine.why.score ?? 0) : -1;
          expect(score).toBeGreaterThanOrEqual(0);
          // Where it offers the most it has, it can ask for no less.
          if ((move.terms['unit_price'] as { amount: number }).amount < 5_000)
            expect(score).toBeLessThanOrEqual(before + 0.01);
          before = Math.min(before, score);
          expect(buyer.move(view(ROUNDS - 1, offer(move.terms))).kind).toBe('accept');
        }
      }),
      { numRuns: 300 },
    );
  });

  it('N8: says its last word once in a talk', () => {
    const buyer = makeBuyer({ goals: GOALS, about: 'K-1', memory: processMemory() });
    const beyond = offer({ ...TERMS, unit_price: eur(9_900) });
    const next = [{ rel: 'counter', method: 'POST', href: '/x' }] as const;
    const talk = (id: string) => ({ ...view(0, beyond), id, next }) as unknown as OperationView;
    expect(buyer.move(talk('a'))).toMatchObject({ kind: 'counter', last: true });
    expect(buyer.move(talk('a')).kind).toBe('withdraw');
    expect(buyer.move(talk('b'))).toMatchObject({ kind: 'counter', last: true });
  });

  it('goes on where it stood after a withdrawal, and after a crash; a deal ends the matter', () => {
    const directory = mkdtempSync(join(tmpdir(), 'parley-buyer-'));
    const path = join(directory, 'memory.json');
    const open = () => makeBuyer({ goals: GOALS, about: 'K-1', memory: fileMemory(path) });
    const priceOf = (move: ReturnType<typeof buyerMove>) =>
      move.kind === 'counter' ? (move.terms['unit_price'] as { amount: number }).amount : Number.NaN;
    const bid = (left: number, buyer = open()) => priceOf(buyer.move(view(left, offer(TERMS))));
    try {
      const first = bid(5);
      const late = bid(3);
      expect(late).toBeGreaterThan(first);
      // A new talk, a new process, all rounds ahead.
      expect(bid(6)).toBe(late);
      expect(priceOf(open().move(view(6)))).toBe(late);
      open().ended({ state: 'withdrawn' } as OperationView);
      expect(bid(6)).toBe(late);
      open().ended({ state: 'completed' } as OperationView);
      expect(bid(5)).toBe(first);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
