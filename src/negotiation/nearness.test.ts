import { describe, expect, it } from 'vitest';
import { RENEWAL_FACTS, ROUNDS_MAX, refundCase, seeded } from '../../test/support/bargain.ts';
import { type Move, makeCompanySide, parseNegotiationPolicy } from './core.ts';

const eur = (amount: number) => ({ amount, currency: 'EUR' });
const POLICY = {
  main: { issue: '/unit_price', percent_of: '/unit_price', open: 104, concede_to: 97, limit: 90 },
  issues: {
    '/term_months': { range: [12, 36], open: 24, worth: { 12: 0, 24: 4, 36: 8 } },
    '/seats': { range: [5, 500] },
  },
  alternatives: 1,
};

function company(changed: object = {}, facts = RENEWAL_FACTS, policy: object = POLICY) {
  const parsed = parseNegotiationPolicy({ ...policy, ...changed }, facts.issues, 'test');
  if (!parsed.ok) throw new Error(parsed.error.join(', '));
  const side = makeCompanySide(parsed.value, facts, { roundsMax: ROUNDS_MAX });
  if (!side.ok) throw new Error(side.error.code);
  return (proposal: object | null): Extract<Move, { kind: 'offer' }> => {
    const move = side.value.next(proposal as never);
    if (!move.ok || move.value.kind !== 'offer') throw new Error('no offer');
    return move.value;
  };
}

function priceOf({ offers }: Extract<Move, { kind: 'offer' }>): number {
  const price = offers.at(-1)?.['unit_price'];
  return (price as { amount: number }).amount;
}

describe('a price', () => {
  it('that nobody named is not met: the package asked for has its own', () => {
    const next = company();
    expect(priceOf(next(null))).toBe(4_900);
    // What the price would be "as last offered" is 4900, which is more than three years cost.
    const move = next({ term_months: 36 });
    expect(move).toMatchObject({ matched: false, offers: [{ term_months: 36 }] });
    expect(priceOf(move)).toBe(4_636);
  });

  it('above our own ask is capped at it', () => {
    expect(priceOf(company()({ term_months: 24, unit_price: eur(6_000) }))).toBe(4_900);
    const next = company();
    next(null);
    // Never offered, and on the path of the last round 4704 at most.
    const move = next({ term_months: 36, unit_price: eur(4_900) });
    expect([move.matched, priceOf(move)]).toEqual([true, 4_704]);
    // Between the last ask and this round's: theirs.
    const near = company();
    near(null);
    expect(priceOf(near({ term_months: 24, unit_price: eur(4_860) }))).toBe(4_860);
  });

  it('of a refund below what we would give is no gain of ours', () => {
    const given = refundCase(seeded(7));
    const policy = {
      main: { issue: '/amount', percent_of: '/total', open: 60, concede_to: 80, limit: 90 },
      issues: { '/form': { allow: ['refund', 'credit'] } },
    };
    const move = company({}, given.facts, policy)({ amount: eur(100) });
    expect(move).toMatchObject({ matched: true, offers: [{ amount: eur(7_407) }] });
  });
});

describe('a step', () => {
  it('of a cent is no movement: what stands, stands', () => {
    const next = company();
    let asked = priceOf(next(null));
    const offered = Array.from({ length: ROUNDS_MAX - 1 }, () => {
      asked -= 1;
      return priceOf(next({ term_months: 24, unit_price: eur(asked) }));
    });
    expect(offered).toEqual([4_900, 4_900, 4_900, 4_900, 4_900]);
  });

  it('to our own price is met at it, and rewards no echo', () => {
    const next = company();
    let price = priceOf(next(null));
    for (let round = 2; round <= ROUNDS_MAX; round += 1)
      price = priceOf(next({ term_months: 24, unit_price: eur(price) }));
    expect(price).toBe(4_900);
  });

  it('of a percent is met at what it asks', () => {
    const next = company();
    next(null);
    expect(priceOf(next({ term_months: 24, unit_price: eur(4_851) }))).toBe(4_851);
  });
});

describe('reciprocity', () => {
  const last = (changed: object, ask: (round: number) => number): number => {
    const next = company(changed);
    let price = priceOf(next(null));
    for (let round = 2; round <= ROUNDS_MAX; round += 1)
      price = priceOf(next({ term_months: 24, unit_price: eur(ask(round)) }));
    return price;
  };
  const end = Math.ceil((4_900 * 93) / 100);

  it('keeps the last part of the path for those who come near', () => {
    const stays = () => 3_000;
    expect(last({}, stays)).toBe(end);
    // A quarter of 7 percent of 4900 is kept.
    expect(last({ reciprocity: 25 }, stays)).toBe(end + 86);
    const near = (round: number) => (round < ROUNDS_MAX ? 3_000 : end - 1);
    expect(last({ reciprocity: 25 }, near)).toBeLessThanOrEqual(end + 1);
  });

  it('does not take a great step from nowhere for nearness', () => {
    expect(last({ reciprocity: 50 }, (round) => (round < 4 ? 1 : 3_900))).toBe(end + 172);
  });

  it('gives an imitator no more than it comes near', () => {
    const imitates = (changed: object) => {
      const next = company(changed);
      const first = priceOf(next(null));
      let price = first;
      for (let round = 2; round <= ROUNDS_MAX; round += 1)
        price = priceOf(next({ term_months: 24, unit_price: eur(3_700 + (first - price)) }));
      return price;
    };
    expect(imitates({})).toBe(end);
    expect(imitates({ reciprocity: 30 })).toBeGreaterThan(end + 60);
  });
});

describe('an end without an agreement', () => {
  const ended = (changed: object, ...asked: readonly (object | null)[]) => {
    const parsed = parseNegotiationPolicy({ ...POLICY, ...changed }, RENEWAL_FACTS.issues, 'test');
    if (!parsed.ok) throw new Error(parsed.error.join(', '));
    const side = makeCompanySide(parsed.value, RENEWAL_FACTS, { roundsMax: ROUNDS_MAX });
    if (!side.ok) throw new Error(side.error.code);
    for (const proposal of [null, ...asked]) side.value.next(proposal as never);
    const { person, inReach } = side.value.unmet();
    return [person, inReach];
  };
  const at = (amount: number) => ({ term_months: 24, unit_price: eur(amount) });

  it('is a person’s where one price that was named is within the gap, however the talk went on', () => {
    expect(ended({}, at(4_300))).toEqual([true, true]);
    expect(ended({}, at(4_150))).toEqual([true, false]);
    expect(ended({}, at(4_050))).toEqual([false, false]);
    expect(ended({ people: { within_percent: 25 } }, at(3_500))).toEqual([true, false]);
    expect(ended({}, at(4_300), at(100), at(100))).toEqual([true, true]);
    expect(ended({ people: { within_percent: 5 } }, at(4_300))).toEqual([false, true]);
  });

  it('is nobody’s where nothing was asked for, no price was named, or it was offered', () => {
    expect(ended({}, null)).toEqual([false, false]);
    expect(ended({}, { term_months: 36 })).toEqual([false, false]);
    expect(ended({}, at(4_890))).toEqual([false, false]);
    expect(ended({ people: 'none' }, at(4_300))).toEqual([false, true]);
  });

  it('is a person’s or not whatever the limit is', () => {
    for (let asked = 3_000; asked < 4_900; asked += 37)
      expect(
        new Set([96, 90, 60, 0].map((limit) => ended({ main: { ...POLICY.main, limit } }, at(asked), at(asked))[0]))
          .size,
      ).toBe(1);
  });
});
