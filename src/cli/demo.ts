import type { Command } from 'commander';
import { createApp } from '../app/worker.ts';
import { readConfig } from '../config/config.ts';
import { listen } from '../core/events.ts';
import type { PassSummary } from '../core/pass.ts';
import { onePass, readSettings, run } from './run.ts';
import { createConsole } from './terminal/console.ts';
import { summaryTable, table } from './terminal/tables.ts';

/** Adds `demo`: one pass over an embedded board. */
export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('make one pass over an embedded board; no account is needed')
    .option('--serve', 'keep the board up afterwards, with the status page, and print their addresses')
    .option('--real', 'use the configured providers instead of the emulated ones')
    .action((options: DemoOptions) => run((signal) => runDemo(options, signal)));
}

interface DemoOptions {
  serve?: boolean;
  real?: boolean;
}

async function runDemo({ serve = false, real = false }: DemoOptions, signal: AbortSignal): Promise<number> {
  // Imported here, so that the other commands do not load the emulators.
  const { startDemo } = await import('./demo/demo.ts');
  await using demo = await startDemo({ real });
  const settings = real ? withoutBoard(readSettings()) : withoutAccounts(process.env);
  const config = readConfig({ PORT: '0', SYNC_SCHEDULE: '* * * * *', ...settings, ...demo.variables });
  using terminal = createConsole(config, { alwaysForPeople: true });
  const show = (summary: PassSummary) => {
    terminal.print(table(['Post', 'Status', 'Provider', 'Picture', 'Why'], demo.rows(config.imagesDir)));
    terminal.print(summaryTable(summary));
  };
  if (!serve) {
    const summary = await onePass(config, { ...terminal, signal });
    show(summary);
    return summary.failed > 0 ? 1 : 0;
  }
  await using app = await createApp(config, { ...terminal, signal });
  let page = '';
  terminal.events.once('listening', (url) => (page = url));
  const stopListening = listen(terminal.events, {
    pass({ summary }) {
      if (!summary) return;
      stopListening();
      show(summary);
      terminal.print(`The status page is at ${page}`);
      terminal.print(`The board stays up at ${demo.url}; stop it with Ctrl-C.`);
      // The terminal would redact the board's token, which opens nothing but this board.
      for (const [name, value] of Object.entries(demo.variables)) process.stdout.write(`  ${name}=${value}\n`);
    },
  });
  await app.start();
  return 0;
}

/** The settings without those of a board and of the monitoring of its worker. */
function withoutBoard(settings: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const ofBoard = /^(NOTION_|HEARTBEAT_URL|ALERT_WEBHOOK_URL)/;
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !ofBoard.test(name)));
}

/** The settings that have nothing to do with accounts. */
function withoutAccounts(settings: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = new Set(['IMAGES_DIR', 'LOG_LEVEL', 'ROW_TIMEOUT_SECONDS', 'PORT']);
  return Object.fromEntries(Object.entries(settings).filter(([name]) => names.has(name)));
}
