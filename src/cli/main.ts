import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { extractNotionId } from '@notionhq/client';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { openInit, openRepair, runDoctor } from '../app/setup.ts';
import { generatePicture, rowsWaiting } from '../app/once.ts';
import { type App, createApp } from '../app/worker.ts';
import type { Runtime } from '../app/parts.ts';
import { type Config, inspectSettings, readBoardlessConfig, readConfig, readInitConfig } from '../config/config.ts';
import { ChainExhaustedError, ConfigError } from '../core/errors.ts';
import type { Finding } from '../core/finding.ts';
import type { PassSummary } from '../core/pass.ts';
import { doctorExitCode, offerRepair, repairHint } from '../setup/doctor-dialogue.ts';
import { initBoard, listPages } from '../setup/init-dialogue.ts';
import { asking } from './terminal/ask.ts';
import { type Console, createConsole } from './terminal/console.ts';
import { exitCodeOf, usageExitCode } from './terminal/exit.ts';
import { findingsTable } from './terminal/findings.ts';
import { onStopSignals } from './terminal/signals.ts';
import { ledgerTable, plainTable, summaryTable } from './terminal/summary.ts';

const program = new Command('notion-to-facebook')
  .description('Gives every planned Facebook post in a Notion database the picture it needs.')
  .exitOverride()
  .showHelpAfterError('Add --help to see what can be given.')
  .addHelpText(
    'afterAll',
    `
Settings come from the environment and from .env in the current folder; .env.example lists them all.
Exit codes: 0 all done · 1 some row failed · 2 settings, access or disk need the operator · 3 Notion out of reach ·
4 another worker holds the images folder · 130, 143 stopped by SIGINT (Ctrl-C), SIGTERM.`,
  );

program
  .command('sync')
  .description('make one pass over the board')
  .option('--dry-run', 'list the rows that would be taken; write nothing')
  .option('--limit <rows>', 'take at most so many rows', wholeNumber)
  .option('--page <id>', "take only this row, by its id or its page's address", pageId)
  .action(async ({ dryRun, limit, page }: { dryRun?: boolean; limit?: number; page?: string }) => {
    await run(async (signal) => {
      const config = readConfig(readSettings());
      using terminal = createConsole(config);
      const runtime = { ...terminal, signal };
      if (dryRun) {
        await listWaiting(rowsWaiting(config, runtime, { ...(page && { pageId: page }) }), terminal, limit);
        return 0;
      }
      const summary = await onePass(config, runtime, { ...(limit && { limit }), ...(page && { pageId: page }) });
      if (terminal.forPeople) terminal.print(summaryTable(summary));
      return summary.failed > 0 ? 1 : 0;
    });
  });

program
  .command('start')
  .description('make passes by the schedule, and serve the status page and the HTTP API, until stopped')
  .action(async () => {
    await run(async (signal) => {
      const config = readConfig(readSettings());
      using terminal = createConsole(config);
      await using app = await createApp(config, { ...terminal, signal });
      await app.start();
      return 0;
    });
  });

program
  .command('demo')
  .description('make one pass over an embedded board; no account is needed')
  .option('--serve', 'keep the board up afterwards, with the status page, and print their addresses')
  .option('--real', 'use the configured providers instead of the emulated ones')
  .action(async ({ serve = false, real = false }: { serve?: boolean; real?: boolean }) => {
    await run(async (signal) => {
      const { startDemo } = await import('./demo/demo.ts');
      await using demo = await startDemo({ real });
      const settings = real ? withoutBoard(readSettings()) : plainSettings(process.env);
      const config = readConfig({ PORT: '0', SYNC_SCHEDULE: '* * * * *', ...settings, ...demo.variables });
      using terminal = createConsole(config, { alwaysForPeople: true });
      const show = (summary: PassSummary) => {
        terminal.print(plainTable(['Post', 'Status', 'Provider', 'Picture', 'Why'], demo.rows(config.imagesDir)));
        terminal.print(summaryTable(summary));
      };
      if (!serve) {
        const summary = await onePass(config, { ...terminal, signal });
        show(summary);
        return summary.failed > 0 ? 1 : 0;
      }
      await using app = await createApp(config, { ...terminal, signal });
      let page = '';
      let isShown = false;
      await app.start({
        listening: (url) => (page = url),
        passed(summary) {
          if (isShown) return;
          isShown = true;
          show(summary);
          terminal.print(`The status page is at ${page}`);
          terminal.print(`The board stays up at ${demo.url}; stop it with Ctrl-C.`);
          // Not by way of the terminal, which would hide the board's token; it opens nothing but this board.
          for (const [name, value] of Object.entries(demo.variables)) process.stdout.write(`  ${name}=${value}\n`);
        },
      });
      return 0;
    });
  });

program
  .command('generate')
  .description('make one picture through the chain, without a board')
  .argument('<prompt>', 'what the picture is to show')
  .option('--width <pixels>', '256–2048', between(256, 2048), 1080)
  .option('--height <pixels>', '256–2048', between(256, 2048), 1080)
  .option('--seed <number>', '0–2147483647; without it, by chance', between(0, 2 ** 31 - 1))
  .option('--steps <number>', '10–50', between(10, 50))
  .option('--guidance <number>', '1–20', between(1, 20))
  .option('--sampler <name>', 'of Stable Diffusion')
  .option('--negative <words>', 'what the picture is not to show')
  .action(async (prompt: string, options: GenerateOptions) => {
    await run(async (signal) => {
      const config = readBoardlessConfig(readSettings());
      using terminal = createConsole(config, { alwaysForPeople: true });
      const { seed = randomInt(2 ** 31 - 1), guidance: cfgScale, negative: negativePrompt, ...rest } = options;
      const request = {
        prompt,
        seed,
        ...rest,
        ...(cfgScale !== undefined && { cfgScale }),
        ...(negativePrompt !== undefined && { negativePrompt }),
      };
      try {
        const { image, attempts } = await generatePicture(config, request, { ...terminal, signal });
        terminal.print(ledgerTable(attempts));
        terminal.print(join(config.imagesDir, image.path));
        return 0;
      } catch (error) {
        if (!(error instanceof ChainExhaustedError)) throw error;
        terminal.print(ledgerTable(error.attempts));
        terminal.print(`No picture could be made. ${error.message}`);
        return 1;
      }
    });
  });

