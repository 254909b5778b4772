import { schedule as scheduleTask } from 'node-cron';
import type { Clock } from '../core/clock.ts';
import { BoardError, ConfigError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';

/** What a schedule runs, and when. */
export interface ScheduleParts {
  /** A cron expression, read in `timeZone`. */
  schedule: string;
  timeZone: string;
  clock: Clock;
  log: Log;
  /** One pass. What it throws is told by the caller of the pass; the schedule goes on. */
  pass: (signal: AbortSignal) => Promise<void>;
}

/**
 * Runs passes until the signal aborts: the first at once, then by the schedule, never two at a time, and one to catch up when
 * ticks were missed (the machine slept). Resolves when the last pass has come to rest.
 */
export async function runSchedule(parts: ScheduleParts, signal: AbortSignal): Promise<void> {
  const { schedule, timeZone, clock, log, pass } = parts;
  let running: Promise<void> | undefined;
  let catchingUp = false;

  const tick = () => {
    if (signal.aborted) return;
    if (running) {
      log.debug({}, 'The pass before is still running; this tick is left out.');
      return;
    }
    running = pass(signal)
      .catch((error: unknown) => {
        if (!signal.aborted) tellEnd(log, error);
      })
      .finally(() => (running = undefined));
  };

  const catchUp = async () => {
    if (catchingUp) return;
    catchingUp = true;
    try {
      // Missed ticks are told one by one: one pass makes up for all of them.
      await clock.sleep(1000, signal);
      tick();
    } finally {
      catchingUp = false;
    }
  };

  const task = scheduleTask(schedule, tick, { timezone: timeZone, suppressMissedWarning: true });
  task.on('execution:missed', () => void catchUp().catch(() => undefined));
  tick();
  await aborted(signal);
  await task.destroy();
  await running;
}

function tellEnd(log: Log, error: unknown): void {
  if (error instanceof ConfigError || error instanceof BoardError) {
    log.error({ reason: error.name }, `The pass ended early. ${error.message.replaceAll('\n', ' ')}`);
  } else log.error({ err: error }, `The pass ended early, and the worker does not know why: ${String(error)}`);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
