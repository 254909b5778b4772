import { ProviderError } from '../../core/errors.ts';
import type { FailureCode } from '../../core/reactions.ts';
import { label } from './api.ts';
import type { Prediction } from './job.ts';
import { type ProviderAnswer, retryAfterMs, saidBy } from '../../lib/http/client.ts';

/** What the words of a failure need besides the answer. */
export interface FailureScene {
  /** Wall-clock ms. */
  now: number;
  /** Texts that no message may show: the key, the prompt, the negative prompt. */
  hide: readonly string[];
}

const dayMs = 24 * 3_600_000;
/** "NSFW content detected", "The input or output was flagged as sensitive. (E005)", as reported 2022–2026. */
const moderationWords =
  /nsfw|flagged|sensitive|moderat(?:ed|ion)|content[ _-]?policy|safety[ _](?:filter|checker|system)/i;

/** What an answer without a prediction means: problem+json with title, detail and status. */
export function classify(answer: ProviderAnswer, { now, hide }: FailureScene): ProviderError {
  const { status } = answer;
  const said = saidBy(answer, hide);
  const fail = (code: FailureCode, words: string, facts: object = {}) =>
    new ProviderError(code, `${label} ${words} (${status}): ${said}`, { status, ...facts });
  const waitMs = retryAfterMs(answer, now) ?? resetInWords(answer);
  const wait = waitMs === undefined ? {} : { retryAfterMs: waitMs };

  // Credit is prepaid and comes back when somebody buys some (docs, 2025-07), which no calendar tells.
  if (status === 402) return fail('out_of_credit', 'is out of credit', { until: now + dayMs });
  if (status === 401 || status === 403) return fail('unauthorized', 'does not accept the token');
  if (status === 404 || status === 410) return fail('retired', 'has no such model; set another REPLICATE_MODEL');
  if (status === 408) return fail('timeout', 'took too long', { sent: true });
  if (status === 429) return fail('rate_limited', 'asks for a pause', wait);
  if (status === 503) return fail('loading', 'is not ready', wait);
  if (status >= 500) return fail('unavailable', 'has a fault', { sent: true });
  if (status >= 200 && status < 300) return fail('bad_image', 'sent no prediction', { sent: true });
  if (moderationWords.test(said)) return fail('content_rejected', 'refuses this prompt');
  return fail('invalid_request', 'does not take the request');
}

/** What a prediction that ended without a picture means; it may have cost money unless it never began. */
export function predictionFailure(prediction: Prediction, hide: readonly string[]): ProviderError {
  const { status, answer } = prediction;
  if (status === 'aborted') {
    return new ProviderError('timeout', `${label} did not begin in time`, { sent: false });
  }
  if (status === 'canceled') return new ProviderError('timeout', `${label} did not finish in time`, { sent: true });
  if (status === 'succeeded') {
    return new ProviderError('bad_image', `${label} made no picture, and says that all went well`, { sent: true });
  }
  const said = saidBy({ ...answer, json: () => ({ error: prediction.error }) }, hide);
  return moderationWords.test(said)
    ? new ProviderError('content_rejected', `${label} refuses this prompt: ${said}`, { sent: true })
    : new ProviderError('unavailable', `${label} failed to draw: ${said}`, { sent: true });
}

/** "Your rate limit resets in ~5s." (2026-08) */
function resetInWords(answer: ProviderAnswer): number | undefined {
  const seconds = /resets in ~?(\d{1,5})s/.exec(answer.text())?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}
