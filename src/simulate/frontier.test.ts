/** What could be had, against trying everything, and against tables whose points can be reckoned by hand. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { Issue } from '../engine/world.ts';
import { parseNegotiationPolicy } from '../negotiation/core.ts';
import type { Package } from '../negotiation/space.ts';
import { admissible } from '../negotiation/table.ts';
import { cornersOf, type Deal, distanceTo, frontierFrom, frontierOf } from './frontier.ts';
import { seeded } from './random.ts';
import { type DrawCustomer, drawnFrom, makeScenario, type Scenario } from './scenario.ts';

const point = (company: number, customer: number) => ({ total: company + customer, from: company, to: company });

describe('the frontier of a table', () => {
  it('has the points that can be reckoned by hand, without transfer', () => {
    // Of six deals, (4,4) is worse for both than (5,6), and nothing is better for both than the other five.
    const all = [point(10, 1), point(8, 4), point(5, 6), point(4, 4), point(2, 9), point(1, 10)];
    const { pareto, joint, nash, kalai, feasible } = frontierFrom(all);
    expect(feasible).toBe(true);
    expect(cornersOf(pareto)).toEqual([
      { company: 10, customer: 1 },
      { company: 8, customer: 4 },
      { company: 5, customer: 6 },
      { company: 2, customer: 9 },
      { company: 1, customer: 10 },
    ]);
    expect(joint).toBe(12);
    // 8 × 4 = 32 is more than 5 × 6 = 30.
    expect(nash).toEqual({ company: 8, customer: 4 });
    // The smaller part of ten: 0.5 at (5,6), 0.4 at (8,4).
    expect(kalai).toEqual({ company: 5, customer: 6 });
  });

  it('with transfer, is the largest sum, halved', () => {
    const { pareto, joint, nash, kalai } = frontierFrom([
      { total: 10, from: 0, to: 10 },
      { total: 6, from: 0, to: 6 },
    ]);
    expect(pareto).toEqual([{ total: 10, from: 0, to: 10 }]);
    expect([joint, nash, kalai]).toEqual([10, { company: 5, customer: 5 }, { company: 5, customer: 5 }]);
  });

  it('respects what the company never does: the richest package ends where the price may not fall further', () => {
    // The sum of 10 is to be had only where the company keeps 7 of it; below that a poorer package is all there is.
    const { pareto, nash, kalai } = frontierFrom([
      { total: 10, from: 7, to: 10 },
      { total: 8, from: 0, to: 8 },
    ]);
    expect(pareto).toEqual([
      { total: 10, from: 7, to: 10 },
      { total: 8, from: 0, to: 5 },
    ]);
    // 7 × 3 = 21 against 4 × 4 = 16 (and 5 × 3 = 15).
    expect(nash).toEqual({ company: 7, customer: 3 });
    // The most: 10 and 8. Equal parts on the second line: 40/9 and 32/9, four ninths of each; on the first at most 3/8.
    expect(kalai.company).toBeCloseTo(40 / 9);
    expect(kalai.customer).toBeCloseTo(32 / 9);
  });

  it('of nothing is nothing', () => {
    expect(frontierFrom([])).toMatchObject({ feasible: false, joint: 0, pareto: [] });
  });
});

const ISSUES: readonly Issue[] = [
  { pointer: '/price', label: 'Price', kind: 'money', better_for_customer: 'lower' },
  { pointer: '/months', label: 'Months', kind: 'months' },
  { pointer: '/form', label: 'Form', kind: 'choice', choices: ['a', 'b', 'c'] },
];
const REFUND: readonly Issue[] = ISSUES.map((each) =>
  each.pointer === '/price' ? { ...each, better_for_customer: 'higher' as const } : each,
);

/** A record of so few units that every amount there is can be tried. */
function small(seed: number, { refund, transfer }: { readonly refund: boolean; readonly transfer: boolean }): Scenario {
  const dice = seeded(seed);
  const whole = (low: number, high: number) => Math.round(dice.between(low, high));
  const [limit, open, never] = refund
    ? [whole(60, 100), whole(10, 50), whole(60, 110)]
    : transfer
      ? [whole(50, 80), whole(90, 120), whole(40, 80)]
      : [whole(5, 20), whole(40, 60), 0];
  const [months, form] = [
    { 1: 0, 3: whole(-5, 15), 6: whole(0, 30) },
    { a: 0, b: whole(-10, 20), c: whole(-10, 20) },
  ];
  const concede = refund ? open + 5 : open - 5;
  const most = Math.max(...Object.values(months)) + Math.max(...Object.values(form));
  const last = refund ? Math.max(never, concede + most) : Math.max(0, Math.min(never, concede - most));
  const policy: JsonObject = {
    main: { issue: '/price', percent_of: '/price', open, concede_to: concede, limit, never: last },
    issues: {
      '/months': { range: [1, 6], open: 2, worth: months },
      '/form': { worth: form },
    },
  };
  const parsed = parseNegotiationPolicy(policy, refund ? REFUND : ISSUES, 'small');
  if (!parsed.ok) throw new Error(parsed.error.join(', '));
  const record = { price: { amount: UNITS, currency: 'EUR' }, months: 1, form: 'a' };
  const facts = {
    issues: refund ? REFUND : ISSUES,
    members: ['price', 'months', 'form'],
    record,
    input: {},
    today: '2026-11-01',
  };
  // Where nothing is paid, wishes for the rest must be worth something by themselves.
  const draw: DrawCustomer = (table, company) =>
    transfer ? drawnFrom(dice)(table, company) : { ...drawnFrom(dice)(table, company), reservation: whole(100, 3_000) };
  const scenario = makeScenario(parsed.value, facts, { draw, transfer });
  if (!scenario.ok) throw new Error(scenario.error.code);
  return scenario.value;
}

