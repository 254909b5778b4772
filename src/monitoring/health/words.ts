import { ConfigError } from '../../core/errors.ts';

/** An alert's two texts. Trouble: what happened, who must act, the next step. */
export interface AlertWords {
  trouble: string;
  well: string;
}

/** Every alert, in the words that the operator reads. */
export const alertWords = {
  tokenRefused: (): AlertWords => ({
    trouble:
      'Notion refuses the token, so no row gets its picture. Operator: copy the token anew from the connection’s page at notion.so/developers into NOTION_TOKEN, then restart the worker.',
    well: 'Notion takes the token: it is well again.',
  }),
  keyRefused: (label: string, detail?: string): AlertWords => ({
    trouble: `${label} refuses its key${said(detail)}; the next provider is asked meanwhile. Operator: check the key in the settings, then restart the worker.`,
    well: `${label} takes its key: it is well again.`,
  }),
  routeRetired: (label: string, detail?: string): AlertWords => ({
    trouble: `${label} no longer offers the model${said(detail)}; the next provider is asked meanwhile. Operator: choose another model in the settings, then restart the worker.`,
    well: `${label} makes pictures: it is well again.`,
  }),
  budgetReached: (): AlertWords => ({
    trouble:
      'The month’s budget is reached, so only free providers are asked. Operator: raise MONTHLY_BUDGET_USD and restart the worker, or wait for the first of the month.',
    well: 'There is room in the budget: it is well again.',
  }),
  rowsStuck: (count: number, url: string): AlertWords => ({
    trouble: `${count === 1 ? 'One row is' : `${count} rows are`} left waiting by pass after pass, though the passes go well; the longest is ${url}. Operator: look for the row in the worker’s log; another worker may hold it.`,
    well: 'No row is left waiting: it is well again.',
  }),
  diskLow: (freeBytes: number, folder: string): AlertWords => ({
    trouble: `Only ${Math.floor(freeBytes / mebibyte)} MiB are free on the disk that holds ${folder}; when it is full, no picture can be made. Operator: free some space or give the folder a larger disk.`,
    well: `The disk that holds ${folder} has space: it is well again.`,
  }),
  passesFailing: (count: number, error: unknown): AlertWords => ({
    trouble: `${count} passes in a row failed, so rows wait for their pictures. The last one said: ${errorWords(error)} Operator: do what it says, or look at the log.`,
    well: 'A pass went through: it is well again.',
  }),
  folderTaken: (folder: string): AlertWords => ({
    trouble: `Another worker took over ${folder}, and this one stops. Operator: see that only one worker uses the folder; if this machine was only asleep, nothing is to be done.`,
    well: `The folder ${folder} is this worker’s: it is well again.`,
  }),
};

export type AlertKind = keyof typeof alertWords;

/** An error in one line of at most 300 characters. */
export function errorWords(error: unknown): string {
  if (error instanceof ConfigError) return oneLine(error.problems.join(' '));
  return oneLine(error instanceof Error ? error.message : String(error));
}

/** Reasons of the answers to "are you alive?" and "are you ready?". */
export const verdictWords = {
  alive: 'The worker is alive.',
  stalled: (ms: number) => `The pass under way has come no further for ${minutes(ms)}: restart the worker.`,
  overdue: 'No pass has begun though it was due: restart the worker.',
  silent: (ms: number) => `The heartbeat was last written ${minutes(ms)} ago: check the disk, then restart the worker.`,
  ready: 'The worker is ready.',
  stopping: 'The worker is stopping.',
  folderLost: 'Another worker holds the images folder.',
  notYet: 'The board has not been read yet.',
  unread: (ms: number, error: string) => `The board was last read ${minutes(ms)} ago. ${error}`,
  unwritable: 'The state folder cannot be written to: check the disk.',
};

function said(detail: string | undefined): string {
  return detail === undefined ? '' : ` (${oneLine(detail)})`;
}

function oneLine(text: string): string {
  const line = text.replaceAll(/[\s\p{C}]+/gu, ' ').trim();
  const characters = Array.from(line);
  return characters.length > 300 ? `${characters.slice(0, 299).join('')}…` : line;
}

function minutes(ms: number): string {
  const count = Math.max(1, Math.round(ms / 60_000));
  return count === 1 ? 'a minute' : `${count} minutes`;
}

const mebibyte = 1024 * 1024;
