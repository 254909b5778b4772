import { defineConfig } from 'vitest/config';

/** The quick suite. Long random trials, and the commands as processes, have a configuration of their own: vitest.trials.config.ts. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/trials/**', 'test/cli/*.test.ts'],
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
