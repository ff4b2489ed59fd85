/** `npm run soak:crash -- [--rounds 100] [--seed N] [--crm sandbox,salesforce]`: kills and faults until told to stop, counted in each CRM's own ledger. */
import fc from 'fast-check';
import { scriptOptions } from '../../src/cli/script.ts';
import { CRMS } from '../support/crms.ts';
import { anyTrouble, type Counted, makeCrashRig, type Trouble } from './rig.ts';

const values = scriptOptions({
  usage: `npm run soak:crash [-- --rounds 100] [--seed N] [--crm NAMES]

Kills and faults, counted in each CRM's own ledger. Exit: 0 nothing lost or doubled, 1 something.
  --crm NAMES   ${Object.keys(CRMS).join(', ')}: all of them unless told`,
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
  untrue: number;
  asked: number;
}

async function soak(name: string, troubles: readonly Trouble[]): Promise<Total> {
  const open = CRMS[name];
  if (open === undefined) throw new Error(`there is no CRM ${name}; there are ${Object.keys(CRMS).join(', ')}`);
  const total: Total = { operations: 0, kills: 0, lost: 0, doubled: 0, unproven: 0, untrue: 0, asked: 0 };
  const rig = await makeCrashRig(open);
  const add = ({ operations, kills, ...stories }: Counted, when: string): void => {
    total.operations += operations;
    total.kills += kills;
    for (const each of ['lost', 'doubled', 'unproven', 'untrue', 'asked'] as const) {
      total[each] += stories[each].length;
      for (const story of stories[each]) say(`${name}, ${when}: ${each}: ${story}`);
    }
  };
  try {
    for (const [index, trouble] of troubles.entries()) {
      process.stderr.write(`${new Date().toISOString()} ${name}: round ${index + 1} of ${troubles.length}\n`);
      add(await rig.round(trouble), `round ${index} of seed ${seed}, ${JSON.stringify(trouble)}`);
    }
    process.stderr.write(`${new Date().toISOString()} ${name}: the end\n`);
    add(await rig.last(), 'in the end');
  } finally {
    await rig.stop();
  }
  return total;
}

const troubles = fc.sample(anyTrouble, { seed, numRuns: rounds });
say(`seed ${seed}, ${rounds} rounds a CRM`);
let failed = false;
for (const name of values.crm.split(',')) {
  const { operations, kills, lost, doubled, unproven, untrue, asked } = await soak(name, troubles);
  const bad = `${lost} lost, ${doubled} doubled, ${unproven} unproven, ${untrue} receipts that disagree with the ledger`;
  say(`${name.padEnd(12)}${operations} operations, ${kills} kills: ${bad}; ${asked} left to a person`);
  failed ||= lost + doubled + unproven + untrue > 0;
}
process.exitCode = failed ? 1 : 0;
