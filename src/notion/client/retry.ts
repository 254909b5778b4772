import pRetry from 'p-retry';
import type { Clock, Random } from '../../lib/clock.ts';
import { parseJson } from '../../lib/json.ts';
import type { Log } from '../../lib/log.ts';
import type { Limiter } from './limiter.ts';
import { isBlocked, parseProblem } from './problem.ts';
import { type Answer, AttemptError, parseDate } from './transport.ts';

const maxSlowDowns = 10;
const maxPauseMs = 15 * 60_000;
const minBackOffMs = 500;
const maxBackOffMs = 10_000;

export interface RetryOptions {
  limiter: Limiter;
  clock: Clock;
  random: Random;
  log: Log;
  /** How long a request may go on failing, from its first failure. */
  outageMs: number;
  /** May the request be repeated when it is unknown whether it was carried out? */
  repeatable: boolean;
  signal: AbortSignal;
}

/**
 * Attempts one request until there is an answer to go on with, or no sense in another attempt. The answer may be a refusal.
 * Rejects with an AttemptError when there was no answer at all; once the signal is aborted, with anything.
 */
export async function withRetries(attempt: () => Promise<Answer>, options: RetryOptions): Promise<Answer> {
  const { limiter, clock, random, log, outageMs, repeatable, signal } = options;
  let slowDowns = 0;
  let failures = 0;
  let failingSince: number | undefined;

  /** Waits until another attempt makes sense. @throws the error itself when none does. */
  const waitAfter = async (error: Error): Promise<void> => {
    if (!(error instanceof AttemptError)) throw error;
    const { failure, message, answer } = error;
    if (failure === 'too_large' || (failure === 'unknown' && !repeatable)) throw error;
    if (failure === 'slow_down') {
      slowDowns += 1;
      if (slowDowns > maxSlowDowns) throw error;
      // An answer ends the outage, and the pause is no part of it.
      failingSince = undefined;
      const pauseMs = Math.min(maxPauseMs, retryAfterMs(answer) ?? backOffMs(slowDowns, random));
      log.info({ pauseMs, status: answer?.status }, 'Notion asks to slow down: all requests pause');
      limiter.pause(pauseMs);
      return;
    }
    failures += 1;
    const now = clock.monotonic();
    failingSince ??= now;
    const leftMs = failingSince + outageMs - now;
    if (leftMs <= 0) throw error;
    const waitMs = Math.min(Math.ceil(leftMs), backOffMs(failures, random));
    log.debug({ failure, message, waitMs }, 'Notion did not answer well: the request is repeated');
    await clock.sleep(waitMs, signal);
  };

  try {
    return await pRetry(async () => requireUsable(await attempt()), {
      retries: Infinity,
      // Other waits than on the clock could not be moved by tests, nor be cut short by an outage's end.
      minTimeout: 0,
      onFailedAttempt: ({ error }) => waitAfter(error),
    });
  } catch (error) {
    // A refusal goes to the official client, which makes its own error of it.
    if (error instanceof AttemptError && error.answer) return error.answer;
    throw error;
  }
}

/** The answer, if it is one to go on with: JSON, or a refusal that another attempt would not change. */
function requireUsable(answer: Answer): Answer {
  const { status, headers, body } = answer;
  const said = `it answered with status ${status}`;
  if (status >= 200 && status < 300) {
    const value = parseJson(body);
    if (typeof value === 'object' && value !== null) return answer;
    const what = body === '' ? 'empty' : `not complete JSON (${headers.get('content-type') ?? 'of no type'})`;
    throw new AttemptError('unknown', `the answer was ${what}`);
  }
  if (status === 429 || status === 529) {
    if (isBlocked(parseProblem(body))) return answer;
    throw new AttemptError('slow_down', said, { answer });
  }
  if (status === 409) {
    if (parseProblem(body)?.code === 'row_limit_exceeded') return answer;
    throw new AttemptError('conflict', said, { answer });
  }
  if (status >= 400 && status < 500) return answer;
  throw new AttemptError('unknown', said, { answer });
}

/** What Notion asks for, in the header or mirrored in the body; undefined when it asks for nothing or for no time at all. */
function retryAfterMs(answer: Answer | undefined): number | undefined {
  if (!answer) return undefined;
  const { headers, body, receivedAt, servedAt } = answer;
  const value = String(headers.get('retry-after') ?? parseProblem(body)?.additional_data?.retry_after ?? '');
  if (/^\d+$/.test(value)) return Number(value) * 1000 || undefined;
  // The date is by the server's clock, so it is compared with that clock.
  const ms = (parseDate(value) ?? 0) - (servedAt ?? receivedAt);
  return ms > 0 ? ms : undefined;
}

/** 0.5 s to 10 s, whose upper end doubles each time. */
function backOffMs(failures: number, random: Random): number {
  const ceiling = Math.min(maxBackOffMs, minBackOffMs * 2 ** failures);
  return Math.round(minBackOffMs + random() * (ceiling - minBackOffMs));
}