const UNITS = 200;
/** Of one unit of the main issue, in points. */
const UNIT = 10_000 / UNITS;

function everything(scenario: Scenario): readonly Deal[] {
  const deals: Deal[] = [];
  for (let price = 0; price <= 3 * UNITS; price += 1)
    for (let months = 1; months <= 6; months += 1)
      for (let form = 0; form < 3; form += 1) {
        const levels: Package = [price, months, form];
        const deal = { company: scenario.companyGain(levels), customer: scenario.customerGain(levels) };
        if (admissible(scenario.table, levels) && deal.company >= 0 && deal.customer >= 0) deals.push(deal);
      }
  return deals;
}

describe('against trying everything', () => {
  for (const refund of [false, true])
    for (const transfer of [false, true])
      it(`nothing lies beyond the frontier, and each of its points can be had but for rounding (${refund ? 'a refund' : 'a price'}, transfer ${transfer})`, () => {
        let seen = 0;
        fc.assert(
          fc.property(fc.integer({ min: 1, max: 2 ** 31 }), (seed) => {
            const scenario = small(seed, { refund, transfer });
            const deals = everything(scenario);
            const { feasible, joint, nash, kalai, pareto } = frontierOf(scenario);
            if (deals.length > 0) expect(feasible).toBe(true);
            if (!feasible || deals.length === 0) return;
            seen += 1;
            const slack = 2 * UNIT;
            expect(Math.max(...deals.map(({ company, customer }) => company + customer))).toBeLessThanOrEqual(
              joint + 1e-6,
            );
            const product = ({ company, customer }: Deal) => company * customer;
            const best = deals.reduce((a, b) => (product(b) > product(a) ? b : a));
            expect(product(best)).toBeLessThanOrEqual(product(nash) + 1e-6);
            const corners = cornersOf(pareto);
            const [maxCompany, maxCustomer] = [
              Math.max(...corners.map(({ company }) => company)),
              Math.max(...corners.map(({ customer }) => customer)),
            ];
            const smaller = ({ company, customer }: Deal) =>
              Math.min(company / Math.max(1e-9, maxCompany), customer / Math.max(1e-9, maxCustomer));
            for (const deal of deals) {
              // No deal is better for both than all of the frontier.
              expect(
                corners.some((each) => deal.company > each.company + 1e-6 && deal.customer > each.customer + 1e-6),
              ).toBe(false);
              expect(smaller(deal)).toBeLessThanOrEqual(smaller(kalai) + 1e-6);
            }
            for (const each of [nash, kalai, ...corners]) {
              expect(distanceTo(pareto, each)).toBeCloseTo(0);
              const nearest = Math.min(
                ...deals.map((deal) => Math.hypot(deal.company - each.company, deal.customer - each.customer)),
              );
              expect(nearest).toBeLessThanOrEqual(slack);
            }
          }),
          { numRuns: 60 },
        );
        expect(seen).toBeGreaterThan(10);
      });
});
