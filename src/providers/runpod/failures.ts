import { z } from 'zod';
import { ProviderError } from '../../core/errors.ts';
import { label } from './api.ts';
import type { Job } from './job.ts';
import { type ProviderAnswer, retryAfterMs, saidBy } from '../../lib/http/client.ts';

/** What the words of a failure need besides the answer. */
export interface FailureContext {
  /** Wall-clock ms. */
  now: number;
  /** Texts that no message may show: the key, the prompt, the negative prompt. */
  hide: readonly string[];
}

const creditWords = /balance|credit|fund|payment/i;
const moderationWords =
  /nsfw|content[ _-]?policy|moderat(?:ed|ion)|safety[ _](?:checker|filter|system)|prohibited[ _]content|flagged/i;
/** Credit is prepaid and comes back on no certain day. */
const creditPauseMs = 24 * 3_600_000;

/** Decides what an answer means that is not a job. */
export function classify(answer: ProviderAnswer, { now, hide }: FailureContext): ProviderError {
  const { status } = answer;
  const said = `(${status}): ${saidBy(answer, hide)}`;
  const waitMs = retryAfterMs(answer, now);
  const wait = waitMs !== undefined && { retryAfterMs: waitMs };

  // No document tells how an empty balance is told (2026-11).
  if (status === 402 || ((status === 401 || status === 403) && creditWords.test(said))) {
    const until = now + (waitMs ?? creditPauseMs);
    return new ProviderError('out_of_credit', `${label} is out of credit ${said}`, { status, until });
  }
  if (status === 401 || status === 403) {
    return new ProviderError('unauthorized', `${label} does not accept the key ${said}`, { status });
  }
  if (status === 404 || status === 410) {
    return new ProviderError('retired', `${label} has no endpoint of that id ${said}`, { status });
  }
  if (status === 408) {
    return new ProviderError('timeout', `${label} took too long ${said}`, { status, sent: true });
  }
  if (status === 429) {
    return new ProviderError('rate_limited', `${label} asks for a pause ${said}`, { status, ...wait });
  }
  if (status === 503) {
    return new ProviderError('loading', `${label} is not ready ${said}`, { status, ...wait });
  }
  if (status >= 500) {
    return new ProviderError('unavailable', `${label} has a fault ${said}`, { status, sent: true });
  }
  if (status >= 200 && status < 300) {
    return new ProviderError('bad_image', `${label} sent no job ${said}`, { status, sent: true });
  }
  if (moderationWords.test(said)) {
    return new ProviderError('content_rejected', `${label} refuses this prompt ${said}`, { status });
  }
  return new ProviderError('invalid_request', `${label} does not take the request ${said}`, { status });
}

/** What it means that a job ended without a picture. */
export function jobFailure({ status, output, answer }: Job, hide: readonly string[]): ProviderError {
  if (status === 'EXPIRED') {
    const message = `${label} does not know the job any more: it waited too long`;
    return new ProviderError('unavailable', message, { status: answer.status, sent: true });
  }
  const words = status === 'COMPLETED' ? output : errorIn(answer.json());
  const said = saidBy({ ...answer, json: () => words }, hide);
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
  try {
    return exceptionSchema.parse(JSON.parse(text)).error_message;
  } catch {
    return text;
  }
}
