import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeId } from '../../protocol/ids.ts';
import type { Offer } from '../../protocol/operation.ts';
import { type BuyerGoals, buyerMove } from '../client/buyer.ts';
import { type NegotiationPolicy, parseNegotiationPolicy } from './policy.ts';
import { companyMove, type Move } from './strategy.ts';
import type { ContractFacts, RenewalTerms } from './terms.ts';

const ROUNDS_MAX = 6;
const RUNS = 1_700;

interface Numbers {
  readonly floor: number;
  readonly concede: number;
  readonly open: number;
  readonly year: number;
  readonly growth: number;
  readonly beta: number;
}

const facts: ContractFacts = {
  unit_price: { amount: 4_900, currency: 'EUR' },
  term_months: 12,
  seats: 25,
  start_date: '2026-01-01',
  end_date: '2026-12-31',
  notice_days: 60,
};

function policyOf({ floor, concede, open, year, growth, beta }: Numbers): NegotiationPolicy {
  const parsed = parseNegotiationPolicy({
    term_months: { min: 12, max: 36 },
    preferred_term_months: 24,
    seats: { min: 5, max: 500 },
    start_delay_days: { min: 0, max: 30 },
    notice_days: { min: 30, max: 90 },
    price_percent: { open, concede_to: concede, floor },
    rebate_percent: { per_extra_year: year, for_growth: growth },
    beta,
  });
  if (!parsed.ok) throw new Error(parsed.error.join(', '));
  return parsed.value;
}

/** The floor, computed anew from the policy's own words: percent of the current price less what the package earned, rounded up. */
function floorOf({ floor, year, growth }: Numbers, terms: RenewalTerms): number {
  const years = Math.max(0, Math.floor(terms.term_months / 12) - 1);
  const percent = floor - years * year - (terms.seats * 4 >= facts.seats * 5 ? growth : 0);
  return Math.ceil((facts.unit_price.amount * Math.round(percent * 100)) / 10_000);
}

const numbers: fc.Arbitrary<Numbers> = fc
  .record({
    floor: fc.integer({ min: 60, max: 95 }),
    up: fc.integer({ min: 0, max: 12 }),
    top: fc.integer({ min: 0, max: 15 }),
    year: fc.integer({ min: 0, max: 6 }),
    growth: fc.integer({ min: 0, max: 4 }),
    beta: fc.constantFrom(0.2, 0.8, 1, 3),
  })
  .map(({ floor, up, top, year, growth, beta }) => ({
    floor,
    concede: floor + up,
    open: floor + up + top,
    year,
    growth,
    beta,
  }));

const proposals = fc.array(
  fc.record({
    amount: fc.oneof(fc.constantFrom(0, 1, 999_999_999), fc.integer({ min: 1_000, max: 6_000 })),
    term: fc.constantFrom(1, 12, 13, 24, 36, 60),
    seats: fc.constantFrom(1, 5, 25, 31, 32, 500, 100_000),
    start: fc.constantFrom('2026-12-01', '2027-01-01', '2027-01-31', '2030-01-01'),
    notice: fc.constantFrom(0, 30, 60, 90, 365),
  }),
  { minLength: ROUNDS_MAX, maxLength: ROUNDS_MAX },
);

let made = 0;
function asOffer(by: 'agent' | 'company', terms: RenewalTerms): Offer {
  made += 1;
  const id = makeId('of', `01900000-0000-7000-8000-${String(made).padStart(12, '0')}`);
  return { id, parent: null, by, terms, terms_digest: '', firmness: 'binding', made_at: '', expires_at: '' };
}

/** Plays a whole talk; `next` sees everything the company ever showed. */
function play(policy: NegotiationPolicy, next: (round: number, moves: readonly Move[]) => RenewalTerms | null): Move[] {
  const offers: Offer[] = [];
  const moves: Move[] = [];
  for (let round = 1; round <= ROUNDS_MAX; round += 1) {
    const proposal = next(round, moves);
    if (proposal !== null) offers.push(asOffer('agent', proposal));
    const move = companyMove({ policy, facts, offers, proposal, round, roundsMax: ROUNDS_MAX });
    moves.push(move);
    if (move.kind === 'impasse') break;
    offers.push(asOffer('company', move.terms));
  }
  return moves;
}

function expectAdmissible(policy: Numbers, moves: readonly Move[]): void {
  for (const move of moves) {
    if (move.kind === 'impasse') continue;
    const { terms } = move;
    expect(terms.unit_price.amount).toBeGreaterThanOrEqual(floorOf(policy, terms));
    expect(terms.term_months >= 12 && terms.term_months <= 36).toBe(true);
    expect(terms.seats >= 5 && terms.seats <= 500 && terms.notice_days >= 30 && terms.notice_days <= 90).toBe(true);
  }
}

