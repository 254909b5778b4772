import { z } from 'zod';
import type { Clock } from '../../lib/clock.ts';
import { ProviderError } from '../../core/errors.ts';
import type { MediaType } from '../../core/image.ts';
import { downloadImage } from '../../lib/http/foreign-url.ts';
import { label } from './failures.ts';
import type { Partner } from './routes.ts';
import { callProvider, type ProviderAnswer } from '../../lib/http/client.ts';

/** How the picture behind a partner's answer is reached. */
export interface AnswerContext {
  partner: Partner;
  /** HF_ENDPOINT; everything that needs the key happens there. */
  endpoint: string;
  key: string;
  signal: AbortSignal;
  clock: Clock;
  classify(answer: ProviderAnswer): ProviderError;
}

const firstPollMs = 500;
const slowestPollMs = 2000;
const maxPolls = 600;
const maxLostPolls = 3;

/**
 * The picture's bytes, unproven, out of any form in which partners answer; waits for those that queue.
 * @throws {ProviderError} when there is none; the signal's reason when it is aborted.
 */
export async function readImage(answer: ProviderAnswer, context: AnswerContext): Promise<Uint8Array> {
  if (answer.status < 200 || answer.status > 299) throw context.classify(answer);
  const last = await waitForJob(answer, context);
  if (mediaTypeOf(last.bytes) !== undefined) return last.bytes;
  const body = last.json();
  if (filteredSchema.safeParse(body).success) {
    const message = `${label} (${context.partner}) blackened the picture: its safety checker was alarmed`;
    throw new ProviderError('content_rejected', message, { status: last.status });
  }
  const reference = referenceIn(body);
  if (reference === undefined) throw context.classify(last);
  if (/^https?:/i.test(reference)) {
    const { endpoint, signal, clock } = context;
    return downloadImage({ label, url: reference, trustedUrl: endpoint, signal }, clock);
  }
  return Buffer.from(reference.replace(/^data:[^,]{0,100},/, ''), 'base64');
}

/** By the first bytes; headers and names are often wrong (providers' recordings, 2026). Undefined for anything but a picture. */
export function mediaTypeOf(bytes: Uint8Array): MediaType | undefined {
  const head = Buffer.from(bytes.subarray(0, 12)).toString('latin1');
  if (head.startsWith('\x89PNG\r\n\x1A\n')) return 'image/png';
  if (head.startsWith('\xFF\xD8\xFF')) return 'image/jpeg';
  return /^RIFF[^]{4}WEBP/.test(head) ? 'image/webp' : undefined;
}

const itemSchema = z.union([
  z.string(),
  z.object({ b64_json: z.string() }).transform((item) => item.b64_json),
  z.object({ url: z.string() }).transform((item) => item.url),
]);
const listSchema = z.array(itemSchema).min(1);
const resultSchemas = [
  z.object({ data: listSchema }).transform(({ data }) => data[0]),
  z.object({ images: listSchema }).transform(({ images }) => images[0]),
  z.object({ output: z.union([z.string(), listSchema]) }).transform(({ output }) => [output].flat()[0]),
  z.object({ data: z.object({ outputs: listSchema }) }).transform(({ data }) => data.outputs[0]),
  z.object({ image_result: listSchema }).transform((body) => body.image_result[0]),
];
/** fal answers so, with a black picture. */
const filteredSchema = z.object({ has_nsfw_concepts: z.tuple([z.literal(true)]).rest(z.unknown()) });

/** The picture in base64, or its address. */
function referenceIn(body: unknown): string | undefined {
  return resultSchemas.map((schema) => schema.safeParse(body).data).find((reference) => reference !== undefined);
}

/** A job that a partner put in its queue: the paths to ask at, below the partner's own. */
interface Job {
  status: string;
  statusPath: string;
  /** Where the result is, when it is not in the status itself. */
  resultPath?: string;
}

