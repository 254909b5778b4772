import { createHash } from 'node:crypto';
import type { Environment } from '../../core/environment.ts';
import { ProviderError } from '../../core/errors.ts';
import type { GeneratedImage, ImageRequest } from '../../core/image.ts';
import type { ImageProvider, ProviderContext } from '../../core/provider.ts';
import type { ProviderDependencies, ProviderEntry } from '../entry.ts';
import { downloadImage } from '../../lib/http/foreign-url.ts';
import { readHeader } from '../../lib/image-header.ts';
import { costIn, decodePicture, isUrl, referenceIn } from './answer.ts';
import { createApi, label, type RunpodAddress } from './api.ts';
import { checkEndpoint } from './check.ts';
import { jobFailure } from './failures.ts';
import { isAlive, type Job, type JobContext, look, submit, waitFor } from './job.ts';
import { composeInput, composePolicy } from './request.ts';

interface Settings extends RunpodAddress {
  timeoutMs: number;
  costUsd: number;
}

const name = 'runpod';

/** RunPod's serverless endpoints: the public ones, and one's own that take the same input. */
export const runpod: ProviderEntry = {
  name,
  label,
  read(environment) {
    const key = environment.secret('RUNPOD_API_KEY');
    const endpointId = readEndpointId(environment);
    const settings: Settings = {
      key: key ?? '',
      endpointId: endpointId ?? '',
      url: environment.url('RUNPOD_API_URL', 'https://api.runpod.ai/v2'),
      timeoutMs: 1000 * environment.number('RUNPOD_TIMEOUT_SECONDS', { fallback: 90, min: 1, max: 3600 }),
      costUsd: environment.number('RUNPOD_COST_USD', { fallback: 0.0025, min: 0, max: 100 }),
    };
    const concurrency = environment.number('RUNPOD_CONCURRENCY', { fallback: 4, min: 1, max: 100, whole: true });
    if ((key === undefined) !== (endpointId === undefined)) {
      environment.problem('RUNPOD_API_KEY and RUNPOD_ENDPOINT_ID belong together: set both or neither.');
    }
    if (key === undefined || endpointId === undefined) return undefined;
    return {
      name,
      label,
      timeoutMs: settings.timeoutMs,
      concurrency,
      costUsd: settings.costUsd,
      model: endpointId,
      account: createHash('sha256').update(`${key}\n${settings.url}`).digest('hex').slice(0, 8),
      create: (dependencies) => createRunpod(settings, dependencies),
    };
  },
};

function readEndpointId(environment: Environment): string | undefined {
  const endpointId = environment.optional('RUNPOD_ENDPOINT_ID');
  if (endpointId !== undefined && !/^[\w-]{1,100}$/.test(endpointId)) {
    environment.problem(
      `RUNPOD_ENDPOINT_ID is "${endpointId}": give an endpoint's id such as black-forest-labs-flux-1-schnell.`,
    );
  }
  return endpointId;
}

function createRunpod(settings: Settings, { clock }: ProviderDependencies): ImageProvider {
  const { endpointId, key, url, timeoutMs, costUsd } = settings;
  const api = createApi(settings);

  const forget = async ({ signal, job }: ProviderContext): Promise<void> => {
    signal.throwIfAborted();
    await job.save(name, undefined);
  };

  /** Runs work on a job; when it is given up, so is the job, behind the caller's back. */
  const orCancel = async <T>(id: string, context: ProviderContext, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      void api.cancel(id, context.log);
      await forget(context);
      throw error;
    }
  };

  /** The job that an interrupted run began, unless it came to nothing. */
  const pickUp = async (context: ProviderContext, jobs: JobContext): Promise<Job | undefined> => {
    const id = await context.job.load(name);
    const job = id === undefined ? undefined : await orCancel(id, context, () => look(id, jobs));
    return job && isAlive(job) ? job : undefined;
  };

  const begin = (request: ImageRequest, { deadlineAt }: ProviderContext, jobs: JobContext): Promise<Job> => {
    const policy = composePolicy(Math.min(timeoutMs, deadlineAt - clock.monotonic()));
    return submit({ input: composeInput(request, endpointId), policy }, jobs);
  };

  const follow = (job: Job, context: ProviderContext, jobs: JobContext): Promise<Job> =>
    orCancel(job.id, context, async () => {
      context.signal.throwIfAborted();
      await context.job.save(name, job.id);
      return waitFor(job, jobs);
    });

  const collect = async ({ output }: Job, reference: string, request: ImageRequest, signal: AbortSignal) => {
    const bytes = isUrl(reference)
      ? await downloadImage({ label, url: reference, trustedUrl: url, signal }, clock)
      : decodePicture(reference);
    const image: GeneratedImage = {
      bytes,
      ...(await readHeader(bytes, label)),
      provider: name,
      model: endpointId,
      family: name,
      seed: request.seed,
      costUsd: costIn(output) ?? costUsd,
    };
    return image;
  };

  return {
    name,
    label,
    async generate(request, context) {
      const { signal } = context;
      const hide = [request.prompt, request.negativePrompt ?? '', key];
      const jobs: JobContext = { api, clock, signal, hide };
      const begun = (await pickUp(context, jobs)) ?? (await begin(request, context, jobs));
      const ended = await follow(begun, context, jobs);
      const reference = ended.status === 'COMPLETED' ? referenceIn(ended.output) : undefined;
      if (reference === undefined) {
        await forget(context);
        throw jobFailure(ended, hide);
      }
      try {
        const image = await collect(ended, reference, request, signal);
        await forget(context);
        return image;
      } catch (error) {
        // A picture that could not be fetched may be there next time; one that is none will not be better then.
        if (error instanceof ProviderError && error.code === 'bad_image') await forget(context);
        throw error;
      }
    },
    check: ({ signal }) => checkEndpoint(api, settings, signal),
  };
}
