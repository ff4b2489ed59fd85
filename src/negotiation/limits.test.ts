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
import { makeSpace, type Package } from './space.ts';
import { companyMove } from './strategy.ts';
import { layTable, withMain } from './table.ts';

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

  it('N1: shows in nothing: two limits, two nevers, one answer, to the byte', () => {
    fc.assert(
      fc.property(cases, opponents, seeds, fc.integer({ min: 1, max: 20 }), (given, name, seed, by) => {
        const other = Math.max(0, given.better === 'lower' ? given.limit - by : given.limit + by);
        const free = given.better === 'lower' ? 0 : 4 * given.limit;
        const [a, ...others] = [given.limit, other, free].map((limit) =>
          JSON.stringify(played(given, given.withLimit(limit), name, seed)),
        );
        for (const each of others) expect(each).toBe(a);
      }),
      { numRuns: 1_000 },
    );
  });

  it('N1: is in no schedule: no price of any package comes past it, and none is missing for it, whatever is said', () => {
    let priced = 0;
    fc.assert(
      fc.property(cases, opponents, seeds, (given, name, seed) => {
        for (const move of played(given, given.policy, name, seed)) {
          if (move.kind === 'impasse' || move.schedule === undefined) continue;
          priced += move.schedule.prices.length;
          expect(move.schedule.prices).not.toContain(null);
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

  it('N1: is for the whole package: no path runs into what no package is worth, or the policy is refused', () => {
    const offered = (main: object) => {
      const policy = parsed({ open: 100, concede_to: 80, limit: 80, ...main }, 30);
      const side = makeCompanySide(policy, RENEWAL_FACTS, { roundsMax: 1 });
      const move = side.ok ? side.value.next({ unit_price: { amount: 0, currency: 'EUR' }, term_months: 36 }) : side;
      if (!move.ok || move.value.kind !== 'offer') throw new Error('no offer');
      return renewalCase(seeded(1)).amountOf(move.value.offers.at(-1) ?? {});
    };
    expect(offered({})).toBe(4_900 * 0.5);
    expect(offered({ never: 50 })).toBe(4_900 * 0.5);
    expect(() => offered({ never: 50.01 })).toThrow('/main/never');
  });

  it('N1: is not what a price said below it becomes: a person’s, or a policy’s that was another', () => {
    const space = makeSpace(RENEWAL_FACTS);
    const table = space.ok ? layTable(parsed({ open: 100, concede_to: 97, limit: 90, never: 60 }), space.value) : space;
    if (!table.ok) throw new Error(table.error.code);
    const said = withMain(table.value, table.value.space.base, 4_000);
    const next = (ours: readonly Package[], round: number) =>
      companyMove({
        table: table.value,
        theirs: [{ levels: withMain(table.value, said, 3_900), priced: true }],
        ours,
        round,
        roundsMax: 6,
        mayDiscount: true,
        mayStop: true,
      });
    for (const round of [1, 3, 6]) expect(next([said], round)).toEqual(next([], round));
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
