import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Tape } from './crm.ts';
import { simulate } from './engine.ts';

/** `PARLEY_SIMULATIONS=100000 npx vitest run test/simulation` for a night; a failure prints its seed and its smallest tape. */
const RUNS = Number(process.env['PARLEY_SIMULATIONS'] ?? 300);
const TAPE_MAX = 600;
/** A failing tape is made smaller for as long; what is left then still fails. */
const LIMIT_MS = process.env['PARLEY_SIMULATIONS'] === undefined ? 60_000 : 3_000_000;

function tapeOf(numbers: readonly number[]): Tape {
  let at = 0;
  return {
    draw(below) {
      const number = numbers[at] ?? 0;
      at += 1;
      return number % below;
    },
    ended: () => at >= numbers.length,
  };
}

const tapes = fc.array(fc.nat({ max: 0xff_ffff }), { maxLength: TAPE_MAX, size: 'max' });

describe('the engine, on a virtual clock with a failing CRM and a dying process', () => {
  it('ends every operation once, writes once, and never without authority', { timeout: 3_600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(tapes, async (numbers) => {
        expect(await simulate(tapeOf(numbers))).toEqual([]);
      }),
      { numRuns: RUNS, interruptAfterTimeLimit: LIMIT_MS },
    );
  });
});
