import { z } from 'zod';
import type { Clock } from '../../lib/clock.ts';
import { ProviderError } from '../../core/errors.ts';
import { label, type RunpodApi } from './api.ts';
import { classify, type FailureContext } from './failures.ts';
import type { ProviderAnswer } from '../../lib/http/client.ts';

/** A job as it was last seen. */
export interface Job {
  id: string;
  /** EXPIRED: RunPod does not know it any more. */
  status: z.infer<typeof jobSchema>['status'] | 'EXPIRED';
  /** Whatever the worker returned. */
  output?: unknown;
  answer: ProviderAnswer;
}

/** What looking at jobs needs. */
export interface JobContext {
  api: RunpodApi;
  clock: Clock;
  signal: AbortSignal;
  /** Texts that no message may show. */
  hide: readonly string[];
}

const firstPollMs = 500;
const slowestPollMs = 2000;
const maxPolls = 2000;
const maxLostPolls = 5;
/** Workers that are there take a job within seconds. */
const queuePatienceMs = 15_000;
const workerPauseMs = 5000;

const jobSchema = z.object({
  id: z.string().regex(/^[\w-]{1,200}$/),
  status: z.enum(['IN_QUEUE', 'IN_PROGRESS', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED', 'TIMED_OUT']),
  output: z.unknown().optional(),
});

/** Is the picture on its way, or there? */
export function isAlive({ status }: Job): boolean {
  return isPending(status) || status === 'COMPLETED';
}

/** Puts a job into the endpoint's queue. @throws {ProviderError} when it is not taken. */
export async function submit(body: object, context: JobContext): Promise<Job> {
  const answer = await context.api.run(body, context.signal);
  return readJob(answer) ?? fail(answer, context);
}

/** The job as it is now. @throws {ProviderError} when RunPod does not tell. */
export async function look(id: string, context: JobContext): Promise<Job> {
  const answer = await context.api.status(id, context.signal);
  // To a job it forgot RunPod answers 404; the others would mean that it never could know such an id.
  if ([400, 404, 410].includes(answer.status)) return { id, status: 'EXPIRED', answer };
  return readJob(answer) ?? fail(answer, context);
}

/** Asks until the job has ended, well or badly. @throws {ProviderError} when that is not to be seen; the signal's reason. */
export async function waitFor(job: Job, context: JobContext): Promise<Job> {
  const { clock, signal } = context;
  const since = clock.monotonic();
  let latest = job;
  let hasLookedForWorkers = false;
  let lost = 0;
  for (let poll = 0; isPending(latest.status); poll += 1) {
    if (poll === maxPolls) throw new ProviderError('timeout', `${label} did not finish the job`, { sent: true });
    await clock.sleep(Math.min(slowestPollMs, firstPollMs * 1.2 ** poll), signal);
    try {
      latest = await look(job.id, context);
      lost = 0;
    } catch (error) {
      lost += 1;
      if (signal.aborted || !(error instanceof ProviderError)) throw error;
      if (lost === maxLostPolls) throw outOfSight(error);
    }
    if (latest.status === 'IN_QUEUE' && !hasLookedForWorkers && clock.monotonic() - since >= queuePatienceMs) {
      hasLookedForWorkers = true;
      await refuseToQueueForNobody(context);
    }
  }
  return latest;
}

function isPending(status: Job['status']): boolean {
  return status === 'IN_QUEUE' || status === 'IN_PROGRESS' || status === 'RUNNING';
}

function readJob(answer: ProviderAnswer): Job | undefined {
  const job = answer.status < 200 || answer.status > 299 ? undefined : jobSchema.safeParse(answer.json()).data;
  return job && { ...job, answer };
}

function fail(answer: ProviderAnswer, { clock, hide }: JobContext): never {
  const context: FailureContext = { now: clock.now(), hide };
  throw classify(answer, context);
}

function outOfSight(cause: ProviderError): ProviderError {
  const { status } = cause.facts;
  return new ProviderError('unavailable', `${label} took the job and was lost sight of: ${cause.message}`, {
    ...(status !== undefined && { status }),
    sent: true,
    cause,
  });
}

const count = z.number().catch(0);
const healthSchema = z.object({
  workers: z.object({ idle: count, initializing: count, ready: count, running: count }),
});

/** Without credit, or with a limit of no workers, jobs queue until they expire. A worker that is being started is waited for. */
async function refuseToQueueForNobody({ api, signal }: JobContext): Promise<void> {
  let health: z.infer<typeof healthSchema> | undefined;
  try {
    health = healthSchema.safeParse((await api.health(signal)).json()).data;
  } catch (error) {
    if (signal.aborted || !(error instanceof ProviderError)) throw error;
  }
  if (health === undefined || Object.values(health.workers).some((workers) => workers > 0)) return;
  const message = `${label} has no worker for the job: check the endpoint's workers and the balance`;
  throw new ProviderError('loading', message, { retryAfterMs: workerPauseMs, sent: false });
}
