import pino from 'pino';
import { createWorkerEvents } from '../../core/events.ts';
import { createRedact } from '../../lib/redact.ts';
import { createLog, prettyStream } from './log.ts';
import { createProgress } from './progress.ts';

/** What a command shows: readable lines and a progress bar on a terminal, JSON lines otherwise. */
export type Console = ReturnType<typeof createConsole>;

/** Opens the console of a command; `alwaysForPeople` gives readable lines without a terminal too. */
export function createConsole(
  { logLevel: level, secrets }: { logLevel: string; secrets: readonly string[] },
  { alwaysForPeople = false } = {},
) {
  const redact = createRedact(secrets);
  const events = createWorkerEvents();
  const progress = process.stdout.isTTY ? createProgress(process.stdout, events) : undefined;
  const forPeople = alwaysForPeople || progress !== undefined;
  const stdout = pino.destination({ dest: 1, sync: true });
  const printLine = progress?.line ?? ((line: string) => stdout.write(line));
  const destination = forPeople ? prettyStream(printLine, progress !== undefined) : stdout;
  return {
    log: createLog({ level, redact, destination }),
    /** What the progress bar follows; to be given to the worker. */
    events,
    forPeople,
    print: (text: string) => {
      progress?.stop();
      process.stdout.write(`${redact(text)}\n`);
    },
    [Symbol.dispose]: () => progress?.stop(),
  };
}
