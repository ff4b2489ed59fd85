import { join } from 'node:path';
import { createVitest, type TestCase } from 'vitest/node';
import { type Mutant, mutated, ROOT } from './mutant.ts';

/** What became of the tests that a title names. */
export type Outcome =
  | { readonly kind: 'passed' }
  /** By assertions alone. */
  | { readonly kind: 'failed'; readonly test: string; readonly said: string }
  /** Nothing ran, or something else than an assertion stopped it: proves nothing. */
  | { readonly kind: 'broken'; readonly why: string };

export type Bench = Awaited<ReturnType<typeof makeBench>>;

/** Runs tests over the tree as it is on the disk, with one file's text exchanged on its way to them: nothing is written, and a run that is
 * cut off leaves nothing behind. What a test starts as a process of its own is not reached. */
export async function makeBench() {
  let now: Mutant | undefined;
  const pathOf = (mutant: Mutant) => join(ROOT, mutant.file);
  const vitest = await createVitest(
    // What is kept on the disk would be run as it was.
    { root: ROOT, watch: false, maxWorkers: 1, fsModuleCache: false, reporters: [{}] },
    {
      plugins: [
        {
          name: 'mutant',
          enforce: 'pre',
          transform: (code, id) =>
            now !== undefined && id.split('?')[0] === pathOf(now) ? mutated(code, now) : undefined,
        },
      ],
    },
  );
  await vitest.standalone();

  async function run({ file, title }: Mutant['caughtBy']): Promise<Outcome> {
    const testNamePattern = new RegExp(title.replace(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`));
    const path = join(ROOT, file);
    const specification = vitest.getRootProject().createSpecification(path, { testNamePattern });
    vitest.state.clearErrors();
    // Those of earlier runs are among them.
    const { testModules, unhandledErrors } = await vitest.runTestSpecifications([specification]);
    const module = testModules.find(({ moduleId }) => moduleId === path);
    const errors = [...(module?.errors() ?? []).map(({ message }) => message), ...unhandledErrors.map(String)];
    if (errors.length > 0) return { kind: 'broken', why: errors.join('; ') };
    const ran = [...(module?.children.allTests() ?? [])].filter((test) => test.result().state !== 'skipped');
    return ran.length === 0 ? { kind: 'broken', why: 'no test has this title' } : outcomeOf(ran);
  }

  return {
    run,
    /** With the guard switched off. */
    async runWithout(mutant: Mutant): Promise<Outcome> {
      now = mutant;
      vitest.invalidateFile(pathOf(mutant));
      try {
        return await run(mutant.caughtBy);
      } finally {
        now = undefined;
        vitest.invalidateFile(pathOf(mutant));
      }
    },
    close: () => vitest.close(),
  };
}

function outcomeOf(tests: readonly TestCase[]): Outcome {
  let broken: Outcome | undefined;
  for (const test of tests) {
    const { errors = [] } = test.result();
    const [first] = errors;
    if (first === undefined) continue;
    const said = first.message.split('\n')[0] ?? '';
    if (errors.some(isAssertion)) return { kind: 'failed', test: test.fullName, said };
    broken ??= { kind: 'broken', why: `${test.fullName}: ${said}` };
  }
  return broken ?? { kind: 'passed' };
}

/** Of `expect`, also of one that was given something it cannot compare, and of properties whose counterexample was refused. */
function isAssertion({ name, message, cause }: Failure): boolean {
  if (name === 'AssertionError' || message.startsWith('.toMatch() expects to receive a string')) return true;
  return message.startsWith('Property failed by returning false') || cause?.name === 'AssertionError';
}

interface Failure {
  readonly name?: string | undefined;
  readonly message: string;
  readonly cause?: { readonly name?: string | undefined } | undefined;
}
