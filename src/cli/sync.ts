import type { Command } from 'commander';
import { rowsWaiting } from '../app/commands.ts';
import { readConfig } from '../config/config.ts';
import { pageId, wholeNumber } from './arguments.ts';
import { onePass, readSettings, run } from './run.ts';
import { type Console, createConsole } from './terminal/console.ts';
import { summaryTable, table } from './terminal/tables.ts';

/** Adds `sync`: one pass over the board. */
export function addSync(program: Command): void {
  program
    .command('sync')
    .description('make one pass over the board')
    .option('--dry-run', 'list the rows that would be taken; write nothing')
    .option('--limit <rows>', 'take at most so many rows', wholeNumber)
    .option('--page <id>', "take only this row, by its id or its page's address", pageId)
    .action((options: SyncOptions) => run((signal) => sync(options, signal)));
}

interface SyncOptions {
  dryRun?: boolean;
  limit?: number;
  page?: string;
}

async function sync({ dryRun, limit, page }: SyncOptions, signal: AbortSignal): Promise<number> {
  const config = readConfig(readSettings());
  using terminal = createConsole(config);
  const runtime = { ...terminal, signal };
  const onlyPage = { ...(page && { pageId: page }) };
  if (dryRun) {
    await listWaiting(rowsWaiting(config, runtime, onlyPage), terminal, limit);
    return 0;
  }
  const summary = await onePass(config, runtime, { ...(limit && { limit }), ...onlyPage });
  if (terminal.forPeople) terminal.print(summaryTable(summary));
  return summary.failed > 0 ? 1 : 0;
}

async function listWaiting(waiting: ReturnType<typeof rowsWaiting>, terminal: Console, limit = Infinity) {
  const rows: string[][] = [];
  for await (const { id, title, statusName } of waiting) {
    if (rows.length >= limit) break;
    rows.push([title, statusName, id]);
    if (!terminal.forPeople) terminal.log.info({ post: id, title, status: statusName }, 'would be taken');
  }
  if (!terminal.forPeople) terminal.log.info({ rows: rows.length }, 'Dry run finished; nothing was written');
  else terminal.print(rows.length === 0 ? 'No row waits.' : table(['Post', 'Status', 'Page'], rows));
}
