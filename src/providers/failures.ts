import { ProviderError } from '../core/errors.ts';
import type { FailureCode } from '../core/reactions.ts';
import type { HttpAnswer } from '../lib/http/client.ts';

/** What the words of a failure need besides the answer. */
export interface FailureContext {
  /** Wall-clock ms. */
  now: number;
  /** Texts that no message may show: the key, the prompt, the negative prompt. */
  toRedact: readonly string[];
}

type AnswerCode = Exclude<FailureCode, 'unreachable' | 'not_kept' | 'over_budget' | 'circuit_open'>;

/** What a status means at most providers. */
export function codeOfStatus(status: number): AnswerCode {
  if (status >= 200 && status < 300) return 'bad_image';
  return usualCodes[status] ?? (status >= 500 ? 'unavailable' : 'invalid_request');
}

const usualCodes: Readonly<Record<number, AnswerCode>> = {
  401: 'unauthorized',
  402: 'out_of_credit',
  403: 'unauthorized',
  404: 'retired',
  408: 'timeout',
  410: 'retired',
  429: 'rate_limited',
  503: 'loading',
};

/** What the provider does, in words that follow its name. */
const usualWords: Readonly<Partial<Record<AnswerCode, string>>> = {
  out_of_credit: 'is out of credit',
  unauthorized: 'does not accept the key',
  retired: 'no longer serves the model',
  rate_limited: 'asks for a pause',
  loading: 'is not ready',
  unavailable: 'has a fault',
  timeout: 'took too long',
  invalid_request: 'does not take the request',
  content_rejected: 'refuses this prompt',
};

/** The failure that an answer without an image means. */
export function failureOf(
  { status }: HttpAnswer,
  failure: {
    code: AnswerCode;
    /** Starts the message: the provider's name. */
    who: string;
    words?: Partial<Record<AnswerCode, string>>;
    /** What the provider said, without the texts to redact. */
    said: string;
    /** Codes of the provider's own, for the message. */
    ownCodes?: readonly number[];
    waitMs: number | undefined;
    /** Wall-clock ms when the credit is there again. */
    creditUntil: number;
  },
): ProviderError {
  const { code, who, words, said, ownCodes = [], waitMs, creditUntil } = failure;
  const mayHaveSpent = code === 'timeout' || code === 'unavailable' || code === 'bad_image';
  const isPause = code === 'rate_limited' || code === 'loading';
  const does = words?.[code] ?? usualWords[code];
  const what = does === undefined ? 'sent no picture but' : `${does} (${[status, ...ownCodes].join(', ')})`;
  return new ProviderError(code, `${who} ${what}: ${said}`, {
    status,
    ...(mayHaveSpent && { sent: true }),
    ...(isPause && waitMs !== undefined && { retryAfterMs: waitMs }),
    ...(code === 'out_of_credit' && { until: creditUntil }),
  });
}
