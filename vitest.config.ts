import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/build.ts'],
    // Many tests wait for processes and clocks more than they compute.
    maxWorkers: 3,
    // On a crowded build machine a port or a mount may be gone for a moment; a defect fails twice.
    retry: process.env['CI'] === 'true' ? 1 : 0,
    testTimeout: 120_000,
    hookTimeout: 120_000,
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
