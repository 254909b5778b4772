import { ProviderError } from '../../core/errors.ts';
import type { ImageRequest } from '../../core/image.ts';
import type { ProviderContext } from '../../core/provider.ts';
import { cancelJob, createClient } from '../call.ts';
import { couldNotLook } from '../check.ts';
import { checkForm, defineProvider, type ProviderDependencies, type ProviderMethods } from '../entry.ts';
import { fetchImage } from '../image.ts';
import type { JobContext } from '../poll.ts';
import { textsToRedact } from '../quote.ts';
import { costIn, isPending, type Job, referenceIn } from './answer.ts';
import { checkEndpoint } from './check.ts';
import { jobFailure, label } from './failures.ts';
import { findJob, submitJob, waitFor } from './job.ts';
import { composeInput, composePolicy } from './request.ts';

type Settings = Record<'url' | 'endpointId' | 'key', string> & { timeoutMs: number };

const name = 'runpod';

/** RunPod's serverless endpoints: the public ones, and one's own that take the same input. */
export const runpod = defineProvider({
  name,
  label,
  prefix: 'RUNPOD',
  defaults: { timeoutSeconds: 90, concurrency: 4, mostConcurrency: 100, costUsd: 0.0025 },
  read(environment, { timeoutMs }) {
    const key = environment.secret('RUNPOD_API_KEY');
    const endpointId = checkForm(environment, {
      name: 'RUNPOD_ENDPOINT_ID',
      value: environment.optional('RUNPOD_ENDPOINT_ID'),
      form: /^[\w-]{1,100}$/,
      advice: "give an endpoint's id such as black-forest-labs-flux-1-schnell",
    });
    const url = environment.url('RUNPOD_API_URL', 'https://api.runpod.ai/v2');
    if ((key === undefined) !== (endpointId === undefined)) {
      environment.problem('RUNPOD_API_KEY and RUNPOD_ENDPOINT_ID belong together: set both or neither.');
    }
    if (key === undefined || endpointId === undefined) return undefined;
    return {
      model: endpointId,
      account: [key, url],
      create: (dependencies) => createRunpod({ url, endpointId, key, timeoutMs }, dependencies),
    };
  },
});

function createRunpod(settings: Settings, { clock }: ProviderDependencies): ProviderMethods {
  const { endpointId, key, url, timeoutMs } = settings;
  const endpoint = createClient({ label, url: `${url}/${endpointId}`, key });

  /** Runs work on a job; when it is given up, so is the job, behind the caller's back. */
  const orCancel = async <T>(id: string, context: ProviderContext, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      const cancel = (signal: AbortSignal) => endpoint.post(`/cancel/${encodeURIComponent(id)}`, undefined, signal);
      void cancelJob(label, context.log, cancel, id);
      await forget(context);
      throw error;
    }
  };

  /** The job that an interrupted run began, unless it came to nothing. */
  const pickUp = async (context: ProviderContext, jobs: JobContext): Promise<Job | undefined> => {
    const id = await context.job.load(name);
    const job = id === undefined ? undefined : await orCancel(id, context, () => findJob(id, jobs));
    return job && (isPending(job) || job.status === 'COMPLETED') ? job : undefined;
  };

  const begin = (request: ImageRequest, { deadlineAt }: ProviderContext, jobs: JobContext): Promise<Job> => {
    const policy = composePolicy(Math.min(timeoutMs, deadlineAt - clock.monotonic()));
    return submitJob({ input: composeInput(request, endpointId), policy }, jobs);
  };

  const follow = (job: Job, context: ProviderContext, jobs: JobContext): Promise<Job> =>
    orCancel(job.id, context, async () => {
      context.signal.throwIfAborted();
      await context.job.save(name, job.id);
      return waitFor(job, jobs);
    });

  return {
    async generate(request, context) {
      const { signal } = context;
      const toRedact = textsToRedact(request, key);
      const jobs: JobContext = { client: endpoint, clock, signal, toRedact };
      const begun = (await pickUp(context, jobs)) ?? (await begin(request, context, jobs));
      const ended = await follow(begun, context, jobs);
      const reference = ended.status === 'COMPLETED' ? referenceIn(ended.output) : undefined;
      if (reference === undefined) {
        await forget(context);
        throw jobFailure(ended, toRedact);
      }
      try {
        const bytes = await fetchImage(reference, { label, trustedUrl: url, signal, clock });
        await forget(context);
        const cost = costIn(ended.output);
        return { bytes, seed: request.seed, ...(cost !== undefined && { costUsd: cost }) };
      } catch (error) {
        // An image that could not be fetched may be there next time; one that is none will not be better then.
        if (error instanceof ProviderError && error.code === 'bad_image') await forget(context);
        throw error;
      }
    },
    check: (signal) => checkEndpoint(endpoint, settings, signal),
    explainCheck: couldNotLook(label, 'RUNPOD_API_URL and the network'),
  };
}

async function forget({ signal, job }: ProviderContext): Promise<void> {
  signal.throwIfAborted();
  await job.save(name, undefined);
}
