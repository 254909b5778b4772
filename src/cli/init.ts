import type { Command } from 'commander';
import { openInit } from '../app/commands.ts';
import { readInitConfig } from '../config/config.ts';
import { initBoard, listPages } from '../setup/init.ts';
import { pageId } from './arguments.ts';
import { readSettings, run } from './run.ts';
import { questioner } from './terminal/ask.ts';
import { createConsole } from './terminal/console.ts';
import { table } from './terminal/tables.ts';

/** Adds `init`: creates the database in Notion. */
export function addInit(program: Command): void {
  program
    .command('init')
    .description('create the database, with three sample rows, under a page of Notion')
    .option('--page <id>', "the page, by its id or its address; without it the connection's pages are listed", pageId)
    .option('--yes', 'write NOTION_DATABASE_ID into .env without asking')
    .action((options: InitOptions) => run((signal) => init(options, signal)));
}

interface InitOptions {
  page?: string;
  yes?: boolean;
}

async function init({ page, yes = false }: InitOptions, signal: AbortSignal): Promise<number> {
  // Read before .env is loaded into the environment.
  const outside = process.env['NOTION_DATABASE_ID'];
  const config = readInitConfig(readSettings());
  using terminal = createConsole(config, { alwaysForPeople: true });
  const maker = openInit(config, { ...terminal, signal });
  if (page !== undefined) {
    return initBoard(maker, page, { print: terminal.print, ask: questioner(yes, signal), envFile: '.env', outside });
  }
  terminal.print(table(['Page', 'Id'], await listPages(maker)));
  terminal.print('Say under which page: npm run init -- --page <id>');
  return 2;
}
