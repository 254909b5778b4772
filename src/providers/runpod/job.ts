import { z } from 'zod';
import { ProviderError } from '../../core/errors.ts';
import type { HttpAnswer } from '../../lib/http/client.ts';
import { type JobContext, pollJob } from '../poll.ts';
import { isPending, type Job, readJob } from './answer.ts';
import { classify, label } from './failures.ts';

const mostPolls = 2000;
const mostLost = 5;
/** Workers that are there take a job within seconds. */
const longestQueueMs = 15_000;
const workerPauseMs = 5000;

/** Puts a job into the endpoint's queue. @throws {ProviderError} when it is not taken. */
export async function submitJob(body: object, context: JobContext): Promise<Job> {
  const answer = await context.client.post('/run', body, context.signal);
  return readJob(answer) ?? fail(answer, context);
}

/** The job as it is now. @throws {ProviderError} when RunPod does not say. */
export async function findJob(id: string, context: JobContext): Promise<Job> {
  const answer = await context.client.get(`/status/${encodeURIComponent(id)}`, context.signal);
  // To a job it forgot RunPod answers 404; the others would mean that it never could know such an id.
  if ([400, 404, 410].includes(answer.status)) return { id, status: 'EXPIRED', answer };
  return readJob(answer) ?? fail(answer, context);
}

/** Asks until the job has ended, well or badly. @throws {ProviderError} when that is not to be seen; the signal's reason. */
export function waitFor(job: Job, context: JobContext): Promise<Job> {
  const { clock } = context;
  const since = clock.monotonic();
  let hasLookedForWorkers = false;
  return pollJob(job, {
    ...context,
    isPending,
    ask: () => findJob(job.id, context),
    async afterPoll({ status }) {
      if (status !== 'IN_QUEUE' || hasLookedForWorkers || clock.monotonic() - since < longestQueueMs) return;
      hasLookedForWorkers = true;
      await refuseToQueueForNobody(context);
    },
    mostPolls,
    lateMessage: `${label} did not finish the job`,
    mostLost,
    lostFailure(cause) {
      const { status } = cause.facts;
      const facts = { ...(status !== undefined && { status }), sent: true, cause };
      return new ProviderError('unavailable', `${label} took the job and was lost sight of: ${cause.message}`, facts);
    },
  });
}

function fail(answer: HttpAnswer, { clock, toRedact }: JobContext): never {
  throw classify(answer, { now: clock.now(), toRedact });
}

const count = z.number().catch(0);
const healthSchema = z.object({
  workers: z.object({ idle: count, initializing: count, ready: count, running: count }),
});

/** Without credit, or with a limit of no workers, jobs queue until they expire. A worker that is being started is waited for. */
async function refuseToQueueForNobody({ client, signal }: JobContext): Promise<void> {
  let health: z.infer<typeof healthSchema> | undefined;
  try {
    health = healthSchema.safeParse((await client.get('/health', signal)).json()).data;
  } catch (error) {
    if (signal.aborted || !(error instanceof ProviderError)) throw error;
  }
  if (health === undefined || Object.values(health.workers).some((workers) => workers > 0)) return;
  const message = `${label} has no worker for the job: check the endpoint's workers and the balance`;
  throw new ProviderError('loading', message, { retryAfterMs: workerPauseMs, sent: false });
}
