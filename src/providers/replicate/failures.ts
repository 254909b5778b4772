import { ProviderError } from '../../core/errors.ts';
import type { HttpAnswer } from '../../lib/http/client.ts';
import { retryAfterMs } from '../../lib/http/retry-after.ts';
import { codeOfStatus, type FailureContext, failureOf } from '../failures.ts';
import { quoteAnswer } from '../quote.ts';
import type { Prediction } from './answer.ts';

export const label = 'Replicate';

const dayMs = 24 * 3_600_000;
/** "NSFW content detected", "The input or output was flagged as sensitive. (E005)", as reported 2022–2026. */
const moderationWords =
  /nsfw|flagged|sensitive|moderat(?:ed|ion)|content[ _-]?policy|safety[ _](?:filter|checker|system)/i;

/** What an answer without a prediction means: problem+json with title, detail and status. */
export function classify(answer: HttpAnswer, { now, toRedact }: FailureContext): ProviderError {
  const said = quoteAnswer(answer, toRedact);
  const code = codeOfStatus(answer.status);
  return failureOf(answer, {
    code: code === 'invalid_request' && moderationWords.test(said) ? 'content_rejected' : code,
    who: label,
    words: {
      unauthorized: 'does not accept the token',
      retired: 'has no such model; set another REPLICATE_MODEL',
      bad_image: 'sent no prediction',
    },
    said,
    waitMs: retryAfterMs(answer, now) ?? resetInWords(answer),
    // Credit is prepaid and comes back when somebody buys some (docs, 2025-07), on no certain day.
    creditUntil: now + dayMs,
  });
}

/** What a prediction that ended without an image means; it may have cost money unless it never began. */
export function predictionFailure(prediction: Prediction, toRedact: readonly string[]): ProviderError {
  const { status, answer } = prediction;
  if (status === 'aborted') {
    return new ProviderError('timeout', `${label} did not begin in time`, { sent: false });
  }
  if (status === 'canceled') return new ProviderError('timeout', `${label} did not finish in time`, { sent: true });
  if (status === 'succeeded') {
    return new ProviderError('bad_image', `${label} made no picture, and says that all went well`, { sent: true });
  }
  const said = quoteAnswer(answer, toRedact, { error: prediction.error });
  return moderationWords.test(said)
    ? new ProviderError('content_rejected', `${label} refuses this prompt: ${said}`, { sent: true })
    : new ProviderError('unavailable', `${label} failed to draw: ${said}`, { sent: true });
}

/** "Your rate limit resets in ~5s." (2026-08) */
function resetInWords(answer: HttpAnswer): number | undefined {
  const seconds = /resets in ~?(\d{1,5})s/.exec(answer.text())?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}
