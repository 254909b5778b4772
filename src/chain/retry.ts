import pRetry from 'p-retry';
import type { Clock, Random } from '../lib/clock.ts';
import type { ProviderError } from '../core/errors.ts';
import { reactions } from '../core/reactions.ts';
import type { ImageProvider } from '../core/provider.ts';
import { failureForLog } from '../messages/failures.ts';
import { failureOf } from './failure.ts';

export interface RetryOptions {
  clock: Clock;
  random: Random;
  /** A paid provider is never asked again after a failure that may have cost money. */
  paid: boolean;
  /** Kept of the row's time for the providers that come after this one. */
  reserveMs: number;
  /** Is there no real provider to turn to instead? */
  noOtherRung: () => boolean;
  /** Another number as soon as the provider was shut, by any row; then it is not asked again. */
  era: () => number;
}

const shortestWaitMs = 1000;
const longestWaitMs = 30_000;
const mostLoadingWaits = 5;
const mostBriefWaits = 2;
const longestBriefWaitMs = 5000;
/** What a provider is taken to mean that names no time. */
const usualPauseMs = 60_000;
/** Time that a call needs after a wait, for the wait to make sense. */
const callMs = 10_000;
/** The bound of a row that has no deadline. */
const mostRetries = 100;

/** Asks the same provider again where the table of reactions allows it, after a wait that an abort ends. */
export function retried(provider: ImageProvider, options: RetryOptions): ImageProvider {
  const { clock, era } = options;
  return {
    ...provider,
    async generate(request, context) {
      const { signal, log } = context;
      const begunIn = era();
      const waitBeforeNext = createPatience(options, () => context.deadlineAt - clock.monotonic());
      const call = async () => {
        signal.throwIfAborted();
        return provider.generate(request, context);
      };
      try {
        return await pRetry(call, {
          retries: mostRetries,
          minTimeout: 0,
          maxTimeout: 0,
          shouldRetry: async ({ error }) => {
            signal.throwIfAborted();
            const failure = failureOf(error);
            const waitMs = failure && waitBeforeNext(failure);
            if (!failure || waitMs === undefined) return false;
            const words = failureForLog(failure.code, failure.facts.status);
            const data = { provider: provider.name, code: failure.code, waitMs };
            log.info(data, `${provider.label}: ${words}; again in ${Math.ceil(waitMs / 1000)} s`);
            await clock.sleep(waitMs, signal);
            return era() === begunIn;
          },
        });
      } catch (error) {
        // p-retry wraps a reason that is no Error.
        signal.throwIfAborted();
        throw error;
      }
    },
  };
}

/** How long to wait before one row asks again; undefined when it does not. */
function createPatience({ random, paid, reserveMs, noOtherRung }: RetryOptions, timeLeftMs: () => number) {
  const waits = { loading: 0, brief: 0, unavailable: 0 };
  let loadingBudgetMs: number | undefined;
  let estimatedMs = Number.POSITIVE_INFINITY;

  const backoff = (step: number) => clamp(shortestWaitMs * 2 ** step * (1 + random()), shortestWaitMs, longestWaitMs);

  const whileLoading = ({ retryAfterMs }: ProviderError['facts']): number | undefined => {
    loadingBudgetMs ??= timeLeftMs() / 2;
    const isStuck = retryAfterMs !== undefined && retryAfterMs >= estimatedMs;
    estimatedMs = retryAfterMs ?? estimatedMs;
    const waitMs = clamp(retryAfterMs ?? backoff(waits.loading), shortestWaitMs, longestWaitMs);
    if (isStuck || waits.loading >= mostLoadingWaits || waitMs > loadingBudgetMs) return undefined;
    waits.loading += 1;
    loadingBudgetMs -= waitMs;
    return waitMs;
  };

  const whileLimited = ({ retryAfterMs }: ProviderError['facts']): number | undefined => {
    const waitMs = Math.max(shortestWaitMs, retryAfterMs ?? usualPauseMs);
    if (waitMs + callMs + reserveMs > timeLeftMs()) return undefined;
    if (noOtherRung()) return waitMs;
    if (waitMs > longestBriefWaitMs || waits.brief >= mostBriefWaits) return undefined;
    waits.brief += 1;
    return waitMs;
  };

  const onceIfFree = (): number | undefined => {
    if (paid || waits.unavailable > 0) return undefined;
    waits.unavailable += 1;
    const waitMs = backoff(0);
    return waitMs + reserveMs < timeLeftMs() ? waitMs : undefined;
  };

  return ({ code, facts }: ProviderError): number | undefined => {
    switch (reactions[code].again) {
      case 'wait':
        return whileLoading(facts);
      case 'briefly':
        return whileLimited(facts);
      case 'once_if_free':
        return onceIfFree();
      case 'no':
        return undefined;
    }
  };
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
