import pino from 'pino';
import { createWorkerEvents, type WorkerEvents } from '../../core/events.ts';
import type { Log } from '../../lib/log.ts';
import { createRedact } from '../../lib/redact.ts';
import { createLog, prettyStream } from './log.ts';
import { createProgress } from './progress.ts';

/** What a command shows: readable lines and a progress bar on a terminal, JSON lines otherwise. */
export interface Console extends Disposable {
  log: Log;
  /** What the progress bar follows; to be given to the worker. */
  events: WorkerEvents;
  forPeople: boolean;
  print: (text: string) => void;
}

/** Opens the console of a command; `alwaysForPeople` gives readable lines without a terminal too. */
export function createConsole(
  { logLevel: level, secrets }: { logLevel: string; secrets: readonly string[] },
  { alwaysForPeople = false } = {},
): Console {
  const redact = createRedact(secrets);
  const events = createWorkerEvents();
  const print = (text: string) => void process.stdout.write(`${redact(text)}\n`);
  if (!process.stdout.isTTY) {
    const toStdout = pino.destination({ dest: 1, sync: true });
    const destination = alwaysForPeople ? prettyStream((line) => toStdout.write(line), false) : toStdout;
    return {
      log: createLog({ level, redact, destination }),
      events,
      forPeople: alwaysForPeople,
      print,
      [Symbol.dispose]: () => undefined,
    };
  }
  const progress = createProgress(process.stdout, events);
  return {
    log: createLog({ level, redact, destination: prettyStream(progress.line, true) }),
    events,
    forPeople: true,
    print: (text) => {
      progress.stop();
      print(text);
    },
    [Symbol.dispose]: () => progress.stop(),
  };
}
