import { BoardError, ChainExhaustedError } from '../core/errors.ts';
import { RowMistake } from '../generation/request.ts';
import { timeOfDay } from '../lib/dates.ts';

/** A row that needs a person: the sentence it shows. */
export class RowFailure extends Error {
  override readonly name = 'RowFailure';
}

/** Gaps between the tries of a row that failed, in ms: five more tries, then it is final. */
const gapsMs = [5, 20, 60, 240, 720].map((minutes) => minutes * 60_000);

/** When passes are made. */
export interface Timing {
  /** Is there a schedule? Otherwise somebody starts each pass. */
  scheduled: boolean;
  timeZone: string;
}

/** When a row that failed is tried again. */
export interface RetryPlan {
  /** Wall-clock ms. */
  at: number;
  /** "at 14:05 UTC", "at the next run". */
  words: string;
}

/** The next try after `retries` earlier ones, or undefined when another would be in vain or there were enough. */
export function planRetry(failure: unknown, retries: number, timing: Timing, now: number): RetryPlan | undefined {
  const gapMs = gapsMs[retries];
  if (gapMs === undefined || !mayPass(failure)) return undefined;
  if (!timing.scheduled) return { at: now, words: 'at the next run' };
  return { at: now + gapMs, words: `at ${timeOfDay(now + gapMs, timing.timeZone)}` };
}

/** May the failure pass without anyone changing the row? */
function mayPass(failure: unknown): boolean {
  if (failure instanceof RowMistake || failure instanceof RowFailure) return false;
  if (failure instanceof BoardError) return failure.failure === 'refused';
  if (!(failure instanceof ChainExhaustedError)) return true;
  if (failure.last.code === 'content_rejected') return false;
  return failure.attempts.some(({ outcome }) => outcome !== 'invalid_request');
}
