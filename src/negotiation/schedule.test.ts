import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import type { Schedule, Terms } from '../../protocol/operation.ts';
import { chosenTerms, pricedPackages } from '../../protocol/schedule.ts';
import { RENEWAL_FACTS } from '../../test/support/bargain.ts';
import { acceptable, type Move, makeCompanySide, parseNegotiationPolicy } from './core.ts';

const eur = (amount: number) => ({ amount, currency: 'EUR' });
const MAIN = { issue: '/unit_price', percent_of: '/unit_price', open: 100, concede_to: 90, limit: 80 };
const ISSUES = {
  '/term_months': { range: [12, 36], worth: { 12: 0, 24: 4, 36: 8 } },
  '/seats': { range: [5, 500], worth: { '100%': 0, '125%': 2 } },
  '/start_date': { range: [0, 30] },
  '/notice_days': { range: [30, 90] },
};

function policy(changes: JsonObject = {}) {
  const parsed = parseNegotiationPolicy({ main: MAIN, issues: ISSUES, ...changes }, RENEWAL_FACTS.issues, 'test');
  if (!parsed.ok) throw new Error(parsed.error.join(', '));
  return parsed.value;
}

function talk(changes: JsonObject, ...proposals: (Terms | null)[]): Extract<Move, { kind: 'offer' }>[] {
  const side = makeCompanySide(policy(changes), RENEWAL_FACTS, { roundsMax: 6 });
  if (!side.ok) throw new Error(side.error.code);
  return proposals.map((proposal) => {
    const move = side.value.next(proposal);
    if (!move.ok || move.value.kind !== 'offer') throw new Error('no offer');
    return move.value;
  });
}

const scheduleOf = (move: Move | undefined): Schedule => {
  if (move?.kind !== 'offer' || move.schedule === undefined) throw new Error('no schedule');
  return move.schedule;
};
const valuesOf = (move: Move | undefined) =>
  Object.fromEntries(scheduleOf(move).issues.map(({ pointer, values }) => [pointer, values]));

