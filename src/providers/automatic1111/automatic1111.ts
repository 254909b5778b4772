import type { Environment } from '../../core/environment.ts';
import { ProviderError } from '../../core/errors.ts';
import type { ImageRequest } from '../../core/image.ts';
import type { ProviderContext } from '../../core/provider.ts';
import type { Random } from '../../lib/clock.ts';
import type { HttpAnswer } from '../../lib/http/client.ts';
import { defineProvider, type ProviderDependencies, type ProviderMethods } from '../entry.ts';
import { badImage } from '../image.ts';
import { textsToRedact } from '../quote.ts';
import { readImage } from './answer.ts';
import { checkServer } from './check.ts';
import { connect, formsOf } from './connection.ts';
import { isGatewayTimeout, isUnknownSampler } from './failures.ts';
import { createCatalogue, type Listed, listedAs, readCheckpoints, readSamplers } from './names.ts';
import { composeBody, defaultSampler, type Drawing } from './request.ts';
import { cancelTask } from './task.ts';

interface Settings {
  url: string;
  /** `user:password` */
  login: string | undefined;
  /** The checkpoint to draw with; the one that is loaded, unless given. */
  model: string | undefined;
}

const label = 'Stable Diffusion';

/** AUTOMATIC1111's web UI and everything that speaks its API: Forge, reForge, SD.Next, koboldcpp, sd-server. */
export const automatic1111 = defineProvider({
  name: 'stable-diffusion',
  label,
  prefix: 'SD',
  defaults: { timeoutSeconds: 120, concurrency: 1, mostConcurrency: 64, costUsd: 0 },
  read(environment) {
    const isEnabled = environment.flag('SD_ENABLED', false);
    const url = environment.url('SD_API_URL', 'http://127.0.0.1:7860');
    const login = readLogin(environment);
    const model = environment.optional('SD_MODEL');
    if (!isEnabled) return undefined;
    return {
      account: [url, login ?? ''],
      create: (dependencies) => createAutomatic1111({ url, login, model }, dependencies),
    };
  },
});

function readLogin(environment: Environment): string | undefined {
  const login = environment.secret('SD_API_AUTH');
  if (login === undefined) return undefined;
  const colon = login.indexOf(':');
  if (colon > 0 && colon < login.length - 1) environment.markSecret(login.slice(colon + 1));
  else environment.problem("SD_API_AUTH is not of the form user:password: give both, as in the web UI's --api-auth.");
  environment.markSecret(Buffer.from(login).toString('base64'));
  return login;
}

function createAutomatic1111(settings: Settings, { clock, random }: ProviderDependencies): ProviderMethods {
  const { url, login } = settings;
  const connection = connect({ label, url, login, clock });
  const checkpoints = createCatalogue(connection, '/sdapi/v1/sd-models', 'checkpoint', readCheckpoints);
  const samplers = createCatalogue(connection, '/sdapi/v1/samplers', 'sampler', readSamplers);

  /** Sends one image's job; when nobody waits for it any more, it is cancelled behind the caller's back. */
  const submit = async (drawing: Partial<Drawing>, { signal, log }: ProviderContext): Promise<HttpAnswer> => {
    signal.throwIfAborted();
    const task = newTaskId(random);
    try {
      const answer = await connection.post('/sdapi/v1/txt2img', { ...drawing, force_task_id: task }, signal);
      if (isGatewayTimeout(answer)) void cancelTask(connection, task, clock, log);
      return answer;
    } catch (error) {
      const mayStillRun = signal.aborted || (error instanceof ProviderError && error.facts.sent === true);
      if (mayStillRun) void cancelTask(connection, task, clock, log);
      throw error;
    }
  };

  const draw = async (drawing: Drawing, context: ProviderContext): Promise<HttpAnswer> => {
    const answer = await submit(drawing, context);
    if (drawing.sampler_name !== defaultSampler || !isUnknownSampler(answer)) return answer;
    // A fork may lack the default sampler; nothing was drawn yet, and without a name it takes its own.
    const { sampler_name: _, ...rest } = drawing;
    return submit(rest, context);
  };

  const chooseSampler = async ({ sampler }: ImageRequest, signal: AbortSignal): Promise<string> => {
    const asked = sampler?.trim() || defaultSampler;
    if (asked === defaultSampler) return asked;
    return (await samplers.find(asked, signal))?.name ?? asked;
  };

  /** The server draws with whatever is loaded when it does not know the checkpoint it was told, and says nothing. */
  const refuseOtherCheckpoint = (asked: Listed, image: ReturnType<typeof readImage>) => {
    const { checkpoint, checkpointHash } = image;
    if (checkpoint === undefined || asked.isCalled(checkpoint)) return;
    if (checkpointHash !== undefined && asked.isCalled(checkpointHash)) return;
    checkpoints.forget();
    throw badImage(`${label} drew with the checkpoint "${checkpoint}" instead of "${asked.name}"`);
  };

  return {
    async generate(request, context) {
      const { signal } = context;
      const model = request.model?.trim() || settings.model;
      const asked = model === undefined ? undefined : ((await checkpoints.find(model, signal)) ?? listedAs(model));
      const sampler = await chooseSampler(request, signal);
      const { drawing, warnings } = composeBody(request, sampler, asked?.name);
      const answer = await draw(drawing, context);
      const toRedact = textsToRedact(request, ...formsOf(login));
      if (answer.status !== 200) throw connection.failure(answer, toRedact);
      const served = readImage(label, answer, toRedact);
      if (asked) refuseOtherCheckpoint(asked, served);
      return {
        bytes: served.bytes,
        model: served.checkpoint ?? model ?? 'stable-diffusion-local',
        family: 'sd',
        seed: served.seed ?? request.seed,
        warnings,
      };
    },
    check: (signal) => checkServer(connection, settings.model, signal),
    explainCheck,
    checkTimeoutMs: Number.POSITIVE_INFINITY,
  };
}

function explainCheck(error: unknown): string {
  if (error instanceof ProviderError) return `${error.message}.`;
  throw error;
}

function newTaskId(random: Random): string {
  const characters = Array.from({ length: 16 }, () => Math.floor(random() * 36).toString(36));
  return `task(notion-to-facebook-${characters.join('')})`;
}
