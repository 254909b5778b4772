import { createHash } from 'node:crypto';
import type { Environment } from '../../core/environment.ts';
import { ProviderError } from '../../core/errors.ts';
import type { GeneratedImage, ImageRequest } from '../../core/image.ts';
import type { ImageProvider } from '../../core/provider.ts';
import type { ProviderDependencies, ProviderEntry } from '../entry.ts';
import { createRenewal } from './account.ts';
import { readImage } from './answer.ts';
import { checkHuggingFace } from './check.ts';
import { classify, label } from './failures.ts';
import { buildCall, familyOf } from './request.ts';
import { createRoutes, isModelId, partners, type Route, type RouteSettings } from './routes.ts';
import { callProvider } from '../../lib/http/client.ts';
import { readHeader } from '../../lib/image-header.ts';

interface Settings extends RouteSettings {
  endpoint: string;
  costUsd: number;
}

const name = 'huggingface';

/** Hugging Face Inference Providers, by way of the partners that serve the model. */
export const huggingface: ProviderEntry = {
  name,
  label,
  read(environment) {
    const key = environment.secret('HUGGINGFACE_API_KEY', 'HUGGINGFACE_TOKEN', 'HF_TOKEN');
    const timeoutMs = 1000 * environment.number('HUGGINGFACE_TIMEOUT_SECONDS', { fallback: 60, min: 1, max: 3600 });
    const concurrency = environment.number('HUGGINGFACE_CONCURRENCY', { fallback: 8, min: 1, max: 100, whole: true });
    const settings: Settings = {
      key: key ?? '',
      model: readModel(environment),
      provider: readPartner(environment),
      endpoint: environment.url('HF_ENDPOINT', 'https://router.huggingface.co'),
      hubUrl: environment.url('HF_HUB_URL', 'https://huggingface.co'),
      costUsd: environment.number('HUGGINGFACE_COST_USD', { fallback: 0.003, min: 0, max: 100 }),
    };
    if (key === undefined) return undefined;
    return {
      name,
      label,
      timeoutMs,
      concurrency,
      costUsd: settings.costUsd,
      model: settings.model,
      account: createHash('sha256').update(`${key}\n${settings.endpoint}`).digest('hex').slice(0, 8),
      create: (dependencies) => createHuggingFace(settings, dependencies),
    };
  },
};

function readModel(environment: Environment): string {
  const model = environment.text('HF_IMAGE_MODEL', 'black-forest-labs/FLUX.1-schnell');
  if (!isModelId(model)) {
    environment.problem(`HF_IMAGE_MODEL is "${model}": give a model's id such as black-forest-labs/FLUX.1-schnell.`);
  }
  return model;
}

function readPartner(environment: Environment): RouteSettings['provider'] {
  const choices = ['auto', ...partners] as const;
  const given = environment.text('HF_PROVIDER', 'auto').toLowerCase();
  const partner = choices.find((choice) => choice === given);
  if (partner === undefined) environment.problem(`HF_PROVIDER is "${given}": choose from ${choices.join(', ')}.`);
  return partner ?? 'auto';
}

function createHuggingFace(settings: Settings, { clock }: ProviderDependencies): ImageProvider {
  const { model, endpoint, key } = settings;
  const routes = createRoutes(settings, clock);
  const renewal = createRenewal(settings, clock);

  const generateVia = async (route: Route, request: ImageRequest, signal: AbortSignal): Promise<GeneratedImage> => {
    const { url, headers, body, warnings } = buildCall(route, request, settings);
    const hide = [request.prompt, request.negativePrompt ?? '', key];
    const answer = await callProvider({ label, method: 'POST', url, headers, body, signal });
    const bytes = await readImage(answer, {
      partner: route.partner,
      endpoint,
      key,
      signal,
      clock,
      classify: (failure) => classify(failure, { partner: route.partner, now: clock.now(), hide }),
    });
    return {
      bytes,
      ...(await readHeader(bytes, label)),
      provider: name,
      model,
      family: familyOf(model),
      seed: request.seed,
      costUsd: settings.costUsd,
      ...(warnings.length > 0 && { warnings }),
    };
  };

  /** A 402 with the day on which this account's credit renews, where the Hub tells it. */
  const dated = async (error: unknown, signal: AbortSignal): Promise<unknown> => {
    if (!(error instanceof ProviderError) || error.facts.status !== 402) return error;
    const until = await renewal(signal);
    return until === undefined ? error : new ProviderError(error.code, error.message, { ...error.facts, until });
  };

  return {
    name,
    label,
    async generate(request, context) {
      let retired: ProviderError | undefined;
      for (const route of await routes.open(context.signal)) {
        try {
          return await generateVia(route, request, context.signal);
        } catch (error) {
          // Such an answer costs nothing, so that the next way may be tried at once.
          if (!(error instanceof ProviderError) || error.code !== 'retired') {
            throw await dated(error, context.signal);
          }
          context.log.warn({ partner: route.partner, model, error: error.message }, `${label}: a route is gone`);
          routes.retire(route);
          retired = error;
        }
      }
      throw retired ?? new ProviderError('retired', `${label} has no partner that serves ${model} at present`);
    },
    check: ({ signal }) => checkHuggingFace(settings, routes, signal),
  };
}
