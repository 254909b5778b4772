import { createTask } from 'node-cron';

/** The least that a schedule of seconds is given. */
const leastMs = 120_000;

/** From now until the third run that a schedule asks for, in ms. */
export function msToThirdRun({ schedule, timeZone }: { schedule: string; timeZone: string }, now: number): number {
  const task = createTask(schedule, () => undefined, { timezone: timeZone });
  const third = task.getNextRuns(3).at(-1);
  void task.destroy();
  return third === undefined ? Number.POSITIVE_INFINITY : Math.max(leastMs, third.getTime() - now);
}
