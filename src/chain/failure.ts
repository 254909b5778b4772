import { ChainExhaustedError, ProviderError } from '../core/errors.ts';

/** The provider's failure that an error stands for; undefined when it stands for none, such as an abort's reason. */
export function failureOf(error: unknown): ProviderError | undefined {
  if (error instanceof ChainExhaustedError) return error.last;
  return error instanceof ProviderError ? error : undefined;
}
