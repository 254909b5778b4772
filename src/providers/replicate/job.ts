import { z } from 'zod';
import type { Clock } from '../../lib/clock.ts';
import { ProviderError } from '../../core/errors.ts';
import { label, type ReplicateApi } from './api.ts';
import { classify } from './failures.ts';
import type { Wish } from './request.ts';
import type { ProviderAnswer } from '../../lib/http/client.ts';

/** A prediction as it was last seen. */
export interface Prediction {
  id: string;
  status: string;
  /** The picture's address, as the answer gave it. */
  output?: string | undefined;
  error: unknown;
  answer: ProviderAnswer;
}

/** What following a prediction needs. */
export interface JobContext {
  api: ReplicateApi;
  clock: Clock;
  signal: AbortSignal;
  /** Texts that no message may show. */
  hide: readonly string[];
  /** On the clock's monotonic time, in ms. */
  endsAt: () => number;
}

/** Long enough for a fast model's picture to be in the first answer, short enough to learn the id of a slow one's job soon. */
const holdSeconds = 5;
const shortestCancelSeconds = 5;
const firstPollMs = 500;
const slowestPollMs = 2000;
const maxLostPolls = 3;

const id = z.string().regex(/^[\w-]{1,100}$/);
const predictionSchema = z.object({
  id,
  status: z.string().max(100),
  output: z
    .union([z.string().min(1), z.tuple([z.string().min(1)], z.unknown()).transform(([first]) => first)])
    .optional()
    .catch(undefined),
  error: z.unknown(),
});
const failed = new Set(['failed', 'canceled', 'aborted']);

/** Has it come to nothing? */
export function isDead({ status, output }: Prediction): boolean {
  return failed.has(status) || (status === 'succeeded' && output === undefined);
}

/** Has a prediction created by the API; the time it may take is bounded on the other side too. */
export async function create(wish: Wish, context: JobContext): Promise<Prediction> {
  const { api, clock, signal, endsAt } = context;
  const leftSeconds = Math.ceil(Math.max(1000, endsAt() - clock.monotonic()) / 1000);
  const headers = {
    prefer: `wait=${Math.min(holdSeconds, leftSeconds)}`,
    // A hard end of 30 minutes holds without it (docs, 2026-11).
    ...(Number.isFinite(leftSeconds) && { 'cancel-after': `${Math.max(shortestCancelSeconds, leftSeconds)}s` }),
  };
  const answer = await api.create(wish.path, headers, wish.body, signal);
  return readPrediction(answer) ?? refuse(answer, context);
}

/** The prediction as it is now; undefined when there is none of this id any more. */
export async function look(predictionId: string, context: JobContext): Promise<Prediction | undefined> {
  if (!id.safeParse(predictionId).success) return undefined;
  // Not by the address in the answer: the token goes nowhere but to the API that the settings name.
  const answer = await context.api.get(`/predictions/${predictionId}`, context.signal);
  return answer.status === 404 ? undefined : (readPrediction(answer) ?? refuse(answer, context));
}

/** Asks until there is a picture or an end without one. @throws {ProviderError} when neither is to be seen in time; the signal's reason. */
export async function waitFor(prediction: Prediction, context: JobContext): Promise<Prediction> {
  const { clock, signal, endsAt } = context;
  let latest = prediction;
  let lost = 0;
  for (let poll = 0; !isDead(latest) && latest.output === undefined; poll += 1) {
    const pauseMs = Math.min(slowestPollMs, firstPollMs * 1.2 ** poll);
    if (clock.monotonic() + pauseMs > endsAt()) {
      throw new ProviderError('timeout', `${label} did not finish in time`, { sent: true });
    }
    await clock.sleep(pauseMs, signal);
    try {
      const seen = await look(latest.id, context);
      if (seen === undefined) throw new ProviderError('unavailable', `${label} does not know the prediction any more`);
      latest = { ...seen, id: prediction.id };
      lost = 0;
    } catch (error) {
      if (signal.aborted || !(error instanceof ProviderError)) throw error;
      lost += 1;
      if (lost === maxLostPolls) throw outOfSight(error);
    }
  }
  return latest;
}

function readPrediction(answer: ProviderAnswer): Prediction | undefined {
  if (answer.status < 200 || answer.status > 299) return undefined;
  const prediction = predictionSchema.safeParse(answer.json()).data;
  return prediction && { ...prediction, answer };
}

function refuse(answer: ProviderAnswer, { clock, hide }: JobContext): never {
  throw classify(answer, { now: clock.now(), hide });
}

function outOfSight(cause: ProviderError): ProviderError {
  const message = `${label} took the request and was lost sight of: ${cause.message}`;
  return new ProviderError('unavailable', message, { ...cause.facts, sent: true, cause });
}
