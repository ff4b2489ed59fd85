import { relative } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take longer than the rest: begun last, one of them alone keeps everybody waiting. The longest first. */
const LONG = [
  'test/conformance/kit.test.ts',
  'test/crash/kill.test.ts',
  'src/cli/adapter.test.ts',
  'test/flows/full-disk.test.ts',
  'test/flows/actions-together.test.ts',
  'test/simulation/engine.test.ts',
  'test/golden/golden.test.ts',
  'test/flows/authority.test.ts',
  'test/flows/stop.test.ts',
  'test/flows/restore.test.ts',
  'test/flows/voice.test.ts',
  'test/browser/signoff.test.ts',
  'adapters/sandbox/sandbox.test.ts',
];

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const at = LONG.indexOf(relative(import.meta.dirname, moduleId));
      return at < 0 ? LONG.length : at;
    };
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['node_modules/**', 'dist/**'],
    testTimeout: 20_000,
    // Most of the long files wait for processes and clocks, not for a core.
    maxWorkers: 3,
    sequence: { sequencer: LongFirst },
    // What is waited for comes late on a busy machine, and is waited for no longer when it comes soon.
    expect: { poll: { timeout: 15_000 } },
  },
});
