import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { renewalCase, seeded } from '../../test/support/bargain.ts';
import { playMany } from '../../test/support/many.ts';
import { NegotiationPolicy } from './policy.ts';

describe('many operations on one record', () => {
  afterEach(() => void vi.restoreAllMocks());

  it('T3: pass no limit that one of them could not, and have no more rounds than one', () => {
    let deals = 0;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 }), (seed) => {
        const random = seeded(seed);
        const played = playMany(renewalCase(random), random);
        deals += played.deals;
        expect(played.wrong).toEqual([]);
      }),
      { numRuns: 60 },
    );
    expect(deals).toBeGreaterThan(100);
  });

  it('T3: show no limit until it is reached: two limits, one memory, one answer, to the byte and comparison for comparison', () => {
    const compared = vi.spyOn(NegotiationPolicy.prototype, 'last');
    for (let seed = 1; seed <= 12; seed += 1) {
      const [low, lower] = [30, 20].map((limit) => {
        const given = renewalCase(seeded(seed));
        compared.mockClear();
        const played = playMany(
          { ...given, policy: given.withLimit(limit), breach: () => undefined },
          seeded(seed + 100),
        );
        return { said: played.said, work: compared.mock.calls.length };
      });
      expect(low?.said.length).toBeGreaterThan(20);
      expect(low?.work).toBeGreaterThan(0);
      expect(low).toEqual(lower);
    }
  });
});
