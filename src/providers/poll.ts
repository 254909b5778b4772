import { ProviderError } from '../core/errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { ProviderClient } from './call.ts';

/** What asking a provider's API for a job needs. */
export interface JobContext {
  client: ProviderClient;
  clock: Clock;
  signal: AbortSignal;
  toRedact: readonly string[];
}

/** A job that runs at the provider, and how to ask for it. */
export interface PolledJob<State> extends Pick<JobContext, 'clock' | 'signal'> {
  isPending(state: State): boolean;
  ask(): Promise<State>;
  /** Runs after each question; what it throws ends the polling. */
  afterPoll?(state: State): Promise<void>;
  /** The polling is bounded by number, by time, or by both. */
  mostPolls?: number;
  /** On the clock's monotonic time, in ms. */
  endsAt?: () => number;
  /** The message when the job has not ended by then. */
  lateMessage: string;
  /** So many questions in a row may go without an answer; the last one ends the polling. */
  mostLost: number;
  /** What that end is called. */
  lostFailure(error: ProviderError): ProviderError;
}

const firstPauseMs = 500;
const longestPauseMs = 2000;

/** Asks until the job has ended, well or badly. @throws {ProviderError} when that is not to be seen; the signal's reason. */
export async function pollJob<State>(first: State, job: PolledJob<State>): Promise<State> {
  const { clock, signal, endsAt = () => Number.POSITIVE_INFINITY } = job;
  let latest = first;
  let lost = 0;
  for (let poll = 0; job.isPending(latest); poll += 1) {
    const pauseMs = Math.min(longestPauseMs, firstPauseMs * 1.2 ** poll);
    if (poll === job.mostPolls || clock.monotonic() + pauseMs > endsAt()) {
      throw new ProviderError('timeout', job.lateMessage, { sent: true });
    }
    await clock.sleep(pauseMs, signal);
    try {
      latest = await job.ask();
      lost = 0;
    } catch (error) {
      if (signal.aborted || !(error instanceof ProviderError)) throw error;
      lost += 1;
      if (lost === job.mostLost) throw job.lostFailure(error);
    }
    await job.afterPoll?.(latest);
  }
  return latest;
}
