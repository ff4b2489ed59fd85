import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Tape } from './crm.ts';
import { simulate } from './engine.ts';

/** `PARLEY_SIMULATIONS=100000 npx vitest run test/simulation` for a night: it tells how far it is, and a failure where its tape is, which
 * `PARLEY_TAPE=FILE npx vitest run test/simulation` plays again. */
const { PARLEY_SIMULATIONS: asked, PARLEY_TAPE: kept } = process.env;
const RUNS = Number(asked ?? 300);
const TAPE_MAX = 600;
const LIMIT_MS = asked === undefined ? 60_000 : 3_000_000;
/** A failing tape is made smaller for as long. */
const SHRINK_MS = 60_000;
const TOLD_EVERY_MS = 30_000;

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
const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** What is told while it runs, and the smallest tape that failed so far, in a file. */
function makeProgress() {
  const began = Date.now();
  let [runs, told] = [0, began];
  let failed: { readonly at: number; readonly file: string } | undefined;
  return {
    ran(): void {
      runs += 1;
      if (asked === undefined || Date.now() - told < TOLD_EVERY_MS) return;
      told = Date.now();
      say(`simulation: ${runs} of ${RUNS}, ${Math.round((told - began) / 1_000)} s`);
    },
    failed(numbers: readonly number[], wrong: readonly string[]): void {
      if (failed === undefined) {
        failed = { at: Date.now(), file: join(mkdtempSync(join(tmpdir(), 'parley-tape-')), 'tape.json') };
        say(`simulation: run ${runs} failed, its tape is in ${failed.file}: ${wrong.join('; ')}`);
      }
      writeFileSync(failed.file, JSON.stringify(numbers));
    },
    /** Shrinking has had its time: nothing smaller is tried. */
    isOver: () => failed !== undefined && Date.now() - failed.at > SHRINK_MS,
  };
}

describe('the engine, on a virtual clock with a failing CRM and a dying process', () => {
  it.skipIf(kept !== undefined)(
    'ends every operation once, writes once, and never without authority',
    { timeout: 3_600_000 },
    async () => {
      const progress = makeProgress();
      await fc.assert(
        fc.asyncProperty(tapes, async (numbers) => {
          if (progress.isOver()) return;
          const wrong = await simulate(tapeOf(numbers));
          progress.ran();
          if (wrong.length > 0) progress.failed(numbers, wrong);
          expect(wrong).toEqual([]);
        }),
        { numRuns: RUNS, interruptAfterTimeLimit: LIMIT_MS },
      );
    },
  );

  it.runIf(kept !== undefined)('does so on the tape that was kept', { timeout: 60_000 }, async () => {
    const numbers: readonly number[] = JSON.parse(readFileSync(String(kept), 'utf8'));
    expect(await simulate(tapeOf(numbers))).toEqual([]);
  });
});
