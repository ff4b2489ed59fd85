/** `npm run soak:crash -- [--rounds 100] [--seed N] [--crm sandbox,salesforce]`: kills and faults until told to stop, counted in each CRM's own ledger. */
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { CRMS } from '../support/crms.ts';
import { anyTrouble, makeCrashRig, type Trouble } from './rig.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    crm: { type: 'string', default: Object.keys(CRMS).join() },
  },
});
const [rounds, seed] = [Number(values.rounds), Number(values.seed)];
const say = (line: string): void => void process.stdout.write(`${line}\n`);

interface Total {
  operations: number;
  kills: number;
  lost: number;
  doubled: number;
  unproven: number;
}

async function soak(name: string, troubles: readonly Trouble[]): Promise<Total> {
  const open = CRMS[name];
  if (open === undefined) throw new Error(`there is no CRM ${name}; there are ${Object.keys(CRMS).join(', ')}`);
  const total: Total = { operations: 0, kills: 0, lost: 0, doubled: 0, unproven: 0 };
  const rig = await makeCrashRig(open);
  try {
    for (const [index, trouble] of troubles.entries()) {
      const { operations, kills, lost, doubled, unproven } = await rig.round(trouble);
      total.operations += operations;
      total.kills += kills;
      total.lost += lost.length;
      total.doubled += doubled.length;
      total.unproven += unproven.length;
      for (const story of [...lost, ...doubled, ...unproven])
        say(`${name}, round ${index} of seed ${seed}, ${JSON.stringify(trouble)}: ${story}`);
    }
  } finally {
    await rig.stop();
  }
  return total;
}

const troubles = fc.sample(anyTrouble, { seed, numRuns: rounds });
say(`seed ${seed}, ${rounds} rounds a CRM`);
let failed = false;
for (const name of values.crm.split(',')) {
  const { operations, kills, lost, doubled, unproven } = await soak(name, troubles);
  say(
    `${name.padEnd(12)}${operations} operations, ${kills} kills: ${lost} lost, ${doubled} doubled, ${unproven} unproven`,
  );
  failed ||= lost + doubled + unproven > 0;
}
process.exitCode = failed ? 1 : 0;
