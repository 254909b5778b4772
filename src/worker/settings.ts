import { validate as isCronExpression } from 'node-cron';
import type { Environment } from '../core/environment.ts';

/** When passes are made. */
export interface ScheduleSettings {
  /** A cron expression. */
  schedule: string;
  timeZone: string;
}

/** Reads SYNC_SCHEDULE and TIMEZONE. */
export function readScheduleSettings(environment: Environment): ScheduleSettings {
  const schedule = environment.text('SYNC_SCHEDULE', '*/5 * * * *');
  if (!isCronExpression(schedule)) {
    environment.problem(`SYNC_SCHEDULE is "${schedule}": give a cron expression such as "*/5 * * * *".`);
  }
  const timeZone = environment.text('TIMEZONE', 'UTC');
  try {
    void Intl.DateTimeFormat('en', { timeZone });
  } catch {
    environment.problem(`TIMEZONE is "${timeZone}": give a name such as Europe/Berlin or UTC.`);
  }
  return { schedule, timeZone };
}
