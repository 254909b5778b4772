import type { FailureCode } from '../core/reactions.ts';
import { errorText, oneLine } from '../lib/text.ts';

const mebibyte = 1024 * 1024;
/** Of somebody else's words, in characters. */
const longest = 300;

/** An alert's two texts. Trouble: what happened, who must act, the next step. */
export interface AlertMessage {
  trouble: string;
  well: string;
}

/** Alerts about the worker as a whole, in the words that the operator reads. */
export const alertMessages = {
  tokenRefused: (): AlertMessage => ({
    trouble:
      'Notion refuses the token, so no row gets its picture. Operator: copy the token anew from the connection’s page at notion.so/developers into NOTION_TOKEN, then restart the worker.',
    well: 'Notion takes the token: it is well again.',
  }),
  budgetReached: (): AlertMessage => ({
    trouble:
      'The month’s budget is reached, so only free providers are asked. Operator: raise MONTHLY_BUDGET_USD and restart the worker, or wait for the first of the month.',
    well: 'There is room in the budget: it is well again.',
  }),
  rowsStuck: (count: number, url: string): AlertMessage => ({
    trouble: `${count === 1 ? 'One row is' : `${count} rows are`} left waiting by pass after pass, though the passes go well; the longest is ${url}. Operator: look for the row in the worker’s log; another worker may hold it.`,
    well: 'No row is left waiting: it is well again.',
  }),
  diskLow: (freeBytes: number, folder: string): AlertMessage => ({
    trouble: `Only ${Math.floor(freeBytes / mebibyte)} MiB are free on the disk that holds ${folder}; when it is full, no picture can be made. Operator: free some space or give the folder a larger disk.`,
    well: `The disk that holds ${folder} has space: it is well again.`,
  }),
  passesFailing: (count: number, error: unknown): AlertMessage => ({
    trouble: `${count} passes in a row failed, so rows wait for their pictures. The last one said: ${errorText(error, longest)} Operator: do what it says, or look at the log.`,
    well: 'A pass went through: it is well again.',
  }),
  folderTaken: (folder: string): AlertMessage => ({
    trouble: `Another worker took over ${folder}, and this one stops. Operator: see that only one worker uses the folder; if this machine was only asleep, nothing is to be done.`,
    well: `The folder ${folder} is this worker’s: it is well again.`,
  }),
};

/** The same about one provider: failures that an operator has to mend. */
export const providerAlertMessages: Partial<Record<FailureCode, (label: string, detail?: string) => AlertMessage>> = {
  unauthorized: (label, detail) => ({
    trouble: `${label} refuses its key${said(detail)}; the next provider is asked meanwhile. Operator: check the key in the settings, then restart the worker.`,
    well: `${label} takes its key: it is well again.`,
  }),
  retired: (label, detail) => ({
    trouble: `${label} no longer offers the model${said(detail)}; the next provider is asked meanwhile. Operator: choose another model in the settings, then restart the worker.`,
    well: `${label} makes pictures: it is well again.`,
  }),
};

export type AlertKind = keyof typeof alertMessages;

function said(detail: string | undefined): string {
  return detail === undefined ? '' : ` (${oneLine(detail, longest)})`;
}
