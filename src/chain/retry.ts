import type { Clock, Random } from '../lib/clock.ts';
import { failureOf, type ProviderError } from '../core/errors.ts';
import { reactions } from '../core/reactions.ts';
import type { ImageProvider } from '../core/provider.ts';
import { failureForLog } from '../messages/failures.ts';

export interface RetryOptions {
  clock: Clock;
  random: Random;
  /** A paid provider is never asked again after a failure that may have cost money. */
  paid: boolean;
  /** Of the row's time, for the providers that come after this one. */
  reserveMs: number;
  noOtherProvider: () => boolean;
  /** Another number as soon as any row closed the provider to new calls; then it is not asked again. */
  epoch: () => number;
}

const shortestWaitMs = 1000;
const longestWaitMs = 30_000;
const mostLoadingWaits = 5;
const mostBriefWaits = 2;
const longestBriefWaitMs = 5000;
/** How long a provider is given that asks for a pause without saying how long. */
const usualPauseMs = 60_000;
/** Time that a call needs after a wait, for the wait to make sense. */
const callMs = 10_000;
/** The bound of a row that has no deadline. */
const mostRetries = 100;

/**
 * Asks the same provider again where the table of reactions allows it, after a wait that an abort ends. It is a plain loop,
 * because p-retry waits by a back-off of its own, where the wait here follows from the failure and ends on the injected clock.
 */
export function withRetry(provider: ImageProvider, options: RetryOptions): ImageProvider {
  const { clock, epoch } = options;
  return {
    ...provider,
    async generate(request, context) {
      const { signal, log } = context;
      const firstEpoch = epoch();
      const delayAfter = createRetryDelays(options, () => context.deadlineAt - clock.monotonic());
      for (let retries = 0; ; retries += 1) {
        try {
          signal.throwIfAborted();
          return await provider.generate(request, context);
        } catch (error) {
          signal.throwIfAborted();
          const failure = failureOf(error);
          const waitMs = failure && retries < mostRetries ? delayAfter(failure) : undefined;
          if (!failure || waitMs === undefined) throw error;
          const words = failureForLog(failure.code, failure.facts.status);
          const data = { provider: provider.name, code: failure.code, waitMs };
          log.info(data, `${provider.label}: ${words}; again in ${Math.ceil(waitMs / 1000)} s`);
          await clock.sleep(waitMs, signal);
          if (epoch() !== firstEpoch) throw error;
        }
      }
    },
  };
}

/** The delays of one row: how long it waits after each failure; undefined when it does not ask again. */
function createRetryDelays(
  { random, paid, reserveMs, noOtherProvider }: RetryOptions,
  timeLeftMs: () => number,
): (failure: ProviderError) => number | undefined {
  const waits = { loading: 0, brief: 0, unavailable: 0 };
  let loadingBudgetMs: number | undefined;
  let estimatedMs = Number.POSITIVE_INFINITY;

  const backoff = (step: number) => clamp(shortestWaitMs * 2 ** step * (1 + random()), shortestWaitMs, longestWaitMs);

  return ({ code, facts: { retryAfterMs } }) => {
    switch (reactions[code].again) {
      case 'wait': {
        loadingBudgetMs ??= timeLeftMs() / 2;
        const isStuck = retryAfterMs !== undefined && retryAfterMs >= estimatedMs;
        estimatedMs = retryAfterMs ?? estimatedMs;
        const waitMs = clamp(retryAfterMs ?? backoff(waits.loading), shortestWaitMs, longestWaitMs);
        if (isStuck || waits.loading >= mostLoadingWaits || waitMs > loadingBudgetMs) return undefined;
        waits.loading += 1;
        loadingBudgetMs -= waitMs;
        return waitMs;
      }
      case 'briefly': {
        const waitMs = Math.max(shortestWaitMs, retryAfterMs ?? usualPauseMs);
        if (waitMs + callMs + reserveMs > timeLeftMs()) return undefined;
        if (noOtherProvider()) return waitMs;
        if (waitMs > longestBriefWaitMs || waits.brief >= mostBriefWaits) return undefined;
        waits.brief += 1;
        return waitMs;
      }
      case 'once_if_free': {
        if (paid || waits.unavailable > 0) return undefined;
        waits.unavailable += 1;
        const waitMs = backoff(0);
        return waitMs + reserveMs < timeLeftMs() ? waitMs : undefined;
      }
      case 'no':
        return undefined;
    }
  };
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
