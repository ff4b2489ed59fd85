import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CRMS } from '../support/crms.ts';
import { anyTrouble, type CrashRig, makeCrashRig, type Trouble } from './rig.ts';

const LIMIT_MS = 120_000;
/** Another one each day would find more; the soak does that. This one is the same for everybody. */
const SEED = 20_261_125;
const SEEDED_ROUNDS = 1;
const BRIEF = ['http', 'mcp', 'sql'];

const NAMED: readonly (readonly [string, Trouble])[] = [
  // The CRM has written and its answer never comes: the kill falls between the write and its record.
  [
    'between write and record',
    {
      faults: ['hang-after', 'hang-after', 'hang-after', 'hang-after', 'hang-after', 'hang-after'],
      reads: [],
      kills: [{ during: 'write', afterMs: 300 }],
    },
  ],
  [
    'while people think, and with the CRM failing in every way after it wrote',
    {
      faults: ['delay', '500-after', 'reset-after', 'hang-after', '500-after', 'reset-after'],
      reads: [0, 1],
      kills: [
        { during: 'thought', afterMs: 0 },
        { during: 'write', afterMs: 60 },
      ],
    },
  ],
  [
    'not at all, and the CRM fails after it wrote',
    { faults: ['500-after', 'reset-after', '500-after', 'reset-after'], reads: [], kills: [] },
  ],
];

describe.concurrent.each(Object.entries(CRMS))('kill -9 on %s: nothing lost, nothing doubled', (_name, open) => {
  let rig: CrashRig;
  beforeAll(async () => {
    rig = await makeCrashRig(open);
  }, LIMIT_MS);
  afterAll(() => rig?.stop());

  it('through every named trouble and seeded ones', { timeout: LIMIT_MS }, async () => {
    const seeded = fc
      .sample(anyTrouble, { seed: SEED, numRuns: SEEDED_ROUNDS })
      .map((each) => [`seed ${SEED}`, each] as const);
    // Where a write can only be looked up, one that was never sent is looked for, for minutes: the soak waits for that.
    const rounds = BRIEF.includes(rig.name) ? NAMED.slice(0, 1) : [...NAMED, ...seeded];
    for (const [name, trouble] of rounds) {
      const counted = await rig.round(trouble);
      const story = `${name}: ${JSON.stringify(trouble)}`;
      expect({ story, ...counted }).toMatchObject({ story, lost: [], doubled: [], unproven: [], untrue: [] });
    }
  });
});
