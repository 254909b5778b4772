import { defineConfig } from 'vitest/config';

/** Random trials, the commands as processes, and the page in a browser. */
export const slowTests = [
  'test/trials/**/*.test.ts',
  'test/cli/*.test.ts',
  'test/server/page*.test.ts',
  'test/worker/chain.test.ts',
];

/** The quick suite. What takes long has a configuration of its own, vitest.trials.config.ts, which takes the list of files from here. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: slowTests,
    globalSetup: ['test/support/build.ts', 'test/support/schemas.ts'],
    setupFiles: ['test/support/seed.ts'],
    // Many tests wait for processes and sockets more than they compute.
    maxWorkers: 3,
    // The build machine measures coverage and may be busy besides; there a hang is found later, and a slow moment fails nothing.
    testTimeout: process.env['CI'] === 'true' ? 120_000 : 30_000,
    hookTimeout: process.env['CI'] === 'true' ? 120_000 : 30_000,
    coverage: {
      enabled: process.env['CI'] === 'true',
      provider: 'v8',
      include: ['src/**/*.ts'],
      // Commands run as processes, and the page in a browser.
      exclude: ['src/cli.ts', 'src/cli/main.ts', 'src/server/page/**'],
      reporter: ['text-summary', 'json-summary'],
      thresholds: { lines: 95, branches: 90 },
    },
  },
});
