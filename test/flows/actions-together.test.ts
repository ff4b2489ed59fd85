/** protocol/actions-together.json, walked on a CRM of each kind: through a gateway, with its holds, its memory and a person who approves. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readDefinitions } from '../../src/actions/files.ts';
import { day } from '../support/days.ts';
import { GROUND_NAMES, openTogether, type Together } from '../support/together.ts';
import { type Cell, pageOf, type Together as Table } from '../support/together-page.ts';

const ROOT = join(import.meta.dirname, '../..');
const table: Table = JSON.parse(readFileSync(join(ROOT, 'protocol/actions-together.json'), 'utf8'));
const { definitions } = readDefinitions();

it('T5: the page says what the table says, for each of the sixteen actions and each other', async () => {
  await expect(pageOf(table, definitions)).toMatchFileSnapshot(join(ROOT, 'docs/actions-together.md'));
});

type Pair = readonly [first: string, second: string, cell: Cell];

/** What the table does not name does not meet. */
const APART: Cell = { allowed: true };
const NAMED: readonly Pair[] = Object.values(table).flatMap((rows) =>
  Object.entries(rows).flatMap(([first, row]) =>
    Object.entries(row).map(([second, cell]): Pair => [first, second, cell]),
  ),
);
const NAMES = definitions.map(({ name }) => name);
const ALL: readonly Pair[] = NAMES.flatMap((first) =>
  NAMES.map(
    (second): Pair => NAMED.find(([one, other]) => one === first && other === second) ?? [first, second, APART],
  ),
);

/** `npm run soak:together` walks all 256 on all CRMs; here all that meet on the sandbox, and of the rest a few that are the same for
 * everybody. */
const IS_WHOLE = process.env['PARLEY_TOGETHER'] === 'all';
const SEED = 20_261_128;
const SAMPLE = 5;

function chosen(name: string, isOffered: (action: string) => boolean): readonly Pair[] {
  const possible = (pairs: readonly Pair[]) => pairs.filter(([first, second]) => isOffered(first) && isOffered(second));
  if (IS_WHOLE) return possible(ALL);
  const [named, apart] = [possible(NAMED), possible(ALL.filter(([, , cell]) => cell === APART))];
  const some = (pairs: readonly Pair[], numRuns: number) =>
    fc.sample(fc.shuffledSubarray([...pairs], { minLength: numRuns, maxLength: numRuns }), { seed: SEED, numRuns: 1 });
  return [...(name === 'sandbox' ? named : (some(named, SAMPLE)[0] ?? [])), ...(some(apart, SAMPLE)[0] ?? [])];
}

describe.each(GROUND_NAMES)('on %s', (name) => {
  let together: Together;
  beforeAll(async () => {
    together = await openTogether(name);
  }, 60_000);
  afterAll(() => together?.stop());

  it('T5: each of two on one record is what the table says', { timeout: 3_600_000 }, async () => {
    const wrong: string[] = [];
    const pairs = chosen(name, (action) => together.actions.has(action));
    expect(pairs.length).toBeGreaterThanOrEqual(2 * SAMPLE);
    for (const [first, second, cell] of pairs) {
      const [before, after] = await together.pair(first, second);
      const isRight = !('refused' in before) && 'refused' in after === !cell.allowed;
      if (!isRight) wrong.push(`${first}, then ${second}: ${JSON.stringify([before, after])}`);
    }
    expect(wrong).toEqual([]);
  });

  it('T5: a notice that is taken back with a renewal leaves no mark, and a later one is possible', async () => {
    const id = await together.contract();
    expect(await together.about(id, 'contract.cancel')).not.toHaveProperty('refused');
    const renewal = await together.about(id, 'contract.renew', { withdraw_notice: true });
    expect(renewal).not.toHaveProperty('refused');
    // In CRMs without a place for the next term, the end is the notice's until the day the renewal begins.
    if (name !== 'sandbox') return;
    expect(await together.shown(id, ['cancels_on', 'auto_renew'])).toEqual({ cancels_on: null, auto_renew: true });
    const again = await together.about(id, 'contract.cancel', { when: 'date', on: day(20) });
    expect(again).not.toHaveProperty('refused');
  });

  it('T4: a renewal agreed early and a change for a later day leave today as it is, and say their day', async () => {
    const today = ['seats', 'unit_price', 'start_date', 'end_date', 'term_months'];
    for (const action of ['contract.renew', 'contract.amend']) {
      const id = await together.contract();
      const before = await together.shown(id, today);
      expect(await together.about(id, action)).not.toHaveProperty('refused');
      expect(await together.shown(id, today)).toEqual(before);
      expect(before).toMatchObject({ seats: 25 });
    }
  });
});
