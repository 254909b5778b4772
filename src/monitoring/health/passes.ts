import type { Clock } from '../../lib/clock.ts';
import type { PassSummary } from '../../core/pass.ts';
import { isoTime } from '../../lib/dates.ts';
import type { HealthFacts, PassResult, Verdict } from './facts.ts';
import { verdictMessages } from '../../messages/health.ts';

/** The passes so far. Whatever is judged by them goes by the monotonic clock; the wall clock only tells times. */
export interface PassRecord {
  started(): void;
  /** A row was seen or told: the pass under way comes along. */
  progressed(): void;
  /** The board was read. */
  looked(): void;
  /** A pass has to begin within so many ms. */
  due(ms: number): void;
  ended(result: PassResult, said?: { summary?: PassSummary; error?: string }): void;
  liveness(): Verdict;
  /** Is the board within reach? */
  reach(): Verdict;
  facts(): Omit<HealthFacts['passes'], 'failedInARow'>;
}

/** As long as a failing pass may have read the board last and still be in reach of it. */
const reachMs = 15 * 60_000;

/** `stallMs`: a pass that comes no further for so long never will. */
export function createPassRecord({ clock, stallMs }: { clock: Clock; stallMs: number }): PassRecord {
  const facts: Omit<HealthFacts['passes'], 'failedInARow'> = {};
  let progressAt = clock.monotonic();
  let lookedAt: number | undefined;
  let dueAt = Number.POSITIVE_INFINITY;
  const isoNow = () => isoTime(clock.now());
  const progressed = () => void (progressAt = clock.monotonic());

  return {
    started() {
      progressed();
      facts.runningSince = facts.lastStartedAt = isoNow();
    },
    progressed,
    looked() {
      progressed();
      lookedAt = clock.monotonic();
    },
    due: (ms) => void (dueAt = clock.monotonic() + ms),
    ended(result, { summary, error } = {}) {
      delete facts.runningSince;
      delete facts.lastError;
      facts.lastEndedAt = isoNow();
      facts.lastResult = result;
      if (error !== undefined) facts.lastError = error;
      if (result === 'good') {
        facts.lastGoodAt = facts.lastEndedAt;
        if (summary) facts.lastGood = { done: summary.done, failed: summary.failed, skipped: summary.skipped };
        lookedAt = clock.monotonic();
      }
    },
    liveness() {
      const now = clock.monotonic();
      if (facts.runningSince !== undefined) {
        const stillMs = now - progressAt;
        return stillMs > stallMs
          ? { ok: false, reason: verdictMessages.stalled(stillMs) }
          : { ok: true, reason: verdictMessages.alive };
      }
      return now > dueAt ? { ok: false, reason: verdictMessages.overdue } : { ok: true, reason: verdictMessages.alive };
    },
    reach() {
      if (lookedAt === undefined) return { ok: false, reason: facts.lastError ?? verdictMessages.notYet };
      const agoMs = clock.monotonic() - lookedAt;
      return facts.lastError !== undefined && agoMs > reachMs
        ? { ok: false, reason: verdictMessages.unread(agoMs, facts.lastError) }
        : { ok: true, reason: verdictMessages.ready };
    },
    facts: () => ({ ...facts }),
  };
}
