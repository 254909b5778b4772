import { ChainExhaustedError, ProviderError } from '../core/errors.ts';
import { reactions } from '../core/reactions.ts';
import type { Attempt, ImageProvider, ProviderContext } from '../core/provider.ts';
import { deriveContext } from './context.ts';
import { failureForLog } from '../messages/failures.ts';
import { failureOf } from './failure.ts';

/** What a chain is called where it stands as a provider. */
export interface ChainName {
  name: string;
  label: string;
}

/**
 * Asks one provider after the other. Three ways out: a picture, a failure after which no other may be asked, the end.
 * @throws {ChainExhaustedError} with this call's attempts; the signal's reason when aborted.
 */
export function fallback(rungs: readonly ImageProvider[], { name, label }: ChainName): ImageProvider {
  return {
    name,
    label,
    async generate(request, context) {
      const attempts: Attempt[] = [];
      const record = (attempt: Attempt) => {
        attempts.push(attempt);
        context.record(attempt);
      };
      const noted = deriveContext(context, { record });
      let telling = new ProviderError('circuit_open', 'No image provider is configured');
      context.signal.throwIfAborted();
      for (const [index, rung] of rungs.entries()) {
        try {
          return await rung.generate(request, noted);
        } catch (error) {
          context.signal.throwIfAborted();
          const failure = failureOf(error);
          if (!failure) throw error;
          const goesOn = reactions[failure.code].next;
          tell(rung, failure, goesOn ? rungs[index + 1] : undefined, context);
          if (!goesOn) throw new ChainExhaustedError(attempts, failure);
          if (failure.code !== 'circuit_open' || telling.code === 'circuit_open') telling = failure;
        }
      }
      throw new ChainExhaustedError(attempts, telling);
    },
  };
}

function tell(
  rung: ImageProvider,
  { code, facts, message }: ProviderError,
  next: ImageProvider | undefined,
  { log }: ProviderContext,
): void {
  const after = next ? `next: ${next.label}` : 'no provider is asked after it';
  const data = { provider: rung.name, code, detail: message };
  // Every row of a pass meets the same closed provider.
  if (code === 'circuit_open') log.debug(data, `${message}; ${after}`);
  else log.info(data, `${rung.label}: ${failureForLog(code, facts.status)}; ${after}`);
}
