import { createTask } from 'node-cron';
import type { PassSummary } from '../../core/pass.ts';
import type { Clock } from '../../lib/clock.ts';
import { isoTime } from '../../lib/dates.ts';
import { verdictMessages } from '../../messages/health.ts';
import type { HealthFacts, PassResult, Verdict } from './facts.ts';

/** A cron expression, read in a time zone. */
export interface CronSchedule {
  schedule: string;
  timeZone: string;
}

type PassFacts = Omit<HealthFacts['passes'], 'failedInARow'>;

/** A board that was read no longer ago than this is within reach, though the last pass failed. */
const reachMs = 15 * 60_000;
/** A schedule of seconds is given this much time. */
const shortestWaitMs = 120_000;

/**
 * The passes so far. Whatever is judged by them goes by the monotonic clock; the wall clock is for people.
 * `stallMs`: a pass that has not got on for so long never will.
 */
export function createPassRecord({ clock, stallMs }: { clock: Clock; stallMs: number }) {
  const facts: PassFacts = {};
  let progressAt = clock.monotonic();
  let readAt: number | undefined;
  let dueAt = Number.POSITIVE_INFINITY;
  const isoNow = () => isoTime(clock.now());
  const progressed = () => void (progressAt = clock.monotonic());

  return {
    started() {
      progressed();
      facts.runningSince = facts.lastStartedAt = isoNow();
    },
    /** A row came to its end: the pass under way gets on. */
    progressed,
    boardRead() {
      progressed();
      readAt = clock.monotonic();
    },
    /** The next pass has to begin by the third run of this schedule; never without one. */
    expectNext(schedule: CronSchedule | undefined) {
      dueAt = schedule ? clock.monotonic() + msToThirdRun(schedule, clock.now()) : Number.POSITIVE_INFINITY;
    },
    ended(result: PassResult, { summary, error }: { summary?: PassSummary; error?: string } = {}) {
      delete facts.runningSince;
      delete facts.lastError;
      facts.lastEndedAt = isoNow();
      facts.lastResult = result;
      if (error !== undefined) facts.lastError = error;
      if (result !== 'good') return;
      facts.lastGoodAt = facts.lastEndedAt;
      if (summary) facts.lastGood = { done: summary.done, failed: summary.failed, skipped: summary.skipped };
      readAt = clock.monotonic();
    },
    liveness(): Verdict {
      const now = clock.monotonic();
      const isRunning = facts.runningSince !== undefined;
      if (isRunning && now - progressAt > stallMs) {
        return { ok: false, reason: verdictMessages.stalled(now - progressAt) };
      }
      if (!isRunning && now > dueAt) return { ok: false, reason: verdictMessages.overdue };
      return { ok: true, reason: verdictMessages.alive };
    },
    /** Is the board within reach? */
    reach(): Verdict {
      if (readAt === undefined) return { ok: false, reason: facts.lastError ?? verdictMessages.notYet };
      const agoMs = clock.monotonic() - readAt;
      return facts.lastError !== undefined && agoMs > reachMs
        ? { ok: false, reason: verdictMessages.unread(agoMs, facts.lastError) }
        : { ok: true, reason: verdictMessages.ready };
    },
    facts: (): PassFacts => ({ ...facts }),
  };
}

/** A single run may be missed for good reasons. */
function msToThirdRun({ schedule, timeZone }: CronSchedule, now: number): number {
  const task = createTask(schedule, () => undefined, { timezone: timeZone });
  const third = task.getNextRuns(3).at(-1);
  void task.destroy();
  return third === undefined ? Number.POSITIVE_INFINITY : Math.max(shortestWaitMs, third.getTime() - now);
}
