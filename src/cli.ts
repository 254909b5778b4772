#!/usr/bin/env node
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { extractNotionId } from '@notionhq/client';
import { Command, InvalidArgumentError } from 'commander';
import { createApp, rowsWaiting, type Surroundings } from './app.ts';
import { type Config, readConfig } from './config.ts';
import { type Console, createConsole } from './terminal/console.ts';
import { exitCodeOf } from './terminal/exit.ts';
import { onStopSignals } from './terminal/signals.ts';
import { plainTable, summaryTable } from './terminal/summary.ts';

const program = new Command('notion-to-facebook')
  .description('Gives every planned Facebook post in a Notion database the picture it needs.')
  .showHelpAfterError()
  .addHelpText(
    'after',
    `
Settings come from the environment and from .env in the current folder; .env.example lists them all.
Exit codes: 0 all done · 1 some row failed · 2 settings, access or disk need the operator · 3 Notion out of reach ·
4 another worker holds the images folder · 130, 143 stopped by a signal.`,
  );

program
  .command('sync')
  .description('make one pass over the board')
  .option('--dry-run', 'list the rows that would be taken; write nothing')
  .option('--limit <rows>', 'take at most so many rows', wholeNumber)
  .option('--page <id>', "take only this row, by its id or its page's address", pageId)
  .action(async ({ dryRun, limit, page }: { dryRun?: boolean; limit?: number; page?: string }) => {
    await run(async (signal) => {
      const config = readConfig(process.env);
      using terminal = createConsole(config);
      const surroundings = { ...terminal, signal };
      if (dryRun) {
        await listWaiting(config, surroundings, terminal, limit);
        return 0;
      }
      await using app = await createApp(config, surroundings);
      const summary = await app.sync({ ...(limit && { limit }), ...(page && { pageId: page }) });
      if (terminal.forPeople) terminal.print(summaryTable(summary));
      return summary.failed > 0 ? 1 : 0;
    });
  });

program
  .command('start')
  .description('make passes by the schedule until stopped')
  .action(async () => {
    await run(async (signal) => {
      const config = readConfig(process.env);
      using terminal = createConsole(config);
      await using app = await createApp(config, { ...terminal, signal });
      await app.start();
      return 0;
    });
  });

program
  .command('demo')
  .description('make one pass over an embedded board; no account is needed')
  .option('--serve', 'keep the board up afterwards and print its address')
  .option('--real', 'use the configured providers instead of the emulated ones')
  .action(async ({ serve = false, real = false }: { serve?: boolean; real?: boolean }) => {
    await run(async (signal) => {
      const { startDemo } = await import('./demo/demo.ts');
      await using demo = await startDemo({ real });
      const config = readConfig({ ...(real ? process.env : plainSettings(process.env)), ...demo.variables });
      using terminal = createConsole(config, { alwaysForPeople: true });
      await using app = await createApp(config, { ...terminal, signal });
      const summary = await app.sync();
      terminal.print(plainTable(['Post', 'Status', 'Provider', 'Picture', 'Why'], demo.rows(config.imagesDir)));
      terminal.print(summaryTable(summary));
      if (!serve) return summary.failed > 0 ? 1 : 0;
      terminal.print(`The board stays up at ${demo.url}; stop it with Ctrl-C.`);
      for (const [name, value] of Object.entries(demo.variables)) terminal.print(`  ${name}=${value}`);
      await once(signal, 'abort');
      return 0;
    });
  });

await program.parseAsync();

/** Runs one command from settings to exit code. */
async function run(command: (signal: AbortSignal) => Promise<number>): Promise<void> {
  const stop = onStopSignals();
  try {
    if (existsSync('.env')) process.loadEnvFile('.env');
    process.exitCode = await command(stop.signal);
    stop.signal.throwIfAborted();
  } catch (error) {
    process.exitCode = exitCodeOf(error, stop.signal);
  } finally {
    stop.release();
  }
}

async function listWaiting(config: Config, surroundings: Surroundings, terminal: Console, limit = Infinity) {
  const rows: string[][] = [];
  for await (const { id, title, statusName } of rowsWaiting(config, surroundings)) {
    if (rows.length >= limit) break;
    rows.push([title, statusName, id]);
    if (!terminal.forPeople) terminal.log.info({ post: id, title, status: statusName }, 'would be taken');
  }
  if (terminal.forPeople)
    terminal.print(rows.length === 0 ? 'No row waits.' : plainTable(['Post', 'Status', 'Page'], rows));
  else terminal.log.info({ rows: rows.length }, 'Dry run finished; nothing was written');
}

/** The settings that have nothing to do with accounts. */
function plainSettings({ IMAGES_DIR, LOG_LEVEL, ROW_TIMEOUT_SECONDS }: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { IMAGES_DIR, LOG_LEVEL, ROW_TIMEOUT_SECONDS };
}

function wholeNumber(value: string): number {
  if (!/^[1-9]\d*$/.test(value)) throw new InvalidArgumentError('Give a whole number from 1 on.');
  return Number(value);
}

function pageId(value: string): string {
  const id = extractNotionId(value);
  if (!id) throw new InvalidArgumentError("Give the page's id or its address.");
  return id;
}
