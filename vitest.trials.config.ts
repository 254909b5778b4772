import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { slowTests } from './vitest.config.ts';

/** Every trial is another one, unless SEED repeats it. */
const seed = process.env['SEED'] || String(Date.now() % 1_000_000);
process.stdout.write(`SEED=${seed} repeats these trials.\n`);

/** Property tests that the quick suite cuts short; here they have all their runs. */
const shortened = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .map((name) => join('test', name))
  .filter((name) => name.endsWith('.test.ts') && readFileSync(name, 'utf8').includes('/support/runs.ts'));

/** The commands as processes, the page in a browser, and long trials with random kills, stops, faults and inputs. SEED, KILL_ROUNDS, STOP_ROUNDS, WEEK_HOURS and ROWS set them. */
export default defineConfig({
  test: {
    include: [...slowTests, ...shortened],
    globalSetup: ['test/support/build.ts', 'test/support/schemas.ts'],
    setupFiles: ['test/support/seed.ts'],
    env: { TRIALS: 'true', SEED: seed },
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
