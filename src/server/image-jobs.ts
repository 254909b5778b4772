import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { DeadlineError, withDeadline } from '../lib/deadline.ts';
import { ChainExhaustedError, ProviderError } from '../core/errors.ts';
import type { WorkerEvents } from '../core/events.ts';
import type { ImageRequest } from '../core/image.ts';
import type { generateImage, GenerationParts } from '../generation/generate.ts';
import type { Attempt, ChainWithPlaceholder } from '../core/provider.ts';
import type { UserGalleries } from '../images/gallery.ts';
import { why } from '../messages/row.ts';

/** An image that somebody asks for over HTTP. */
export interface ImageJob {
  request: ImageRequest;
  /** Safe as a part of a path. */
  userId: string;
  /** May the placeholder serve when every real provider fails? */
  allowPlaceholder: boolean;
  /** Ends the job when its caller has gone or the server stops. */
  signal: AbortSignal;
}

/** The image of a job, safe on disk. */
export interface JobImage {
  /** `<epoch ms>-generated.png`, under `uploads/images/user-<id>/`. */
  filename: string;
  provider: string;
  model: string;
  seed?: number;
  costUsd: number;
  /** "Hugging Face out of credit until 1 Dec → Stable Diffusion, 8.2 s, free". */
  why: string;
}

/** Generates the image of one job and saves it. @throws {ChainExhaustedError} {ConfigError}, or the signal's reason. */
export type RunImageJob = (job: ImageJob) => Promise<JobImage>;

export interface ImageJobOptions {
  chain: ChainWithPlaceholder;
  generateImage: typeof generateImage;
  /** Where the images of one user are saved. */
  storeOf: (userId: string) => GenerationParts['store'];
  galleries: Pick<UserGalleries, 'added'>;
  events: WorkerEvents;
  clock: Clock;
  log: Log;
  rowTimeoutMs: number;
}

/** How long after a job's time the chain may still say what came of it. */
const graceMs = 1000;

/** The use case "generate an image for a caller": it has one row's time in all, the wait for a free slot included, because somebody waits for the answer. */
export function createImageJobs({ chain, storeOf, galleries, events, ...options }: ImageJobOptions): RunImageJob {
  const { generateImage, clock, log, rowTimeoutMs } = options;
  return async ({ request, userId, allowPlaceholder, signal }) => {
    const attemptsSoFar: Attempt[] = [];
    /** Since when a provider is being asked, on the monotonic clock; infinite while the job waits for a slot. */
    let askedAt = Number.POSITIVE_INFINITY;
    const job = {
      request,
      owner: { postId: 'none', generation: 0 },
      onAsking: () => void (askedAt = clock.monotonic()),
      onAttempt(attempt: Attempt) {
        askedAt = Number.POSITIVE_INFINITY;
        attemptsSoFar.push(attempt);
        events.emit('attempt', attempt);
      },
    };
    const parts = { chain: allowPlaceholder ? chain : chain.real, store: storeOf(userId), clock, log, rowTimeoutMs };
    /** What the chain would have said, had it come to its own end. */
    const outOfTime = (error: DeadlineError) => {
      const isAsked = clock.monotonic() - askedAt > 2 * graceMs;
      const noSlot = `no provider had a free place within ${Math.round(rowTimeoutMs / 1000)} s`;
      const last = new ProviderError('timeout', isAsked ? error.message : noSlot, { cause: error });
      return new ChainExhaustedError(attemptsSoFar, last);
    };
    try {
      const work = (signal: AbortSignal) => generateImage(job, parts, signal);
      const { image, attempts } = await withDeadline(rowTimeoutMs + graceMs, signal, work);
      galleries.added(userId, image.saved.path);
      const { provider, model, seed, costUsd, generatedAt, warnings } = image.provenance;
      const made = { provider, model, ...(seed !== undefined && { seed }), costUsd };
      return { filename: image.saved.path, ...made, why: why(attempts, generatedAt, warnings) };
    } catch (error) {
      throw error instanceof DeadlineError ? outOfTime(error) : error;
    }
  };
}
