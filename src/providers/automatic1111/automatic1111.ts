import { createHash } from 'node:crypto';
import type { Random } from '../../lib/clock.ts';
import type { Environment } from '../../core/environment.ts';
import { ProviderError } from '../../core/errors.ts';
import type { GeneratedImage, ImageRequest } from '../../core/image.ts';
import type { ImageProvider, ProviderContext } from '../../core/provider.ts';
import { type DrawnPicture, readImage } from './answer.ts';
import { checkServer } from './check.ts';
import { connect, formsOf } from './connection.ts';
import { isGatewayTimeout, isUnknownSampler } from './failures.ts';
import { createCatalogue, type Listed, listedAs, readCheckpoints, readSamplers } from './names.ts';
import { composeBody, defaultSampler, type Drawing } from './request.ts';
import { cancelTask } from './task.ts';
import type { ProviderDependencies, ProviderEntry } from '../entry.ts';
import type { ProviderAnswer } from '../../lib/http/client.ts';

interface Settings {
  url: string;
  /** `user:password` */
  login: string | undefined;
  /** The checkpoint to draw with; the one that is loaded, unless given. */
  model: string | undefined;
  costUsd: number;
}

/** AUTOMATIC1111's web UI and everything that speaks its API: Forge, reForge, SD.Next, koboldcpp, sd-server. */
export const automatic1111: ProviderEntry = {
  name: 'stable-diffusion',
  label: 'Stable Diffusion',
  read(environment) {
    const enabled = environment.flag('SD_ENABLED', false);
    const settings: Settings = {
      url: environment.url('SD_API_URL', 'http://127.0.0.1:7860'),
      login: readLogin(environment),
      model: environment.optional('SD_MODEL'),
      costUsd: environment.number('SD_COST_USD', { fallback: 0, min: 0, max: 100 }),
    };
    const timeoutMs = 1000 * environment.number('SD_TIMEOUT_SECONDS', { fallback: 120, min: 1, max: 3600 });
    const concurrency = environment.number('SD_CONCURRENCY', { fallback: 1, min: 1, max: 64, whole: true });
    if (!enabled) return undefined;
    return {
      name: automatic1111.name,
      label: automatic1111.label,
      timeoutMs,
      concurrency,
      costUsd: settings.costUsd,
      account: fingerprint(settings),
      create: (dependencies) => createProvider(settings, dependencies),
    };
  },
};

function readLogin(environment: Environment): string | undefined {
  const login = environment.secret('SD_API_AUTH');
  if (login === undefined) return undefined;
  const colon = login.indexOf(':');
  if (colon > 0 && colon < login.length - 1) environment.markSecret(login.slice(colon + 1));
  else environment.problem("SD_API_AUTH is not of the form user:password: give both, as in the web UI's --api-auth.");
  environment.markSecret(Buffer.from(login).toString('base64'));
  return login;
}

function fingerprint({ url, login }: Settings): string {
  return createHash('sha256')
    .update(`${url}\n${login ?? ''}`)
    .digest('hex')
    .slice(0, 8);
}

function createProvider(settings: Settings, { clock, random }: ProviderDependencies): ImageProvider {
  const { name, label } = automatic1111;
  const connection = connect({ label, url: settings.url, login: settings.login, clock });
  const checkpoints = createCatalogue(connection, '/sdapi/v1/sd-models', 'checkpoint', readCheckpoints);
  const samplers = createCatalogue(connection, '/sdapi/v1/samplers', 'sampler', readSamplers);

  /** Sends one picture's job; when nobody waits for it any more, it is cancelled behind the caller's back. */
  const submit = async (drawing: Drawing, { signal, log }: ProviderContext): Promise<ProviderAnswer> => {
    signal.throwIfAborted();
    const task = newTaskId(random);
    try {
      const answer = await connection.post('/sdapi/v1/txt2img', { ...drawing, force_task_id: task }, signal);
      if (isGatewayTimeout(answer)) void cancelTask(connection, task, clock, log);
      return answer;
    } catch (error) {
      if (signal.aborted || mayStillRun(error)) void cancelTask(connection, task, clock, log);
      throw error;
    }
  };

  const draw = async (drawing: Drawing, context: ProviderContext): Promise<ProviderAnswer> => {
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
  const refuseOtherCheckpoint = (asked: Listed, picture: DrawnPicture) => {
    const { checkpoint, checkpointHash } = picture;
    if (checkpoint === undefined || asked.isCalled(checkpoint)) return;
    if (checkpointHash !== undefined && asked.isCalled(checkpointHash)) return;
    checkpoints.forget();
    const message = `${label} drew with the checkpoint "${checkpoint}" instead of "${asked.name}"`;
    throw new ProviderError('bad_image', message, { status: 200, sent: true });
  };

  return {
    name,
    label,
    async generate(request, context): Promise<GeneratedImage> {
      const { signal } = context;
      const model = request.model?.trim() || settings.model;
      const checkpoint = model === undefined ? undefined : ((await checkpoints.find(model, signal)) ?? listedAs(model));
      const sampler = await chooseSampler(request, signal);
      const { drawing, warnings } = composeBody(request, sampler, checkpoint?.name);
      const answer = await draw(drawing, context);
      const hide = [request.prompt, request.negativePrompt ?? '', ...formsOf(settings.login)];
      if (answer.status !== 200) throw connection.failure(answer, hide);
      const picture = await readImage(label, answer, hide);
      signal.throwIfAborted();
      if (checkpoint) refuseOtherCheckpoint(checkpoint, picture);
      const { bytes, mediaType, width, height } = picture;
      return {
        bytes,
        mediaType,
        width,
        height,
        provider: name,
        model: picture.checkpoint ?? model ?? 'stable-diffusion-local',
        family: 'sd',
        seed: picture.seed ?? request.seed,
        costUsd: settings.costUsd,
        ...(warnings.length > 0 && { warnings }),
      };
    },
    check: ({ signal }) => checkServer(connection, settings.model, signal),
  };
}

function mayStillRun(error: unknown): boolean {
  return error instanceof ProviderError && error.facts.sent === true;
}

function newTaskId(random: Random): string {
  const characters = Array.from({ length: 16 }, () => Math.floor(random() * 36).toString(36));
  return `task(notion-to-facebook-${characters.join('')})`;
}
