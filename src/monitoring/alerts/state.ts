import { z } from 'zod';
import type { Log } from '../../lib/log.ts';
import { readState, type StateFile } from '../../state/state-file.ts';
import { coalesce } from '../coalesce.ts';

const condition = z.enum(['trouble', 'well']);
const alertEntry = z.object({
  /** How it is, and what the operator was last told that it is. */
  state: condition,
  told: condition,
  trouble: z.string(),
  well: z.string(),
  /** What it was about has changed, so that the same trouble would be news. */
  doubtful: z.boolean().optional(),
});
const leftRow = z.object({
  url: z.string(),
  /** Whole good passes that left it waiting. */
  passes: z.int().min(1),
});
const fileSchema = z.object({
  version: z.literal(1),
  failedPasses: z.int().min(0),
  left: z.record(z.string(), leftRow),
  alerts: z.record(z.string(), alertEntry),
});

export type AlertEntry = z.infer<typeof alertEntry>;
export type LeftRow = z.infer<typeof leftRow>;

/** What has to outlive the process, so that nobody is alerted twice. */
export interface AlertState {
  /** In a row. */
  failedPasses: number;
  /** Rows that the last whole good pass left waiting, by id. */
  left: Map<string, LeftRow>;
  alerts: Map<string, AlertEntry>;
}

/** Reads the alert state; one that is torn or foreign is started anew. `save` writes it to the file, and never fails. */
export async function openAlertState(
  file: StateFile,
  log: Log,
): Promise<{ state: AlertState; save: () => Promise<void> }> {
  const state = await read(file, log);
  const save = coalesce(async () => {
    const { failedPasses, left, alerts } = state;
    const whole = { version: 1, failedPasses, left: Object.fromEntries(left), alerts: Object.fromEntries(alerts) };
    try {
      await file.save(`${JSON.stringify(whole, undefined, 2)}\n`);
    } catch (error) {
      // A pass that meets the same disk says what is wrong with it.
      log.debug({ err: error }, 'What was alerted could not be kept');
    }
  });
  return { state, save };
}

async function read(file: StateFile, log: Log): Promise<AlertState> {
  const unreadable = 'What was alerted before cannot be read, and is started anew';
  const format = { name: 'alerts.json', version: 1, schema: fileSchema, log, unreadable };
  const { failedPasses = 0, left = {}, alerts = {} } = (await readState(file, format)) ?? {};
  return { failedPasses, left: new Map(Object.entries(left)), alerts: new Map(Object.entries(alerts)) };
}