program
  .command('doctor')
  .description('look at everything the worker needs, and say what to mend')
  .option('--fix', 'add the properties and status options that the database lacks; asks first')
  .option('--yes', 'add them without asking')
  .action(async ({ fix = false, yes = false }: { fix?: boolean; yes?: boolean }) => {
    await run(async (signal) => {
      const report = inspectSettings(readSettings());
      using terminal = createConsole(report.config, { alwaysForPeople: true });
      const runtime = { ...terminal, signal };
      const look = async () => {
        const findings: Finding[] = [];
        for await (const finding of runDoctor(report, runtime)) findings.push(finding);
        terminal.print(findingsTable(findings, process.stdout.isTTY ? process.stdout.columns : undefined));
        return findings;
      };
      const findings = await look();
      if (!fix) {
        const hint = repairHint(findings);
        if (hint !== undefined) terminal.print(hint);
        return doctorExitCode(findings);
      }
      const repair = openRepair(report.config, runtime);
      return offerRepair(findings, { repair, look, print: terminal.print, ask: asking(yes, signal) });
    });
  });

program
  .command('init')
  .description('create the database, with three sample rows, under a page of Notion')
  .option('--page <id>', "the page, by its id or its address; without it the connection's pages are listed", pageId)
  .option('--yes', 'write NOTION_DATABASE_ID into .env without asking')
  .action(async ({ page, yes = false }: { page?: string; yes?: boolean }) => {
    await run(async (signal) => {
      const outside = process.env['NOTION_DATABASE_ID'];
      const config = readInitConfig(readSettings());
      using terminal = createConsole(config, { alwaysForPeople: true });
      const maker = openInit(config, { ...terminal, signal });
      if (page !== undefined) {
        return initBoard(maker, page, { print: terminal.print, ask: asking(yes, signal), envFile: '.env', outside });
      }
      terminal.print(plainTable(['Page', 'Id'], await listPages(maker)));
      terminal.print('Say under which page: npm run init -- --page <id>');
      return 2;
    });
  });

try {
  await program.parseAsync();
} catch (error) {
  // Commander has told what is wrong, or shown the help.
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : usageExitCode;
}

interface GenerateOptions {
  width: number;
  height: number;
  seed?: number;
  steps?: number;
  guidance?: number;
  sampler?: string;
  negative?: string;
}

/** Runs one command from settings to exit code. */
async function run(command: (signal: AbortSignal) => Promise<number>): Promise<void> {
  const stop = onStopSignals();
  try {
    process.exitCode = await command(stop.signal);
    stop.signal.throwIfAborted();
  } catch (error) {
    process.exitCode = exitCodeOf(error, stop.signal);
  } finally {
    stop.release();
  }
}

/** One pass by a worker that gives the folder free again. */
async function onePass(config: Config, runtime: Runtime, options?: Parameters<App['sync']>[0]) {
  await using app = await createApp(config, runtime);
  return await app.sync(options);
}

async function listWaiting(waiting: ReturnType<typeof rowsWaiting>, terminal: Console, limit = Infinity) {
  const rows: string[][] = [];
  for await (const { id, title, statusName } of waiting) {
    if (rows.length >= limit) break;
    rows.push([title, statusName, id]);
    if (!terminal.forPeople) terminal.log.info({ post: id, title, status: statusName }, 'would be taken');
  }
  if (terminal.forPeople)
    terminal.print(rows.length === 0 ? 'No row waits.' : plainTable(['Post', 'Status', 'Page'], rows));
  else terminal.log.info({ rows: rows.length }, 'Dry run finished; nothing was written');
}

/** The environment, filled up from .env. @throws {ConfigError} */
function readSettings(): NodeJS.ProcessEnv {
  try {
    if (existsSync('.env')) process.loadEnvFile('.env');
  } catch (error) {
    throw new ConfigError(
      'The file .env in this folder cannot be read: check that it is a file, and its rights.',
      error,
    );
  }
  return process.env;
}

/** The settings without those of a board, and of whoever watches over its worker. */
function withoutBoard(settings: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const ofBoard = /^(NOTION_|HEARTBEAT_URL|ALERT_WEBHOOK_URL)/;
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !ofBoard.test(name)));
}

/** The settings that have nothing to do with accounts. */
function plainSettings(settings: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = new Set(['IMAGES_DIR', 'LOG_LEVEL', 'ROW_TIMEOUT_SECONDS', 'PORT']);
  return Object.fromEntries(Object.entries(settings).filter(([name]) => names.has(name)));
}

function wholeNumber(value: string): number {
  if (!/^[1-9]\d*$/.test(value)) throw new InvalidArgumentError('Give a whole number from 1 on.');
  return Number(value);
}

function between(min: number, max: number): (value: string) => number {
  return (value) => {
    const parsed = /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
    if (parsed >= min && parsed <= max) return parsed;
    throw new InvalidArgumentError(`Give a number from ${min} to ${max}.`);
  };
}

function pageId(value: string): string {
  const id = extractNotionId(value);
  if (!id) throw new InvalidArgumentError("Give the page's id or its address.");
  return id;
}
