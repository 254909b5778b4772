import { ChainExhaustedError, ProviderError } from '../core/errors.ts';
import type { FailureCode } from '../core/reactions.ts';

const words: Readonly<Record<FailureCode, string>> = {
  out_of_credit: 'out of credit',
  unauthorized: 'key refused',
  retired: 'model no longer offered',
  rate_limited: 'too many requests',
  loading: 'model still loading',
  unreachable: 'not reachable',
  unavailable: 'fault',
  timeout: 'no answer in time',
  invalid_request: 'request not accepted',
  content_rejected: 'prompt refused',
  bad_image: 'no usable picture',
  over_budget: 'budget reached',
  circuit_open: 'recent trouble',
};

/** A failure in the words of a log line: "out of credit (402)". */
export function failureWords(code: FailureCode, status?: number): string {
  return status === undefined ? words[code] : `${words[code]} (${status})`;
}

/** The provider's failure that an error stands for; undefined when it stands for none, such as an abort's reason. */
export function failureOf(error: unknown): ProviderError | undefined {
  if (error instanceof ChainExhaustedError) return error.last;
  return error instanceof ProviderError ? error : undefined;
}
