/** `npm run mutants`: switches off every guard of the list, one at a time, and expects the test that is named beside it to fail by an
 * assertion. `-- --only id,id` for some of them, `--jobs 2` for two at a time. Ends with 1 where one survives. */
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Bench, makeBench, type Outcome } from './bench.ts';
import { MUTANTS } from './list.ts';
import { type Mutant, mutated, textOf, timesIn } from './mutant.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    jobs: { type: 'string', default: '1' },
  },
});

const CLOSE_MS = 5_000;

interface Verdict {
  readonly mutant: Mutant;
  readonly killed: boolean;
  readonly said: string;
  readonly seconds: number;
}

const say = (line: string) => process.stdout.write(`${line}\n`);
const only = values.only?.flatMap((each) => each.split(','));
const chosen = MUTANTS.filter(({ id }) => only === undefined || only.includes(id));
const begun = performance.now();
const verdicts = await judgeAll(chosen, Math.max(1, Number(values.jobs)));
const survivors = verdicts.filter(({ killed }) => !killed);
const seconds = Math.round((performance.now() - begun) / 1_000);
say(`${verdicts.length - survivors.length} of ${verdicts.length} killed in ${seconds} s`);
process.exit(survivors.length === 0 && verdicts.length > 0 ? 0 : 1);

/** In the order of the list, whoever comes first. */
async function judgeAll(mutants: readonly Mutant[], jobs: number): Promise<readonly Verdict[]> {
  const left = [...mutants];
  const done: Verdict[] = [];
  await Promise.all(
    Array.from({ length: jobs }, async () => {
      const bench = await makeBench();
      /** What passes as the tree is; asked once each. */
      const passes = new Map<string, Promise<Outcome>>();
      for (let mutant = left.shift(); mutant !== undefined; mutant = left.shift()) {
        const verdict = await judge(bench, passes, mutant);
        done.push(verdict);
        const mark = verdict.killed ? 'killed  ' : 'SURVIVED';
        say(
          `${mark} ${verdict.seconds.toFixed(1).padStart(5)} s  ${mutant.id.padEnd(34)} ${verdict.said.replaceAll(/\s+/g, ' ')}`,
        );
      }
      // A test that hangs is no reason to wait for: the process ends.
      await Promise.race([bench.close(), setTimeout(CLOSE_MS)]);
    }),
  );
  return done.toSorted((a, b) => mutants.indexOf(a.mutant) - mutants.indexOf(b.mutant));
}

async function judge(bench: Bench, passes: Map<string, Promise<Outcome>>, mutant: Mutant): Promise<Verdict> {
  const since = performance.now();
  const [killed, said] = await without(bench, passes, mutant);
  return { mutant, killed, said: said.slice(0, 110), seconds: (performance.now() - since) / 1_000 };
}

async function without(bench: Bench, passes: Map<string, Promise<Outcome>>, mutant: Mutant) {
  const { file, find, caughtBy } = mutant;
  const text = textOf(file);
  if (timesIn(text, find) !== 1) return [false, `its text stands ${timesIn(text, find)} times in ${file}`] as const;
  if (mutated(text, mutant) === text) return [false, 'it changes nothing'] as const;
  const name = `${caughtBy.file} ${caughtBy.title}`;
  const before = passes.get(name) ?? bench.run(caughtBy);
  passes.set(name, before);
  const whole = await before;
  if (whole.kind !== 'passed')
    return [false, `with the guard: ${whole.kind === 'failed' ? whole.said : whole.why}`] as const;
  const outcome = await bench.runWithout(mutant);
  switch (outcome.kind) {
    case 'failed':
      return [true, outcome.test] as const;
    case 'passed':
      return [false, 'its test passes without the guard'] as const;
    case 'broken':
      return [false, `no assertion: ${outcome.why}`] as const;
  }
}
