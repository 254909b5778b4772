import { z } from 'zod';
import { ProviderError } from '../../core/errors.ts';
import type { HttpAnswer } from '../../lib/http/client.ts';
import { mediaTypeOf } from '../../lib/media-type.ts';
import type { ProviderClient } from '../call.ts';
import { fetchImage, type ImageSource } from '../image.ts';
import { pollJob } from '../poll.ts';
import { label } from './failures.ts';
import type { Partner } from './routes.ts';

/** How the image behind a partner's answer is reached. */
export interface AnswerContext extends ImageSource {
  partner: Partner;
  /** HF_ENDPOINT; everything that needs the key happens there. */
  router: ProviderClient;
  classify(answer: HttpAnswer): ProviderError;
}

const mostPolls = 600;
const mostLost = 3;

/**
 * The image's bytes, unproven, out of any form in which partners answer; waits for those that queue.
 * @throws {ProviderError} when there is none; the signal's reason when it is aborted.
 */
export async function readImage(answer: HttpAnswer, context: AnswerContext): Promise<Uint8Array> {
  if (!isSuccess(answer)) throw context.classify(answer);
  const last = await waitForJob(answer, context);
  if (mediaTypeOf(last.bytes) !== undefined) return last.bytes;
  const body = last.json();
  if (filteredSchema.safeParse(body).success) {
    const message = `${label} (${context.partner}) blackened the picture: its safety checker was alarmed`;
    throw new ProviderError('content_rejected', message, { status: last.status });
  }
  const reference = referenceIn(body);
  if (reference === undefined) throw context.classify(last);
  return fetchImage(reference, context);
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
/** fal answers so, with a black image. */
const filteredSchema = z.object({ has_nsfw_concepts: z.tuple([z.literal(true)]).rest(z.unknown()) });

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
async function waitForJob(answer: HttpAnswer, context: AnswerContext): Promise<HttpAnswer> {
  const { partner, router, signal, clock } = context;
  const job = jobSchemas[partner]?.safeParse(answer.json()).data;
  if (job === undefined) return answer;
  const ask = (path: string) => router.get(`/${partner}${path}`, signal);
  const { answer: last, status } = await pollJob(
    { answer, status: job.status },
    {
      clock,
      signal,
      isPending: ({ status }) => pending.test(status),
      async ask() {
        const answer = await ask(job.statusPath);
        const status = statusSchema.safeParse(answer.json()).data;
        if (status === undefined) throw context.classify(answer);
        return { answer, status };
      },
      mostPolls,
      lateMessage: `${label} (${partner}) did not finish its job`,
      mostLost,
      lostFailure: (error) => afterWork(error, context),
    },
  );
  if (failed.test(status)) throw jobFailure(last, context);
  if (job.resultPath === undefined) return last;
  let result: HttpAnswer;
  try {
    result = await ask(job.resultPath);
  } catch (error) {
    if (signal.aborted || !(error instanceof ProviderError)) throw error;
    throw afterWork(error, context);
  }
  if (!isSuccess(result)) throw afterWork(context.classify(result), context);
  return result;
}

function isSuccess({ status }: HttpAnswer): boolean {
  return status >= 200 && status <= 299;
}

/** A failure after the partner took the job: only words about the prompt, the credit or the request keep their meaning. */
function afterWork(error: ProviderError, { partner }: AnswerContext): ProviderError {
  if (['content_rejected', 'out_of_credit', 'invalid_request'].includes(error.code)) return error;
  const message = `${label} (${partner}) lost the job: ${error.message}`;
  return new ProviderError('unavailable', message, { ...error.facts, sent: true });
}

/** WaveSpeed says what failed beside the status, below a message that says "success". */
function jobFailure(answer: HttpAnswer, context: AnswerContext): ProviderError {
  const inner = z.object({ data: z.looseObject({}) }).safeParse(answer.json()).data?.data;
  return afterWork(context.classify(inner === undefined ? answer : { ...answer, json: () => inner }), context);
}