const id = z.string().regex(/^[\w-]{1,200}$/);
const pathOfUrl = z.url().transform((url) => new URL(url).pathname);
/** As the client's own helpers poll (4.13.30, 2026-11). */
const jobSchemas: Partial<Record<Partner, z.ZodType<Job>>> = {
  'fal-ai': z.object({ status: z.string(), response_url: pathOfUrl }).transform(({ status, response_url: path }) => ({
    status,
    statusPath: `${path}/status?_subdomain=queue`,
    resultPath: `${path}?_subdomain=queue`,
  })),
  wavespeed: z
    .object({ data: z.object({ status: z.string().default('created'), urls: z.object({ get: pathOfUrl }) }) })
    .transform(({ data }) => ({ status: data.status, statusPath: data.urls.get })),
  replicate: z
    .object({ id, status: z.string() })
    .transform((job) => ({ status: job.status, statusPath: `/v1/predictions/${job.id}` })),
  'zai-org': z
    .object({ id, task_status: z.string() })
    .transform((job) => ({ status: job.task_status, statusPath: `/api/paas/v4/async-result/${job.id}` })),
};
const statusSchema = z.union([
  z.object({ status: z.string() }).transform((body) => body.status),
  z.object({ data: z.object({ status: z.string() }) }).transform((body) => body.data.status),
  z.object({ task_status: z.string() }).transform((body) => body.task_status),
]);
const pending = /^(?:in_queue|in_progress|queued|created|pending|starting|processing)$/i;
const failed = /^(?:fail|failed|error|canceled|aborted)$/i;

/** Asks until the job is done; the answer with the result, or the answer itself when it is no job. */
async function waitForJob(answer: ProviderAnswer, context: AnswerContext): Promise<ProviderAnswer> {
  const job = jobSchemas[context.partner]?.safeParse(answer.json()).data;
  if (job === undefined) return answer;
  let latest = answer;
  let { status } = job;
  let lost = 0;
  for (let poll = 0; pending.test(status); poll += 1) {
    if (poll === maxPolls) {
      throw new ProviderError('timeout', `${label} (${context.partner}) did not finish its job`, { sent: true });
    }
    await context.clock.sleep(Math.min(slowestPollMs, firstPollMs * 1.2 ** poll), context.signal);
    const polled = await ask(job.statusPath, context);
    const parsed = polled instanceof ProviderError ? undefined : statusSchema.safeParse(polled.json()).data;
    if (polled instanceof ProviderError || parsed === undefined) {
      lost += 1;
      if (lost >= maxLostPolls) throw afterWork(polled, context);
      continue;
    }
    lost = 0;
    latest = polled;
    status = parsed;
  }
  if (failed.test(status)) throw jobFailure(latest, context);
  if (job.resultPath === undefined) return latest;
  const result = await ask(job.resultPath, context);
  if (result instanceof ProviderError || result.status < 200 || result.status > 299) throw afterWork(result, context);
  return result;
}

async function ask(path: string, context: AnswerContext): Promise<ProviderAnswer | ProviderError> {
  const { endpoint, partner, key, signal } = context;
  try {
    return await callProvider({
      label,
      method: 'GET',
      url: `${endpoint}/${partner}${path}`,
      headers: { authorization: `Bearer ${key}` },
      signal,
    });
  } catch (error) {
    if (signal.aborted || !(error instanceof ProviderError)) throw error;
    return error;
  }
}

/** A failure after the partner took the job: only words about the prompt, the credit or the request keep their meaning. */
function afterWork(answer: ProviderAnswer | ProviderError, context: AnswerContext): ProviderError {
  const error = answer instanceof ProviderError ? answer : context.classify(answer);
  if (['content_rejected', 'out_of_credit', 'invalid_request'].includes(error.code)) return error;
  return new ProviderError('unavailable', `${label} (${context.partner}) lost the job: ${error.message}`, {
    ...error.facts,
    sent: true,
  });
}

/** WaveSpeed says what failed beside the status, below a message that says "success". */
function jobFailure(answer: ProviderAnswer, context: AnswerContext): ProviderError {
  const inner = z.object({ data: z.looseObject({}) }).safeParse(answer.json()).data?.data;
  return afterWork(inner === undefined ? answer : { ...answer, json: () => inner }, context);
}
