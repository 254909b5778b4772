import type { Log } from '../../lib/log.ts';
import type { Redact } from '../../lib/redact.ts';
import type { AlertMessage } from '../../messages/alerts.ts';
import type { AlertEntry } from './state.ts';

/** What the operator has to mend: an alert is sent once when a trouble begins, and once when it is over. */
export type Alerts = ReturnType<typeof createAlerts>;

interface AlertsOptions {
  entries: Map<string, AlertEntry>;
  /** Writes the entries to disk; never fails. */
  save: () => Promise<void>;
  /** Answers false when the text did not get through; undefined where no webhook is configured. */
  send: ((text: string) => Promise<boolean>) | undefined;
  log: Log;
  redact: Redact;
}

/** Alerts over the entries of earlier processes; the entries are changed in place. */
export function createAlerts({ entries, save, send, log, redact }: AlertsOptions) {
  let delivering: Promise<void> | undefined;
  let onItsWay: string | undefined;

  /** An alert that is over, and known to be, is needed no more. */
  const dropIfDone = (key: string) => {
    const entry = entries.get(key);
    if (entry?.state === 'well' && entry.told === 'well' && onItsWay !== key) entries.delete(key);
  };

  const nextDue = () => [...entries].find(([, { state, told }]) => state !== told);

  /** Answers false when one did not get through: the others wait with it. */
  const sendAll = async (send: NonNullable<AlertsOptions['send']>): Promise<boolean> => {
    for (let due = nextDue(); due; due = nextDue()) {
      const [key, { state, [state]: text }] = due;
      onItsWay = key;
      // On disk first: a worker that starts anew goes on where this one stopped.
      await save();
      const isSent = await send(text);
      onItsWay = undefined;
      // It may have been replaced meanwhile.
      const entry = entries.get(key);
      if (entry && isSent) entry.told = state;
      dropIfDone(key);
      await save();
      if (!isSent) return false;
    }
    return true;
  };

  const deliver = () => {
    if (!send || delivering || !nextDue()) return;
    delivering = sendAll(send).then((isAllSent) => {
      delivering = undefined;
      // Something may have begun in the last moment.
      if (isAllSent) deliver();
      return delivering;
    });
  };

  return {
    /** The trouble is there; while it lasts, nothing more is sent. */
    raise(key: string, message: AlertMessage) {
      const known = entries.get(key);
      if (known?.state === 'trouble' && !known.doubtful) return;
      const told = known && !known.doubtful ? known.told : 'well';
      const [trouble, well] = [redact(message.trouble), redact(message.well)];
      log.info({ alert: key }, `Alert: ${trouble}`);
      entries.set(key, { state: 'trouble', told, trouble, well });
      void save();
      deliver();
    },
    /** The trouble is over. */
    clear(key: string) {
      const entry = entries.get(key);
      if (entry?.state !== 'trouble') return;
      log.info({ alert: key }, entry.well);
      entry.state = 'well';
      delete entry.doubtful;
      dropIfDone(key);
      void save();
      deliver();
    },
    /** What the alert was about has changed: the same trouble would be news. */
    outdate(key: string) {
      const entry = entries.get(key);
      if (entry?.state !== 'trouble') return;
      entry.doubtful = true;
      void save();
    },
    /** The trouble is of no interest any more. */
    forget(key: string) {
      if (entries.delete(key)) void save();
    },
    /** The alerts that are raised, in words, by their keys. */
    raised() {
      const raised = [...entries].filter(([, { state }]) => state === 'trouble');
      return new Map(raised.map(([key, { trouble }]) => [key, trouble]));
    },
    /** Sends in the background what is not sent yet. */
    deliver,
    /** Resolves when nothing is on its way any more. */
    async settled() {
      await delivering;
      await save();
    },
  };
}
