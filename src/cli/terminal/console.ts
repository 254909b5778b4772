import pino from 'pino';
import type { Log } from '../../lib/log.ts';
import type { Outcome } from '../../core/outcome.ts';
import { createRedact } from '../../lib/redact.ts';
import { createLog, prettyStream } from './log.ts';
import { createProgress } from './progress.ts';

/** What a command shows: readable lines and a progress bar on a terminal, JSON lines otherwise. */
export interface Console extends Disposable {
  log: Log;
  forPeople: boolean;
  print: (text: string) => void;
  onOutcome: (outcome: Outcome) => void;
  onSight: (waiting: number, more: boolean) => void;
}

export function createConsole(
  config: { logLevel: string; secrets: readonly string[] },
  { alwaysForPeople = false } = {},
): Console {
  const redact = createRedact(config.secrets);
  const level = config.logLevel;
  const print = (text: string) => void process.stdout.write(`${redact(text)}\n`);
  if (!process.stdout.isTTY) {
    const toStdout = pino.destination({ dest: 1, sync: true });
    const destination = alwaysForPeople ? prettyStream((line) => toStdout.write(line), false) : toStdout;
    return {
      log: createLog({ level, redact, destination }),
      forPeople: alwaysForPeople,
      print,
      onOutcome: () => undefined,
      onSight: () => undefined,
      [Symbol.dispose]: () => undefined,
    };
  }
  const progress = createProgress(process.stdout);
  return {
    log: createLog({ level, redact, destination: prettyStream(progress.line, true) }),
    forPeople: true,
    print: (text) => {
      progress.stop();
      print(text);
    },
    onOutcome: (outcome) => {
      if (outcome.kind !== 'skipped' || !outcome.again) progress.step();
    },
    onSight: progress.waiting,
    [Symbol.dispose]: () => progress.stop(),
  };
}
