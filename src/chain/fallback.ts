import { failureOf, ChainExhaustedError, ProviderError } from '../core/errors.ts';
import { reactions } from '../core/reactions.ts';
import type { Attempt, ImageProvider, ProviderContext } from '../core/provider.ts';
import { deriveContext } from './context.ts';
import { failureForLog } from '../messages/failures.ts';

/**
 * Asks one provider after the other. Three ways out: an image, a failure after which no other may be asked, the end.
 * @throws {ChainExhaustedError} with this call's attempts; the signal's reason when aborted.
 */
export function fallback(
  providers: readonly ImageProvider[],
  { name, label }: Pick<ImageProvider, 'name' | 'label'>,
): ImageProvider {
  return {
    name,
    label,
    async generate(request, context) {
      const attempts: Attempt[] = [];
      const record = (attempt: Attempt) => {
        attempts.push(attempt);
        context.record(attempt);
      };
      const recording = deriveContext(context, { record });
      let last = new ProviderError('circuit_open', 'No image provider is configured');
      context.signal.throwIfAborted();
      for (const [index, provider] of providers.entries()) {
        try {
          return await provider.generate(request, recording);
        } catch (error) {
          context.signal.throwIfAborted();
          const failure = failureOf(error);
          if (!failure) throw error;
          const goesOn = reactions[failure.code].next;
          logFailure(provider, failure, goesOn ? providers[index + 1] : undefined, context);
          if (!goesOn) throw new ChainExhaustedError(attempts, failure);
          // That a provider was left out says less than how another one failed.
          if (failure.code !== 'circuit_open' || last.code === 'circuit_open') last = failure;
        }
      }
      throw new ChainExhaustedError(attempts, last);
    },
  };
}

function logFailure(
  provider: ImageProvider,
  { code, facts, message }: ProviderError,
  next: ImageProvider | undefined,
  { log }: ProviderContext,
): void {
  const after = next ? `next: ${next.label}` : 'no provider is asked after it';
  const data = { provider: provider.name, code, detail: message };
  // Every row of a pass meets the same provider that is left out.
  if (code === 'circuit_open') log.debug(data, `${message}; ${after}`);
  else log.info(data, `${provider.label}: ${failureForLog(code, facts.status)}; ${after}`);
}
