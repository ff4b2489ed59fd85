import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['node_modules/**', 'dist/**'],
    testTimeout: 20_000,
    // Most of the long files wait for processes and clocks, not for a core.
    maxWorkers: 3,
    // What is waited for comes late on a busy machine, and is waited for no longer when it comes soon.
    expect: { poll: { timeout: 15_000 } },
  },
});
