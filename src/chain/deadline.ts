import type { Clock } from '../lib/clock.ts';
import { DeadlineError, withDeadline } from '../lib/deadline.ts';
import { ProviderError } from '../core/errors.ts';
import type { ImageProvider, ProviderContext } from '../core/provider.ts';
import { deriveContext } from './context.ts';

/** Reserved of a row's time for each later provider of real images, and for a placeholder. */
const realReserveMs = 10_000;
const placeholderReserveMs = 5000;

export interface DeadlineOptions {
  /** For one call. */
  timeoutMs: number;
  /** What is reserved of the row's time for the providers that come after this one. */
  reserveMs: number;
  clock: Clock;
}

/** One call within its own time and the row's. @throws {ProviderError} `timeout`, not sent when no time is left to call. */
export function withProviderDeadline(provider: ImageProvider, options: DeadlineOptions): ImageProvider {
  return {
    ...provider,
    async generate(request, context) {
      const leftMs = timeForCall(provider, context, options);
      try {
        return await withDeadline(leftMs, context.signal, (signal) =>
          provider.generate(request, deriveContext(context, { signal })),
        );
      } catch (error) {
        context.signal.throwIfAborted();
        if (!(error instanceof DeadlineError)) throw error;
        throw new ProviderError('timeout', `${provider.label}: ${error.message}`, { sent: true, cause: error });
      }
    },
  };
}

/** Ms that a call may take now. @throws {ProviderError} `timeout`, not sent, when there are none. */
export function timeForCall(
  { label }: Pick<ImageProvider, 'label'>,
  { deadlineAt }: Pick<ProviderContext, 'deadlineAt'>,
  { timeoutMs, reserveMs, clock }: DeadlineOptions,
): number {
  const leftMs = Math.min(timeoutMs, deadlineAt - clock.monotonic() - reserveMs);
  if (leftMs <= 0) throw new ProviderError('timeout', `${label} was not asked: no time is left`, { sent: false });
  return leftMs;
}

/** Ms of a row's time that are reserved for the providers that come later. */
export function reserveFor(realProviders: number, hasPlaceholder: boolean, rowTimeoutMs: number): number {
  const placeholderMs = hasPlaceholder ? Math.min(placeholderReserveMs, rowTimeoutMs / 6) : 0;
  return Math.min(realProviders * realReserveMs, rowTimeoutMs / 3) + placeholderMs;
}
