import type { Clock } from '../lib/clock.ts';
import { failureOf, ConfigError, ProviderError } from '../core/errors.ts';
import type { GeneratedImage, Size } from '../core/image.ts';
import type { Attempt, ImageProvider, ProviderContext } from '../core/provider.ts';
import { isoTime } from '../lib/dates.ts';
import type { Redact } from '../lib/redact.ts';
import { errorText, shortened } from '../lib/text.ts';

/** Checks a provider's bytes and makes them a PNG of exactly the size given. @throws {ProviderError} `bad_image` */
export type Finish = (bytes: Uint8Array, size: Size) => Promise<Uint8Array>;

export interface AttemptOptions {
  clock: Clock;
  finish: Finish;
  redact: Redact;
  /** The model's id, as far as it is known before the answer. */
  model: string;
  costUsd: number;
  /** Throws the ProviderError of a call that is not to be made. */
  refuse?: (context: ProviderContext) => void;
}

const detailLength = 300;

/** One call, which ends in a finished PNG or a ProviderError and is recorded as an attempt either way. */
export function withAttemptLog(provider: ImageProvider, options: AttemptOptions): ImageProvider {
  const { clock, finish, redact, model, costUsd, refuse } = options;
  const { name, label } = provider;
  return {
    ...provider,
    async generate(request, context) {
      const { log } = context;
      const { width, height } = request;
      const startedAt = clock.monotonic();
      const attempt = { provider: name, label, model, startedAt: isoTime(clock.now()) };
      const elapsedMs = () => Math.round(clock.monotonic() - startedAt);
      let isAsked = false;
      let answer: GeneratedImage | undefined;
      let close: (() => Promise<void>) | undefined;
      try {
        refuse?.(context);
        close = costUsd > 0 ? await context.open({ ...attempt, costUsd }) : undefined;
        context.signal.throwIfAborted();
        isAsked = true;
        context.asking({ name, label });
        log.info({ provider: name, model }, `${label}: trying ${shortName(model, label)}`.trimEnd());
        answer = await provider.generate(request, context);
        const bytes = await finish(answer.bytes, { width, height });
        const durationMs = elapsedMs();
        const spentUsd = answer.costUsd ?? costUsd;
        context.record({ ...attempt, model: answer.model, durationMs, outcome: 'ok', costUsd: spentUsd });
        log.info({ provider: name, model: answer.model, durationMs }, `${label}: picture in ${durationMs} ms`);
        return { ...answer, bytes, mediaType: 'image/png', width, height, costUsd: spentUsd };
      } catch (error) {
        context.signal.throwIfAborted();
        // A full disk and the like is no provider's fault.
        if (error instanceof ConfigError) throw error;
        const known = failureOf(error);
        if (!known) log.error({ err: error }, `${label}: a fault that the worker does not know`);
        const failure = redacted(known ?? unknownFailure(label, error), redact);
        const durationMs = elapsedMs();
        const spent = costUsd > 0 && (answer !== undefined || mayHaveSpent(failure));
        context.record({
          ...attempt,
          durationMs,
          outcome: failure.code,
          ...(!isAsked && { notAsked: true }),
          ...(spent && { costUsd: answer?.costUsd ?? costUsd, possiblySpent: true }),
          ...untilOf(failure, clock.now()),
          detail: shortened(failure.message, detailLength),
        });
        await close?.();
        throw failure;
      }
    },
  };
}

/** "FLUX.1-schnell" of "black-forest-labs/FLUX.1-schnell"; nothing where the model has no name of its own. */
function shortName(model: string, label: string): string {
  return model === label ? '' : (model.split('/').at(-1) ?? model);
}

/** Keeps a bug in one adapter from ending the chain. */
function unknownFailure(label: string, cause: unknown): ProviderError {
  return new ProviderError('unavailable', `${label} failed unexpectedly: ${errorText(cause)}`, { sent: true, cause });
}

function redacted(failure: ProviderError, redact: Redact): ProviderError {
  const message = redact(failure.message);
  return message === failure.message ? failure : new ProviderError(failure.code, message, failure.facts);
}

function mayHaveSpent({ code, facts }: ProviderError): boolean {
  return facts.sent ?? code === 'timeout';
}

function untilOf({ facts }: ProviderError, now: number): Pick<Attempt, 'until'> {
  const until = facts.until ?? (facts.retryAfterMs === undefined ? undefined : now + facts.retryAfterMs);
  return until === undefined ? {} : { until: isoTime(until) };
}
