import type { Environment } from '../../core/environment.ts';
import { ProviderError } from '../../core/errors.ts';
import type { ProviderContext } from '../../core/provider.ts';
import { cancelJob, createClient } from '../call.ts';
import { couldNotLook } from '../check.ts';
import { defineProvider, type ProviderDependencies, type ProviderMethods } from '../entry.ts';
import { downloadImage } from '../image.ts';
import { textsToRedact } from '../quote.ts';
import { isDead, type Prediction } from './answer.ts';
import { checkReplicate } from './check.ts';
import { label, predictionFailure } from './failures.ts';
import { createPrediction, findPrediction, type PredictionContext, waitFor } from './job.ts';
import { composeRequest, isModel } from './request.ts';

type Settings = Record<'url' | 'token' | 'model', string> & { timeoutMs: number };

const name = 'replicate';
/** Answers are JSON that names an image; the image itself is fetched elsewhere. */
const maxBytes = 4 * 1024 * 1024;

/** Replicate's official models, and any other by its version. */
export const replicate = defineProvider({
  name,
  label,
  prefix: 'REPLICATE',
  defaults: { timeoutSeconds: 90, concurrency: 4, mostConcurrency: 100, costUsd: 0.003 },
  read(environment, { timeoutMs }) {
    const token = environment.secret('REPLICATE_API_TOKEN');
    const model = readModel(environment);
    const url = environment.url('REPLICATE_API_URL', 'https://api.replicate.com/v1');
    if (token === undefined) return undefined;
    return {
      model,
      account: [token, url],
      create: (dependencies) => createReplicate({ url, token, model, timeoutMs }, dependencies),
    };
  },
});

function readModel(environment: Environment): string {
  const model = environment.text('REPLICATE_MODEL', 'black-forest-labs/flux-schnell');
  if (!isModel(model)) {
    environment.problem(
      `REPLICATE_MODEL is "${model}": give owner/name such as black-forest-labs/flux-schnell, or owner/name:version.`,
    );
  }
  return model;
}

function createReplicate(settings: Settings, { clock }: ProviderDependencies): ProviderMethods {
  const { model, token, url, timeoutMs } = settings;
  const client = createClient({ label, url, key: token, maxBytes });

  /** Follows a prediction to its end; when nobody waits for it any more, it is cancelled behind the caller's back. */
  const follow = async (
    prediction: Prediction,
    context: ProviderContext,
    jobs: PredictionContext,
  ): Promise<Prediction> => {
    const { id } = prediction;
    try {
      await context.job.save(name, id);
      return await waitFor(prediction, jobs);
    } catch (error) {
      const isLate = error instanceof ProviderError && error.code === 'timeout';
      if (context.signal.aborted || isLate) {
        const cancel = (signal: AbortSignal) => client.post(`/predictions/${id}/cancel`, undefined, signal);
        void cancelJob(label, context.log, cancel, id);
      }
      throw error;
    }
  };

  return {
    async generate(request, context) {
      const { signal, job } = context;
      signal.throwIfAborted();
      const toRedact = textsToRedact(request, token);
      const startedAt = clock.monotonic();
      const endsAt = () => Math.min(startedAt + timeoutMs, context.deadlineAt);
      const jobs: PredictionContext = { client, clock, signal, toRedact, endsAt };
      const asked = composeRequest(model, request);
      const begun = (await pickUp(context, jobs)) ?? (await createPrediction(asked, jobs));
      const ended = await follow(begun, context, jobs);
      if (isDead(ended) || ended.output === undefined) {
        await job.save(name, undefined);
        throw predictionFailure(ended, toRedact);
      }
      try {
        const bytes = await downloadImage(ended.output, { label, trustedUrl: url, signal, clock });
        await job.save(name, undefined);
        return { bytes, seed: request.seed, warnings: asked.warnings };
      } catch (error) {
        if (isGone(error)) await job.save(name, undefined);
        throw error;
      }
    },
    check: (signal) => checkReplicate(client, settings, signal),
    explainCheck: couldNotLook(label, 'REPLICATE_API_URL and the network'),
  };
}

/** Images are deleted after an hour; one that could not be fetched for a moment is there for the next try. */
function isGone(error: unknown): boolean {
  if (!(error instanceof ProviderError)) return false;
  const { status = 500 } = error.facts;
  return error.code === 'bad_image' || status < 500;
}

/** The prediction that an interrupted run began, unless it came to nothing. */
async function pickUp({ job, signal }: ProviderContext, jobs: PredictionContext): Promise<Prediction | undefined> {
  const id = await job.load(name);
  if (id === undefined) return undefined;
  try {
    const prediction = await findPrediction(id, jobs);
    return prediction && !isDead(prediction) ? prediction : undefined;
  } catch (error) {
    if (signal.aborted || !(error instanceof ProviderError)) throw error;
    // A look costs nothing.
    throw new ProviderError(error.code, error.message, { ...error.facts, sent: false, cause: error });
  }
}
