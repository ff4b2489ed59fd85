import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeId } from '../../protocol/base/ids.ts';
import type { Offer, Terms } from '../../protocol/operation.ts';
import { buyerMove } from './buyer.ts';
import type { BuyerGoals } from './goals.ts';

const eur = (amount: number) => ({ amount, currency: 'EUR' });
const ROUNDS = 6;

let made = 0;
function offer(terms: Terms, by: Offer['by'] = 'company'): Offer {
  made += 1;
  const id = makeId('of', `01900000-0000-7000-8000-${String(made).padStart(12, '0')}`);
  return { id, parent: null, by, terms, terms_digest: '', firmness: 'binding', made_at: '', expires_at: '' };
}

const talk = (left: number, ...offers: Offer[]) => ({
  offers,
  open_offers: offers.filter(({ by }) => by === 'company').map(({ id }) => id),
  rounds_left: left,
});

const GOALS: BuyerGoals = {
  terms: {
    unit_price: { wish: eur(4_300), most: eur(4_700), weight: 4 },
    term_months: { wish: 24, most: 36 },
    seats: { wish: 32 },
    start_date: { wish: '2027-01-01', most: '2027-01-31' },
    form: { wish: 'invoice', or: ['card'] },
  },
  budget: { most: eur(4_700 * 24 * 32), of: ['unit_price', 'term_months', 'seats'] },
};
const SIDES = { term_months: 24, seats: 32, start_date: '2027-01-01', form: 'invoice' };

describe('a buyer', () => {
  it('begins with its wishes', () => {
    expect(buyerMove(GOALS, talk(ROUNDS))).toEqual({
      kind: 'counter',
      terms: { ...SIDES, unit_price: eur(4_300) },
    });
  });

  it('takes the offer of several that does best for it', () => {
    const [a, b, c] = [4_600, 4_500, 4_400].map((amount, index) =>
      offer({ ...SIDES, unit_price: eur(amount), term_months: [24, 24, 36][index] ?? 0 }),
    ) as [Offer, Offer, Offer];
    expect(buyerMove(GOALS, talk(0, a, b, c))).toMatchObject({ kind: 'accept', offer: b });
  });

  it('gives up rather than go beyond a bound at the end', () => {
    const beyond: Terms[] = [
      { ...SIDES, unit_price: eur(4_701) },
      { ...SIDES, unit_price: { amount: 4_300, currency: 'USD' } },
      { ...SIDES, unit_price: eur(4_300), seats: 31 },
      { ...SIDES, unit_price: eur(4_300), start_date: '2027-02-01' },
      { ...SIDES, unit_price: eur(4_300), form: 'direct debit' },
      { ...SIDES, unit_price: eur(4_700), term_months: 36 },
      { unit_price: eur(4_300) },
    ];
    for (const terms of beyond) expect(buyerMove(GOALS, talk(0, offer(terms))).kind).toBe('withdraw');
    const within = offer({ ...SIDES, unit_price: eur(4_700), start_date: '2027-01-31', form: 'card' });
    expect(buyerMove(GOALS, talk(0, within)).kind).toBe('accept');
  });

  it('N8: says its last word where a person may still decide, once, and within its bounds', () => {
    const next = [{ rel: 'counter', method: 'POST', href: '/x' }] as const;
    const over = { ...talk(0, offer({ ...SIDES, unit_price: eur(4_800) })), next };
    expect(buyerMove(GOALS, over)).toEqual({
      kind: 'counter',
      terms: { ...SIDES, unit_price: eur(4_700) },
      last: true,
    });
    expect(buyerMove(GOALS, over, { lastWordSaid: true })).toMatchObject({
      kind: 'withdraw',
      why: { because: 'no_rounds_left' },
    });
    // What is within its bounds it takes; where nothing is, it says nothing.
    expect(buyerMove(GOALS, { ...talk(0, offer({ ...SIDES, unit_price: eur(4_690) })), next }).kind).toBe('accept');
    const limits = [{ of: ['seats'], most: 5 }];
    for (const seats of [{ wish: 32 }, { wish: 32, least: 30 }])
      expect(buyerMove({ terms: { ...GOALS.terms, seats }, limits }, over)).toMatchObject({
        kind: 'withdraw',
        why: { because: 'nothing_within' },
      });
  });

  it('never accepts and never proposes beyond its bounds, whatever it is offered', () => {
    const anything = fc.record({
      unit_price: fc.record({
        amount: fc.integer({ min: 0, max: 10_000 }),
        currency: fc.constantFrom('EUR', 'EUR', 'EUR', 'USD'),
      }),
      term_months: fc.integer({ min: 1, max: 60 }),
      seats: fc.constantFrom(31, 32, 33),
      start_date: fc.constantFrom('2026-12-01', '2027-01-01', '2027-01-15', '2027-03-01'),
      form: fc.constantFrom('invoice', 'card', 'cash'),
    });
    const limits = ({ unit_price: price, term_months: term, seats, start_date: start, form }: Terms) => {
      const { amount, currency } = price as { amount: number; currency: string };
      expect(amount).toBeLessThanOrEqual(4_700);
      expect(currency).toBe('EUR');
      expect(term).toBeLessThanOrEqual(36);
      expect(seats).toBe(32);
      expect(String(start) <= '2027-01-31').toBe(true);
      expect(['invoice', 'card']).toContain(form);
      expect(amount * Number(term) * Number(seats)).toBeLessThanOrEqual(4_700 * 24 * 32);
    };
    fc.assert(
      fc.property(fc.array(anything, { minLength: 1, maxLength: 3 }), fc.nat({ max: ROUNDS }), (offered, left) => {
        const next = [{ rel: 'counter', method: 'POST', href: '/x' }] as const;
        const move = buyerMove(GOALS, { ...talk(left, ...offered.map((terms) => offer(terms))), next });
        if (move.kind === 'accept') limits(move.offer.terms);
        if (move.kind === 'counter') limits(move.terms);
      }),
      { numRuns: 2_000 },
    );
  });

  it('trades: what an offer is better in than wished for now, it pays for', () => {
    const [longer, plain] = [30, 24].map((term) => offer({ ...SIDES, unit_price: eur(4_690), term_months: term }));
    if (longer === undefined || plain === undefined) throw new Error('no offers');
    const { terms } = GOALS;
    const [traded, straight] = [longer, plain].map((each) => buyerMove({ terms }, talk(3, each)));
    expect(straight).toMatchObject({ kind: 'counter', terms: { term_months: 24 } });
    expect(traded).toMatchObject({ kind: 'counter', terms: { term_months: 30 } });
  });

  it('does not bargain about what there is no money for', () => {
    const goals: BuyerGoals = {
      ...GOALS,
      budget: { most: eur(4_500 * 24 * 32), of: ['unit_price', 'term_months', 'seats'] },
    };
    const longer = offer({ ...SIDES, unit_price: eur(4_300), term_months: 30 });
    const move = buyerMove(goals, talk(3, longer));
    expect(move).toMatchObject({ kind: 'counter', terms: { term_months: 24, unit_price: eur(4_500) } });
  });

  it('lets what has a bound give way where there is no money', () => {
    const goals: BuyerGoals = { terms: { days: { wish: 10, most: 30 }, place: { wish: 'north' } } };
    expect(buyerMove(goals, talk(3, offer({ days: 40, place: 'north' })))).toEqual({
      kind: 'counter',
      terms: { days: 20, place: 'north' },
    });
  });
});
