import { z } from 'zod';
import { ProviderError } from '../../core/errors.ts';
import type { HttpAnswer } from '../../lib/http/client.ts';
import { parseJson } from '../../lib/json.ts';
import { retryAfterMs } from '../../lib/http/retry-after.ts';
import { codeOfStatus, type FailureContext, failureOf } from '../failures.ts';
import { quoteAnswer } from '../quote.ts';
import type { Job } from './answer.ts';

export const label = 'RunPod';

const creditWords = /balance|credit|fund|payment/i;
const moderationWords =
  /nsfw|content[ _-]?policy|moderat(?:ed|ion)|safety[ _](?:checker|filter|system)|prohibited[ _]content|flagged/i;
/** Credit is prepaid and comes back on no certain day. */
const creditPauseMs = 24 * 3_600_000;

/** Decides what an answer means that is not a job. */
export function classify(answer: HttpAnswer, { now, toRedact }: FailureContext): ProviderError {
  const said = quoteAnswer(answer, toRedact);
  const waitMs = retryAfterMs(answer, now);
  const usual = codeOfStatus(answer.status);
  const choose = () => {
    // No document says how an empty balance is reported (2026-11).
    if (usual === 'unauthorized' && creditWords.test(said)) return 'out_of_credit';
    return usual === 'invalid_request' && moderationWords.test(said) ? 'content_rejected' : usual;
  };
  return failureOf(answer, {
    code: choose(),
    who: label,
    words: { retired: 'has no endpoint of that id', bad_image: 'sent no job' },
    said,
    waitMs,
    creditUntil: now + (waitMs ?? creditPauseMs),
  });
}

/** What it means that a job ended without an image. */
export function jobFailure({ status, output, answer }: Job, toRedact: readonly string[]): ProviderError {
  if (status === 'EXPIRED') {
    const message = `${label} does not know the job any more: it waited too long`;
    return new ProviderError('unavailable', message, { status: answer.status, sent: true });
  }
  const words = status === 'COMPLETED' ? output : errorIn(answer.json());
  const said = quoteAnswer(answer, toRedact, words);
  if (moderationWords.test(said)) {
    return new ProviderError('content_rejected', `${label} refuses this prompt: ${said}`);
  }
  if (status === 'COMPLETED') {
    return new ProviderError('bad_image', `${label} sent no picture but: ${said}`, { sent: true });
  }
  if (status === 'TIMED_OUT') {
    return new ProviderError('timeout', `${label} gave the job up: it took too long`, { sent: true });
  }
  if (status === 'CANCELLED') {
    return new ProviderError('unavailable', `${label}: somebody cancelled the job`, { sent: true });
  }
  return new ProviderError('unavailable', `${label} failed at the job: ${said}`, { sent: true });
}

/** RunPod's Python workers put JSON with a traceback into the text (runpod-python, 2026). */
const workerErrorSchema = z.object({ error: z.string() });
const exceptionSchema = z.object({ error_message: z.string() });

function errorIn(body: unknown): unknown {
  const text = workerErrorSchema.safeParse(body).data?.error;
  if (text === undefined) return body;
  return exceptionSchema.safeParse(parseJson(text)).data?.error_message ?? text;
}