describe('N1: the company’s schedule', () => {
  it('prices every package at the worth of its offer: one is as good to the company as another', () => {
    const [move] = talk({}, null);
    expect(scheduleOf(move)).toEqual({
      main: '/unit_price',
      unit: { currency: 'EUR' },
      issues: [
        { pointer: '/term_months', values: [12, 24, 36] },
        { pointer: '/seats', values: [25, 32] },
      ],
      // 49.00 EUR less 4 and 8 % for the term, and 2 % for seats.
      prices: [4_900, 4_802, 4_704, 4_606, 4_508, 4_410],
      firmness: 'binding',
      indicative: [],
    });
  });

  it('has what they asked for and what is offered among its values, and nothing the company is indifferent to', () => {
    const asked = { unit_price: eur(3_000), term_months: 18, seats: 40, notice_days: 30 };
    const moves = talk({}, asked, { unit_price: eur(3_100), term_months: 30 });
    expect(valuesOf(moves[0])).toEqual({ '/term_months': [12, 18, 24, 36], '/seats': [25, 32, 40] });
    expect(valuesOf(moves[1])).toEqual({ '/term_months': [12, 18, 24, 30, 36], '/seats': [25, 32, 40] });
    for (const move of moves)
      for (const terms of move.offers) {
        const { term_months, seats } = terms;
        const choice = { '/term_months': term_months ?? null, '/seats': seats ?? null };
        const last = { terms: move.offers.at(-1) ?? {}, schedule: scheduleOf(move) };
        expect(chosenTerms(last, choice)).toEqual({ ok: true, value: terms });
      }
  });

  it('falls with the path, never rises, and stays when nothing but a cent was said', () => {
    const moves = talk({}, null, { unit_price: eur(3_000) }, { unit_price: eur(3_500) }, { unit_price: eur(3_600) });
    const prices = moves.map(
      (move) =>
        new Map(
          pricedPackages(scheduleOf(move)).map(({ choice, price }) => [
            JSON.stringify(choice),
            price as { amount: number },
          ]),
        ),
    );
    for (const [index, now] of prices.entries())
      for (const [choice, price] of now) {
        const before = prices[index - 1]?.get(choice);
        if (before !== undefined) expect(price.amount).toBeLessThan(before.amount);
      }
    const [, , last] = moves;
    const stated = acceptable(last as Move).at(-1) as { unit_price: { amount: number } } & Terms;
    const cent = talk(
      {},
      null,
      { unit_price: eur(3_000) },
      { unit_price: eur(3_500) },
      { ...stated, unit_price: eur(stated.unit_price.amount - 1) },
    );
    expect(scheduleOf(cent[3]).prices).toEqual(scheduleOf(last).prices);
  });

  it('is answered with what it says: who asks for a package at its price has it', () => {
    for (const pick of [0, 3, 5]) {
      const [first] = talk({}, { unit_price: eur(3_000) });
      const terms = acceptable(first as Move).slice(first?.offers.length)[pick];
      if (terms === undefined) throw new Error('no package');
      const [, met] = talk({}, { unit_price: eur(3_000) }, terms);
      expect(met).toMatchObject({ matched: true, offers: [terms] });
      expect(met?.schedule).toBeUndefined();
    }
  });

  it('names the positions the policy says, and leaves out the issues it says', () => {
    const schedule = { '/term_months': [12, 18], '/seats': [], '/notice_days': [30, 60] };
    const [move] = talk({ schedule }, null);
    expect(valuesOf(move)).toEqual({ '/term_months': [12, 18, 36], '/notice_days': [30, 60] });
    expect(valuesOf(talk({ schedule: { '/seats': ['100%', '200%'] } }, null)[0])).toMatchObject({
      '/seats': [25, 32, 50],
    });
    expect(talk({ schedule: false }, null)[0]?.schedule).toBeUndefined();
    expect(talk({ issues: { '/term_months': { range: [12, 36] } } }, null)[0]?.schedule).toBeUndefined();
  });

  it('stays as small as it may be, and keeps what is offered', () => {
    const many = Array.from({ length: 40 }, (_, index) => 12 + index);
    const wide = { ...ISSUES, '/term_months': { range: [12, 60], worth: { 12: 0, 60: 8 } } };
    const schedule = {
      '/term_months': many,
      '/seats': many.map((each) => each * 2),
      '/notice_days': [30, 45, 60, 75, 90],
    };
    const [move] = talk({ issues: wide, schedule }, { unit_price: eur(3_000), term_months: 49, seats: 77 });
    const { prices, issues } = scheduleOf(move);
    expect(prices.length).toBeLessThanOrEqual(LIMITS.schedulePackagesMax / 4);
    expect(prices.length).toBeGreaterThan(60);
    expect(issues[0]?.values).toContain(49);
    expect(issues[1]?.values).toContain(77);
  });

  it('says what its own policy has wrong, at once and without its values', () => {
    const parsed = parseNegotiationPolicy(
      {
        main: MAIN,
        issues: { ...ISSUES, '/payment_days': { range: [0, 60] } },
        schedule: {
          '/unit_price': [1_234],
          '/nothing': [],
          '/term_months': [12, 12, 61, 'twenty', 1.5],
          '/seats': '25',
          '/start_date': ['110%'],
          '/notice_days': Array.from({ length: 300 }, (_, index) => index),
        },
      },
      RENEWAL_FACTS.issues,
      'test',
    );
    expect(parsed.ok ? [] : parsed.error).toEqual([
      '/schedule//unit_price must be one of the policy’s /issues',
      '/schedule//nothing must be one of the policy’s /issues',
      '/schedule//term_months/2 must lie in the issue’s range',
      '/schedule//term_months/3 must be a whole number, or percent as in "125%"',
      '/schedule//term_months/4 must be a whole number, or percent as in "125%"',
      '/schedule//term_months names a position twice',
      '/schedule//seats must be a list of at most 64 positions',
      '/schedule//start_date/0 must be a whole number, or percent as in "125%"',
      '/schedule//notice_days must be a list of at most 64 positions',
    ]);
    for (const schedule of [true, 'all', [], null])
      expect(parseNegotiationPolicy({ main: MAIN, issues: ISSUES, schedule }, RENEWAL_FACTS.issues, 'test')).toEqual({
        ok: false,
        error: ['/schedule must be false, or an object of positions by issue'],
      });
  });
});
