import { inspect } from 'node:util';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { scheduleFault } from '../../protocol/schedule.ts';
import {
  breachesIn,
  type Case,
  OPPONENTS,
  play,
  RENEWAL_FACTS,
  refundCase,
  renewalCase,
  seeded,
} from '../../test/support/bargain.ts';
import { acceptable, type Move, makeCompanySide, parseNegotiationPolicy } from './core.ts';
import { NegotiationPolicy } from './policy.ts';

const seeds = fc.integer({ min: 0, max: 2 ** 31 });
const opponents = fc.constantFrom(...Object.keys(OPPONENTS));
const cases: fc.Arbitrary<Case> = fc
  .tuple(fc.boolean(), seeds)
  .map(([price, seed]) => (price ? renewalCase : refundCase)(seeded(seed)));

function played(given: Case, policy: Case['policy'], name: string, seed: number): readonly Move[] {
  const random = seeded(seed);
  const opponent = OPPONENTS[name]?.(given, random);
  if (opponent === undefined) throw new Error(`no opponent ${name}`);
  return play(given, policy, opponent);
}

/** Whether the limit may show: what the company would have said without one comes to it. One unit for rounding. */
function reached(given: Case, moves: readonly Move[], limit: number): boolean {
  const tightened = { ...given, limit };
  return moves.some(
    (move) =>
      move.kind === 'impasse' ||
      move.schedule?.prices.includes(null) === true ||
      acceptable(move).some((terms) => atLimit(tightened, terms)),
  );
}

function atLimit(given: Case, terms: Parameters<Case['breach']>[0]): boolean {
  const step = given.better === 'lower' ? -1 : 1;
  return given.breach(given.mainAt(terms, given.amountOf(terms) + step) as typeof terms) !== undefined;
}

describe('the limit', () => {
  it('is not crossed by any sequence of moves of any opponent (10,000 of them)', () => {
    let moves = 0;
    fc.assert(
      fc.property(cases, opponents, seeds, (given, name, seed) => {
        const all = played(given, given.policy, name, seed);
        moves += all.length;
        expect(breachesIn(given, all)).toEqual([]);
      }),
      { numRuns: 1_900 },
    );
    expect(moves).toBeGreaterThan(10_000);
  });

  it('shows in nothing until it is reached: two limits, one answer, to the byte', () => {
    let compared = 0;
    fc.assert(
      fc.property(cases, opponents, seeds, fc.integer({ min: 1, max: 20 }), (given, name, seed, by) => {
        const other = Math.max(0, given.better === 'lower' ? given.limit - by : given.limit + by);
        const [a, b] = [given.policy, given.withLimit(other)].map((policy) => played(given, policy, name, seed));
        const free = played(given, given.withLimit(given.better === 'lower' ? 0 : 4 * given.limit), name, seed);
        if (a === undefined || b === undefined || reached(given, free, given.limit)) return;
        compared += 1;
        expect(JSON.stringify(b)).toBe(JSON.stringify(a));
      }),
      { numRuns: 1_000 },
    );
    expect(compared).toBeGreaterThan(300);
  });

  it('N1: is in no schedule: no price of any package comes past it, whatever is said', () => {
    let priced = 0;
    fc.assert(
      fc.property(cases, opponents, seeds, (given, name, seed) => {
        for (const move of played(given, given.policy, name, seed)) {
          if (move.kind === 'impasse' || move.schedule === undefined) continue;
          priced += move.schedule.prices.length;
          expect(scheduleFault({ terms: move.offers.at(-1) ?? {}, schedule: move.schedule })).toBeUndefined();
          expect(acceptable(move).flatMap((terms) => given.breach(terms) ?? [])).toEqual([]);
        }
      }),
      { numRuns: 300 },
    );
    expect(priced).toBeGreaterThan(10_000);
  });

  describe('and the work', () => {
    afterEach(() => void vi.restoreAllMocks());

    it('is the same, comparison for comparison', () => {
      const compared = vi.spyOn(NegotiationPolicy.prototype, 'last');
      const counted = (run: () => readonly Move[]): [readonly Move[], number] => {
        compared.mockClear();
        return [run(), compared.mock.calls.length];
      };
      fc.assert(
        fc.property(cases, opponents, seeds, fc.integer({ min: 1, max: 20 }), (given, name, seed, by) => {
          const other = Math.max(0, given.better === 'lower' ? given.limit - by : given.limit + by);
          const [a, workA] = counted(() => played(given, given.policy, name, seed));
          const [b, workB] = counted(() => played(given, given.withLimit(other), name, seed));
          // Even where a limit is reached: the work follows the shape of the talk, never the number.
          if (shapeOf(a) === shapeOf(b)) expect(workB).toBe(workA);
          expect(workA).toBeGreaterThan(0);
        }),
        { numRuns: 500 },
      );
    });
  });

  it('is not shown by printing a policy in any way', () => {
    const policy = parsed({ open: 104, concede_to: 90, limit: 77.31, never: 71.93 });
    const shown = `${JSON.stringify({ policy })} ${inspect(policy, { depth: 9, showHidden: true })} ${String(policy)}`;
    expect(shown).not.toMatch(/773|7[.]?73|719/);
    expect(shown).toContain('[negotiation policy]');
    expect(inspect({ policy })).toBe('{ policy: [negotiation policy] }');
    expect(structuredClone({ ...policy })).not.toHaveProperty('limit');
  });

  it('holds for the whole package and, if told to, for the main issue by itself', () => {
    const offered = (never?: number) => {
      const policy = parsed({ open: 100, concede_to: 80, limit: 80, ...(never === undefined ? {} : { never }) }, 30);
      const side = makeCompanySide(policy, RENEWAL_FACTS, { roundsMax: 1 });
      const move = side.ok ? side.value.next({ unit_price: { amount: 0, currency: 'EUR' }, term_months: 36 }) : side;
      if (!move.ok || move.value.kind !== 'offer') throw new Error('no offer');
      return renewalCase(seeded(1)).amountOf(move.value.offers.at(-1) ?? {});
    };
    expect(offered()).toBe(4_900 * 0.5);
    expect(offered(75)).toBe(4_900 * 0.75);
  });

  function parsed(main: object, longTerm = 0): NegotiationPolicy {
    const policy = parseNegotiationPolicy(
      {
        main: { issue: '/unit_price', percent_of: '/unit_price', ...main },
        issues: { '/term_months': { range: [12, 36], worth: { 12: 0, 36: longTerm } } },
      },
      RENEWAL_FACTS.issues,
      'test',
    );
    if (!policy.ok) throw new Error(policy.error.join(', '));
    return policy.value;
  }
});

const shapeOf = (moves: readonly Move[]): string =>
  moves.map((move) => (move.kind === 'offer' ? `${move.offers.length}${move.matched}` : move.kind)).join(' ');
