import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeId } from '../../protocol/base/ids.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { Offer, Terms } from '../../protocol/operation.ts';
import {
  type Case,
  play,
  RENEWAL_FACTS,
  ROUNDS_MAX,
  refundCase,
  renewalCase,
  seeded,
} from '../../test/support/bargain.ts';
import { buyerMove } from '../client/buyer.ts';
import type { BuyerGoals } from '../client/goals.ts';
import { appraise, type Move, makeCompanySide, parseNegotiationPolicy } from './core.ts';

const eur = (amount: number) => ({ amount, currency: 'EUR' });
const POLICY: JsonObject = {
  main: { issue: '/unit_price', percent_of: '/unit_price', open: 104, concede_to: 97, limit: 90 },
  issues: {
    '/term_months': { range: [12, 36], open: 24, worth: { 12: 0, 24: 4, 36: 8 } },
    '/seats': { range: [5, 500], worth: { '100%': 0, '125%': 2 } },
    '/start_date': { range: [0, 30] },
    '/notice_days': { range: [30, 90] },
  },
  beta: 0.8,
};

function policyOf(json: JsonObject) {
  const parsed = parseNegotiationPolicy(json, RENEWAL_FACTS.issues, 'test');
  if (!parsed.ok) throw new Error(parsed.error.join(', '));
  return parsed.value;
}

function company(json: JsonObject = POLICY, mayDiscount = () => true): (proposal: Terms | null) => Move {
  const side = makeCompanySide(policyOf(json), RENEWAL_FACTS, { roundsMax: ROUNDS_MAX, mayDiscount });
  if (!side.ok) throw new Error(side.error.code);
  return (proposal) => {
    const move = side.value.next(proposal);
    if (!move.ok) throw new Error(move.error.code);
    return move.value;
  };
}

function offersOf(move: Move): readonly Terms[] {
  if (move.kind !== 'offer') throw new Error(`an impasse: ${move.why}`);
  return move.offers;
}

const TODAY = {
  unit_price: eur(4_900),
  term_months: 12,
  seats: 25,
  start_date: '2027-01-01',
  notice_days: 60,
  payment_days: 30,
};

