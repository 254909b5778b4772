import type { Command } from 'commander';
import { createApp } from '../app/worker.ts';
import { readConfig } from '../config/config.ts';
import { readSettings, run } from './run.ts';
import { createConsole } from './terminal/console.ts';

/** Adds `start`: the worker with its schedule and its server. */
export function addStart(program: Command): void {
  program
    .command('start')
    .description('make passes by the schedule, and serve the status page and the HTTP API, until stopped')
    .action(() => run(start));
}

async function start(signal: AbortSignal): Promise<number> {
  const config = readConfig(readSettings());
  using terminal = createConsole(config);
  await using app = await createApp(config, { ...terminal, signal });
  await app.start();
  return 0;
}
