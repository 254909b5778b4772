import { createTask } from 'node-cron';
import type { Clock } from '../lib/clock.ts';
import type { PassRunner } from './pass-runner.ts';

/** What a schedule runs, and when. */
export interface ScheduleParts {
  /** A cron expression, read in `timeZone`. */
  schedule: string;
  timeZone: string;
  clock: Clock;
  passes: Pick<PassRunner, 'request' | 'settled'>;
}

/** Passes by the clock. */
export interface Schedule {
  /** Wall-clock ms of the next tick; undefined when there is none. */
  next(): number | undefined;
  /**
   * Asks for passes until the signal aborts: the first at once, then by the schedule, and one to catch up when ticks were missed (the machine
   * slept). Resolves when the last pass has come to rest.
   */
  run(signal: AbortSignal): Promise<void>;
}

export function createSchedule({ schedule, timeZone, clock, passes }: ScheduleParts): Schedule {
  const task = createTask(schedule, () => void passes.request('schedule'), {
    timezone: timeZone,
    suppressMissedWarning: true,
  });
  let catchingUp = false;

  const catchUp = async (signal: AbortSignal) => {
    if (catchingUp) return;
    catchingUp = true;
    try {
      // Missed ticks are told one by one: one pass makes up for all of them.
      await clock.sleep(1000, signal);
      passes.request('schedule');
    } finally {
      catchingUp = false;
    }
  };

  return {
    next: () => task.getNextRun()?.getTime(),
    async run(signal) {
      task.on('execution:missed', () => void catchUp(signal).catch(() => undefined));
      await task.start();
      passes.request('start');
      await aborted(signal);
      await task.destroy();
      await passes.settled();
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
