import type { Log } from '../../lib/log.ts';
import type { Redact } from '../../lib/redact.ts';
import type { AlertEntry } from './state.ts';
import type { AlertMessage } from '../../messages/alerts.ts';

/** The troubles that somebody has to be told of: each once when it begins, and once when it ends. */
export interface Alerts {
  /** It stands from now on; while it does, this says nothing more. */
  begin(key: string, words: AlertMessage): void;
  /** It is over. */
  end(key: string): void;
  /** What it was about has changed: if the trouble comes again, that is news. */
  doubt(key: string): void;
  /** It is of no interest any more. */
  forget(key: string): void;
  /** The keys of those that stand. */
  standing(): string[];
  /** The same in words. */
  troubles(): string[];
  /** Sends what is not told yet, in the background. */
  deliver(): void;
  /** Resolves when nothing is on its way. */
  settled(): Promise<void>;
}

export interface AlertsOptions {
  entries: Map<string, AlertEntry>;
  /** Writes the entries down; never fails. */
  keep: () => Promise<void>;
  /** False when it did not get through; undefined where nobody listens. */
  tell: ((text: string) => Promise<boolean>) | undefined;
  log: Log;
  redact: Redact;
}

export function createAlerts({ entries, keep, tell, log, redact }: AlertsOptions): Alerts {
  let delivering: Promise<void> | undefined;
  let beingTold: string | undefined;

  /** What is well, and known to be, need not be kept. */
  const tidy = (key: string) => {
    const entry = entries.get(key);
    if (entry?.state === 'well' && entry.told === 'well' && beingTold !== key) entries.delete(key);
  };

  const nextDue = () => [...entries].find(([, { state, told }]) => state !== told);

  /** False when one did not get through: the rest waits with it. */
  const tellAll = async (send: NonNullable<AlertsOptions['tell']>): Promise<boolean> => {
    for (let due = nextDue(); due; due = nextDue()) {
      const [key, { state, [state]: text }] = due;
      beingTold = key;
      // On disk first: a worker that starts anew goes on where this one stopped.
      await keep();
      const isTold = await send(text);
      beingTold = undefined;
      // It may have been replaced meanwhile.
      const entry = entries.get(key);
      if (entry && isTold) entry.told = state;
      tidy(key);
      await keep();
      if (!isTold) return false;
    }
    return true;
  };

  const deliver = () => {
    if (!tell || delivering || !nextDue()) return;
    delivering = tellAll(tell).then((isAllTold) => {
      delivering = undefined;
      // Something may have begun in the last moment.
      if (isAllTold) deliver();
      return delivering;
    });
  };

  return {
    begin(key, words) {
      const known = entries.get(key);
      if (known?.state === 'trouble' && !known.doubtful) return;
      const told = known && !known.doubtful ? known.told : 'well';
      const [trouble, well] = [redact(words.trouble), redact(words.well)];
      log.info({ alert: key }, `Alert: ${trouble}`);
      entries.set(key, { state: 'trouble', told, trouble, well });
      void keep();
      deliver();
    },
    end(key) {
      const entry = entries.get(key);
      if (entry?.state !== 'trouble') return;
      log.info({ alert: key }, entry.well);
      entry.state = 'well';
      delete entry.doubtful;
      tidy(key);
      void keep();
      deliver();
    },
    doubt(key) {
      const entry = entries.get(key);
      if (entry?.state !== 'trouble') return;
      entry.doubtful = true;
      void keep();
    },
    forget(key) {
      if (entries.delete(key)) void keep();
    },
    standing: () => [...entries].filter(([, { state }]) => state === 'trouble').map(([key]) => key),
    troubles: () => [...entries.values()].filter(({ state }) => state === 'trouble').map(({ trouble }) => trouble),
    deliver,
    settled: async () => {
      await delivering;
      await keep();
    },
  };
}
