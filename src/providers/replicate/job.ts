import { ProviderError } from '../../core/errors.ts';
import type { HttpAnswer } from '../../lib/http/client.ts';
import { type JobContext, pollJob } from '../poll.ts';
import { isDead, type Prediction, predictionId, readPrediction } from './answer.ts';
import { classify, label } from './failures.ts';
import type { composeRequest } from './request.ts';

/** What following a prediction needs; `endsAt` is on the clock's monotonic time, in ms. */
export type PredictionContext = JobContext & { endsAt: () => number };

/** Long enough for a fast model's image to be in the first answer, short enough to learn the id of a slow one's job soon. */
const holdSeconds = 5;
const shortestCancelSeconds = 5;
const mostLost = 3;

/** Has a prediction created by the API; the time it may take is bounded on the other side too. */
export async function createPrediction(
  request: ReturnType<typeof composeRequest>,
  context: PredictionContext,
): Promise<Prediction> {
  const { client, clock, signal, endsAt } = context;
  const leftSeconds = Math.ceil(Math.max(1000, endsAt() - clock.monotonic()) / 1000);
  const headers = {
    prefer: `wait=${Math.min(holdSeconds, leftSeconds)}`,
    // A hard end of 30 minutes holds without it (docs, 2026-11).
    ...(Number.isFinite(leftSeconds) && { 'cancel-after': `${Math.max(shortestCancelSeconds, leftSeconds)}s` }),
  };
  const answer = await client.post(request.path, request.body, signal, headers);
  return readPrediction(answer) ?? fail(answer, context);
}

/** The prediction as it is now; undefined when there is none of this id any more. */
export async function findPrediction(id: string, context: PredictionContext): Promise<Prediction | undefined> {
  if (!predictionId.safeParse(id).success) return undefined;
  // Not by the address in the answer: the token goes nowhere but to the API that the settings name.
  const answer = await context.client.get(`/predictions/${id}`, context.signal);
  return answer.status === 404 ? undefined : (readPrediction(answer) ?? fail(answer, context));
}

/** Asks until there is an image or an end without one. @throws {ProviderError} when neither is to be seen in time; the signal's reason. */
export function waitFor(prediction: Prediction, context: PredictionContext): Promise<Prediction> {
  const { id } = prediction;
  return pollJob(prediction, {
    ...context,
    isPending: (latest) => !isDead(latest) && latest.output === undefined,
    async ask() {
      const latest = await findPrediction(id, context);
      if (latest === undefined)
        throw new ProviderError('unavailable', `${label} does not know the prediction any more`);
      return { ...latest, id };
    },
    lateMessage: `${label} did not finish in time`,
    mostLost,
    lostFailure(cause) {
      const message = `${label} took the request and was lost sight of: ${cause.message}`;
      return new ProviderError('unavailable', message, { ...cause.facts, sent: true, cause });
    },
  });
}

function fail(answer: HttpAnswer, { clock, toRedact }: PredictionContext): never {
  throw classify(answer, { now: clock.now(), toRedact });
}