describe('the floor', () => {
  it('is not crossed by any sequence of moves (10,000 of them)', () => {
    let moves = 0;
    fc.assert(
      fc.property(numbers, proposals, (policy, asked) => {
        const played = play(policyOf(policy), (round) => {
          const each = asked[round - 1];
          return each === undefined
            ? null
            : {
                unit_price: { amount: each.amount, currency: 'EUR' },
                term_months: each.term,
                seats: each.seats,
                start_date: each.start,
                notice_days: each.notice,
              };
        });
        moves += played.length;
        expectAdmissible(policy, played);
      }),
      { numRuns: RUNS },
    );
    expect(moves).toBeGreaterThan(9_000);
  });

  it('is not found by a prober that halves the interval, nor by switching to the package with the most rebates', () => {
    fc.assert(
      fc.property(numbers, (policy) => {
        let [low, high] = [0, 6_000];
        const played = play(policyOf(policy), (round, moves) => {
          const last = moves.at(-1);
          const guess = Math.floor((low + high) / 2);
          if (last?.kind === 'offer' && last.matched) high = guess;
          else low = guess;
          const big = round % 2 === 0;
          return {
            unit_price: { amount: guess, currency: 'EUR' },
            term_months: big ? 36 : 12,
            seats: big ? 500 : 25,
            start_date: '2027-01-01',
            notice_days: 60,
          };
        });
        expectAdmissible(policy, played);
      }),
      { numRuns: 300 },
    );
  });

  it('shows in nothing until it is reached: two floors, one answer', () => {
    fc.assert(
      fc.property(numbers, proposals, (policy, asked) => {
        const lower = { ...policy, floor: policy.floor - 5 };
        const next = (round: number): RenewalTerms | null => {
          const each = asked[round - 1];
          return each === undefined
            ? null
            : {
                unit_price: { amount: each.amount, currency: 'EUR' },
                term_months: each.term,
                seats: each.seats,
                start_date: each.start,
                notice_days: each.notice,
              };
        };
        const [a, b] = [play(policyOf(policy), next), play(policyOf(lower), next)];
        const reached = a.some(
          (move) => move.kind === 'offer' && move.terms.unit_price.amount <= floorOf(policy, move.terms),
        );
        if (!reached) expect(JSON.stringify(a)).toBe(JSON.stringify(b));
      }),
    );
  });

  it('cannot be printed', () => {
    const policy = policyOf({ floor: 77.31, concede: 90, open: 104, year: 0, growth: 0, beta: 1 });
    expect(`${JSON.stringify({ policy })} ${inspect(policy, { depth: 9, showHidden: true })}`).not.toMatch(/773/);
  });
});

describe('a buyer with goals', () => {
  const goals = fc.record({
    wish: fc.integer({ min: 3_500, max: 4_700 }),
    span: fc.integer({ min: 0, max: 900 }),
    term: fc.constantFrom(12, 24, 36),
    seats: fc.integer({ min: 20, max: 60 }),
  });

  function deal(
    policy: Numbers,
    { wish, span, term, seats }: { wish: number; span: number; term: number; seats: number },
  ) {
    const wants: BuyerGoals = {
      wishUnitPrice: { amount: wish, currency: 'EUR' },
      maxUnitPrice: { amount: wish + span, currency: 'EUR' },
      termMonths: term,
      maxTermMonths: term,
      seats,
      maxNoticeDays: 60,
    };
    const offers: Offer[] = [];
    let proposal: RenewalTerms | null = null;
    for (let round = 1; round <= ROUNDS_MAX; round += 1) {
      const move = companyMove({ policy: policyOf(policy), facts, offers, proposal, round, roundsMax: ROUNDS_MAX });
      if (move.kind === 'impasse') return { wants, accepted: undefined };
      offers.push(asOffer('company', move.terms));
      const answer = buyerMove(wants, offers, ROUNDS_MAX - round, ROUNDS_MAX);
      if (answer.kind === 'accept') return { wants, accepted: answer.offer.terms as unknown as RenewalTerms };
      if (answer.kind === 'withdraw') return { wants, accepted: undefined };
      proposal = { ...(answer.terms as unknown as RenewalTerms), start_date: '2027-01-01' };
      offers.push(asOffer('agent', proposal));
    }
    return { wants, accepted: undefined };
  }

  it('never accepts beyond its limits', () => {
    fc.assert(
      fc.property(numbers, goals, (policy, wanted) => {
        const { wants, accepted } = deal(policy, wanted);
        if (accepted === undefined) return;
        expect(accepted.unit_price.amount).toBeLessThanOrEqual(wants.maxUnitPrice.amount);
        expect(accepted.term_months).toBeLessThanOrEqual(wants.maxTermMonths);
        expect(accepted.unit_price.amount).toBeGreaterThanOrEqual(floorOf(policy, accepted));
      }),
    );
  });

  it('agrees whenever its limit is above where the company concedes to', () => {
    const policy = { floor: 85, concede: 95, open: 104, year: 4, growth: 2, beta: 0.8 };
    const samples = fc.sample(goals, 200).filter(({ wish, span }) => wish + span >= 4_900 * 0.95);
    const agreed = samples.filter((wanted) => deal(policy, wanted).accepted !== undefined);
    expect(samples.length).toBeGreaterThan(20);
    expect(agreed.length / samples.length).toBeGreaterThanOrEqual(0.95);
  });
});
