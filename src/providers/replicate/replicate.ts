import { createHash } from 'node:crypto';
import type { Environment } from '../../core/environment.ts';
import { ProviderError } from '../../core/errors.ts';
import type { GeneratedImage } from '../../core/image.ts';
import type { ImageProvider, ProviderContext } from '../../core/provider.ts';
import type { ProviderDependencies, ProviderEntry } from '../entry.ts';
import { downloadImage } from '../../lib/http/foreign-url.ts';
import { readHeader } from '../../lib/image-header.ts';
import { createApi, label, type ReplicateAddress } from './api.ts';
import { checkReplicate } from './check.ts';
import { predictionFailure } from './failures.ts';
import { create, isDead, type JobContext, look, type Prediction, waitFor } from './job.ts';
import { composeWish, isModel, type Wish } from './request.ts';

interface Settings extends ReplicateAddress {
  model: string;
  timeoutMs: number;
  costUsd: number;
}

const name = 'replicate';

/** Replicate's official models, and any other by its version. */
export const replicate: ProviderEntry = {
  name,
  label,
  read(environment) {
    const token = environment.secret('REPLICATE_API_TOKEN');
    const settings: Settings = {
      token: token ?? '',
      model: readModel(environment),
      url: environment.url('REPLICATE_API_URL', 'https://api.replicate.com/v1'),
      timeoutMs: 1000 * environment.number('REPLICATE_TIMEOUT_SECONDS', { fallback: 90, min: 1, max: 3600 }),
      costUsd: environment.number('REPLICATE_COST_USD', { fallback: 0.003, min: 0, max: 100 }),
    };
    const concurrency = environment.number('REPLICATE_CONCURRENCY', { fallback: 4, min: 1, max: 100, whole: true });
    if (token === undefined) return undefined;
    const { model, url, timeoutMs, costUsd } = settings;
    return {
      name,
      label,
      timeoutMs,
      concurrency,
      costUsd,
      model,
      account: createHash('sha256').update(`${token}\n${url}`).digest('hex').slice(0, 8),
      create: (dependencies) => createReplicate(settings, dependencies),
    };
  },
};

function readModel(environment: Environment): string {
  const model = environment.text('REPLICATE_MODEL', 'black-forest-labs/flux-schnell');
  if (!isModel(model)) {
    environment.problem(
      `REPLICATE_MODEL is "${model}": give owner/name such as black-forest-labs/flux-schnell, or owner/name:version.`,
    );
  }
  return model;
}

function createReplicate(settings: Settings, { clock }: ProviderDependencies): ImageProvider {
  const { model, token, url, timeoutMs, costUsd } = settings;
  const api = createApi(settings);

  /** The prediction that an interrupted run began, unless it came to nothing. */
  const pickUp = async ({ job, signal }: ProviderContext, jobs: JobContext): Promise<Prediction | undefined> => {
    const id = await job.load(name);
    if (id === undefined) return undefined;
    try {
      const prediction = await look(id, jobs);
      return prediction && !isDead(prediction) ? prediction : undefined;
    } catch (error) {
      if (signal.aborted || !(error instanceof ProviderError)) throw error;
      // A look costs nothing.
      throw new ProviderError(error.code, error.message, { ...error.facts, sent: false, cause: error });
    }
  };

  /** Follows a prediction to its end; when nobody waits for it any more, it is cancelled behind the caller's back. */
  const follow = async (prediction: Prediction, context: ProviderContext, jobs: JobContext): Promise<Prediction> => {
    try {
      await context.job.save(name, prediction.id);
      return await waitFor(prediction, jobs);
    } catch (error) {
      const isLate = error instanceof ProviderError && error.code === 'timeout';
      if (context.signal.aborted || isLate) void api.cancel(prediction.id, context.log);
      throw error;
    }
  };

  const collect = async (output: string, signal: AbortSignal) => {
    const bytes = await downloadImage({ label, url: output, trustedUrl: url, signal }, clock);
    return { bytes, ...(await readHeader(bytes, label)) };
  };

  return {
    name,
    label,
    async generate(request, context): Promise<GeneratedImage> {
      const { signal, job } = context;
      signal.throwIfAborted();
      const hide = [request.prompt, request.negativePrompt ?? '', token];
      const startedAt = clock.monotonic();
      const endsAt = () => Math.min(startedAt + timeoutMs, context.deadlineAt);
      const jobs: JobContext = { api, clock, signal, hide, endsAt };
      const wish: Wish = composeWish(model, request);
      const begun = (await pickUp(context, jobs)) ?? (await create(wish, jobs));
      const ended = await follow(begun, context, jobs);
      if (isDead(ended) || ended.output === undefined) {
        await job.save(name, undefined);
        throw predictionFailure(ended, hide);
      }
      try {
        const picture = await collect(ended.output, signal);
        await job.save(name, undefined);
        return {
          ...picture,
          provider: name,
          model,
          family: name,
          seed: request.seed,
          costUsd,
          ...(wish.warnings.length > 0 && { warnings: wish.warnings }),
        };
      } catch (error) {
        if (isGone(error)) await job.save(name, undefined);
        throw error;
      }
    },
    check: ({ signal }) => checkReplicate(api, settings, signal),
  };
}

/** Pictures are deleted after an hour; one that could not be fetched for a moment is there for the next try. */
function isGone(error: unknown): boolean {
  if (!(error instanceof ProviderError)) return false;
  const { status = 500 } = error.facts;
  return error.code === 'bad_image' || status < 500;
}