describe('the company', () => {
  it('opens as the policy says, with what else it would as gladly sign', () => {
    expect(offersOf(company()(null))).toEqual([
      { ...TODAY, term_months: 36, unit_price: eur(4_704) },
      { ...TODAY, term_months: 36, seats: 32, unit_price: eur(4_606) },
      { ...TODAY, term_months: 24, unit_price: eur(4_900) },
    ]);
  });

  it('offers alternatives of equal worth to itself', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = seeded(seed);
        const given = renewalCase(random);
        for (const move of play(given, given.policy, () => given.anything(random))) {
          if (move.kind === 'impasse' || move.offers.length < 2) continue;
          const worth = move.offers.map((terms) => {
            const read = appraise(policyOf(given.policy), given.facts, terms);
            if (!read.ok) throw new Error(read.error.code);
            expect(read.value.admissible).toBe(true);
            return read.value.utility;
          });
          // But for those that a limit has stopped. A cent of rounding, on a scale from the limit to the opening.
          if (move.offers.some((terms) => given.breach(given.mainAt(terms, given.amountOf(terms) - 1)) !== undefined))
            continue;
          if (Math.min(...worth) > 0.05) expect(Math.max(...worth) - Math.min(...worth)).toBeLessThan(0.05);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('takes their wishes as they are while it knows nothing, and prices them', () => {
    const [terms] = offersOf(company()({ term_months: 36, seats: 32, unit_price: eur(4_000) })).slice(-1);
    expect(terms).toEqual({ ...TODAY, term_months: 36, seats: 32, unit_price: eur(4_606) });
  });

  it('trades on what they have moved on, and leaves alone what they never moved on', () => {
    const next = company();
    next({ term_months: 12, seats: 25, unit_price: eur(3_000) });
    next({ term_months: 24, seats: 25, unit_price: eur(3_100) });
    const [terms] = offersOf(next({ term_months: 24, seats: 25, unit_price: eur(3_200) })).slice(-1);
    expect(terms).toMatchObject({ term_months: 36, seats: 25 });
  });

  it('prices payment terms like any other issue', () => {
    const worth = { 14: 1, 30: 0.5, 60: 0 };
    const issues = { ...(POLICY['issues'] as JsonObject), '/payment_days': { range: [14, 60], worth } };
    const asked = (payment_days: number) => {
      const move = company({ ...POLICY, issues })({ ...TODAY, payment_days, unit_price: eur(4_000) });
      const [terms] = offersOf(move).slice(-1);
      return terms?.['unit_price'];
    };
    expect([asked(60), asked(30), asked(14)]).toEqual([eur(5_096), eur(5_072), eur(5_047)]);
  });

  it('never asks for more than it once did for the same package', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = seeded(seed);
        const given = renewalCase(random);
        const least = new Map<string, number>();
        for (const move of play(given, given.policy, () => given.anything(random))) {
          if (move.kind === 'impasse' || move.matched) continue;
          for (const { unit_price: price, ...rest } of move.offers) {
            const [key, { amount }] = [JSON.stringify(rest), price as { amount: number }];
            expect(amount).toBeLessThanOrEqual(least.get(key) ?? Number.POSITIVE_INFINITY);
            least.set(key, amount);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('agrees to a proposal that reaches its ask, as it stands', () => {
    const next = company();
    next(null);
    const wanted = { ...TODAY, term_months: 24, unit_price: eur(4_890) };
    expect(next(wanted)).toEqual({ kind: 'offer', offers: [wanted], matched: true, final: false });
  });

  it('offers nothing that costs when the budget is used up, or calls a person', () => {
    const budget = { per: 'month', amount: 1_000, currency: 'EUR', times: ['/seats', '/term_months'] };
    const next = company({ ...POLICY, budget }, () => false);
    for (let round = 0; round < ROUNDS_MAX - 1; round += 1)
      for (const terms of offersOf(next({ term_months: 36, unit_price: eur(4_000) })))
        expect((terms['unit_price'] as { amount: number }).amount).toBeGreaterThanOrEqual(4_900);
    const strict = company({ ...POLICY, budget: { ...budget, exhausted: 'person' } }, () => false);
    expect(strict({ unit_price: eur(4_800) })).toMatchObject({ kind: 'impasse', why: 'budget' });
    expect(
      company({ ...POLICY, budget: { ...budget, exhausted: 'person' } }, () => false)({ unit_price: eur(5_200) }),
    ).toMatchObject({ matched: true });
  });

  it('keeps what is not open to negotiation as it was asked', () => {
    const given = refundCase(seeded(7));
    const side = makeCompanySide(refundPolicy(given), given.facts, { roundsMax: ROUNDS_MAX });
    if (!side.ok) throw new Error(side.error.code);
    const refused = side.value.next({ order: 'O-2' });
    expect(refused).toMatchObject({ ok: false, error: { code: 'terms-invalid' } });
    const moved = side.value.next({ order: 'O-1', form: 'credit' });
    expect(moved.ok && offersOf(moved.value).every(({ order }) => order === 'O-1')).toBe(true);
  });

  it.each([
    ['another currency', { unit_price: { amount: 1, currency: 'USD' } }],
    ['no number', { seats: 'many' }],
    ['no date', { start_date: 'soon' }],
    ['more precision than there is', { term_months: 12.5 }],
    ['an unknown term', { discount: 50 }],
  ])('refuses %s', (_name, proposal) => {
    const side = makeCompanySide(policyOf(POLICY), RENEWAL_FACTS, { roundsMax: ROUNDS_MAX });
    expect(side.ok && side.value.next(proposal)).toMatchObject({ ok: false, error: { code: 'terms-invalid' } });
  });

  it('does not begin on a record that lacks what terms start from', () => {
    const { unit_price: _price, ...record } = RENEWAL_FACTS.record;
    expect(makeCompanySide(policyOf(POLICY), { ...RENEWAL_FACTS, record }, { roundsMax: 1 })).toMatchObject({
      ok: false,
      error: { code: 'record-unusable' },
    });
  });
});

function refundPolicy(given: Case) {
  const parsed = parseNegotiationPolicy(given.policy, given.facts.issues, 'test');
  if (!parsed.ok) throw new Error(parsed.error.join(', '));
  return parsed.value;
}

describe('a policy', () => {
  it('says all its mistakes at once and repeats no value', () => {
    const parsed = parseNegotiationPolicy(
      {
        main: {
          issue: '/unit_price',
          percent_of: '/unit_price',
          open: 777,
          concede_to: 55.5,
          limit: 66.6,
          never: 88.8,
        },
        issues: {
          '/term_months': { range: [44, 33], open: 4_321, worth: { twelve: 1, 24: 9_876 } },
          '/seats': { range: [1.5], worth: { '100%': 0, 125: 2 } },
          '/unit_price': { range: [0, 1] },
          '/nothing': {},
        },
        beta: 'fast',
        alternatives: 9,
        hold: 'perhaps',
        budget: { per: 'fortnight', amount: -1, currency: 'Euro', times: ['/start_date'], exhausted: 'x' },
        floor: 1_234,
      },
      RENEWAL_FACTS.issues,
      'test',
    );
    if (parsed.ok) throw new Error('it was accepted');
    expect(parsed.error).toEqual(
      [
        '/floor is not known',
        '/main/open must be a number from 0 to 500',
        '/main must fall: open, concede_to, limit',
        '/main/never must lie beyond concede_to',
        '/beta must be a number from 0.05 to 20',
        '/issues//term_months/worth/twelve must be a whole number, or all of them percentages',
        '/issues//term_months/worth/24 must be a number from -100 to 100',
        '/issues//term_months/range is empty',
        '/issues//term_months/open must lie in the range',
        '/issues//seats/worth/100% must be a whole number, or all of them percentages',
        '/issues//seats/range must be [least, most]',
        '/issues//seats/range/0 must be a whole number',
        '/issues//unit_price is the main issue',
        '/issues//nothing is not a negotiable issue of the action',
        '/alternatives must be a number from 1 to 5',
        '/hold must be never, final or always',
        '/budget/per must be day, week, month, quarter or year',
        '/budget/currency must be ISO 4217',
        '/budget/times must name issues that are numbers',
        '/budget/exhausted must be no_discount or person',
        '/budget/amount must be a number from 0 to 1000000000000',
      ].sort((a, b) => parsed.error.indexOf(a) - parsed.error.indexOf(b)),
    );
    expect(parsed.error.join(' ')).not.toMatch(/777|55[.]5|66[.]6|88[.]8|4321|9876|1234|fortnight|fast|perhaps/);
  });
});

describe('the company and an honest buyer', () => {
  const goals = fc.record({
    wish: fc.integer({ min: 3_500, max: 4_700 }),
    span: fc.integer({ min: 1, max: 900 }),
    term: fc.constantFrom(12, 24, 36),
    seats: fc.integer({ min: 20, max: 60 }),
  });
  type Wanted = { wish: number; span: number; term: number; seats: number };

  function deal(next: (proposal: Terms | null) => Move, { wish, span, term, seats }: Wanted): Terms | undefined {
    const wants: BuyerGoals = {
      terms: {
        unit_price: { wish: eur(wish), most: eur(wish + span), weight: 4 },
        term_months: { wish: term, most: 36 },
        seats: { wish: seats },
        notice_days: { wish: 60, most: 60 },
      },
    };
    let proposal: Terms | null = null;
    for (let round = 1; round <= ROUNDS_MAX; round += 1) {
      const move = next(proposal);
      if (move.kind === 'impasse') return undefined;
      const answer = buyerMove(wants, {
        offers: move.offers.map(asOffer),
        open_offers: ids(move),
        rounds_left: ROUNDS_MAX - round,
      });
      if (answer.kind === 'accept') return answer.offer.terms;
      if (answer.kind === 'withdraw') return undefined;
      proposal = answer.terms;
    }
    return undefined;
  }
  const idOf = (index: number) => makeId('of', `01900000-0000-7000-8000-${String(index).padStart(12, '0')}`);
  const ids = (move: Move) => offersOf(move).map((_terms, index) => idOf(index));
  const asOffer = (terms: Terms, index: number): Offer => ({
    id: idOf(index),
    parent: null,
    by: 'company',
    terms,
    terms_digest: '',
    firmness: 'binding',
    made_at: '',
    expires_at: '',
  });

  it('agree within both limits', () => {
    fc.assert(
      fc.property(fc.integer(), goals, (seed, wanted) => {
        const given = renewalCase(seeded(seed));
        const terms = deal(company(given.policy), wanted);
        if (terms === undefined) return;
        expect(given.breach(terms)).toBe(undefined);
        expect(given.amountOf(terms)).toBeLessThanOrEqual(wanted.wish + wanted.span);
        expect(terms['seats']).toBe(wanted.seats);
      }),
      { numRuns: 500 },
    );
  });

  it('agree whenever the buyer can pay what the company concedes to', () => {
    const samples = fc.sample(goals, 300).filter(({ wish, span }) => wish + span >= 4_900 * 0.97);
    const agreed = samples.filter((wanted) => deal(company(), wanted) !== undefined);
    expect(samples.length).toBeGreaterThan(20);
    expect(agreed.length / samples.length).toBeGreaterThanOrEqual(0.95);
  });
});
