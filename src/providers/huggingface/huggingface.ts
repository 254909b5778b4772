import type { Environment } from '../../core/environment.ts';
import { ProviderError } from '../../core/errors.ts';
import type { ImageRequest } from '../../core/image.ts';
import { callProvider, createClient } from '../call.ts';
import { couldNotLook } from '../check.ts';
import {
  defineProvider,
  type ProvidedImage,
  type ProviderDependencies,
  type ProviderMethods,
  readChoice,
} from '../entry.ts';
import { textsToRedact } from '../quote.ts';
import { createRenewal } from './account.ts';
import { readImage } from './answer.ts';
import { checkHuggingFace } from './check.ts';
import { classify, label } from './failures.ts';
import { buildCall, familyOf } from './request.ts';
import { createRoutes, isModelId, partners, type Route, type RouteSettings } from './routes.ts';

interface Settings extends RouteSettings {
  endpoint: string;
  hubUrl: string;
}

const maxHubBytes = 1024 * 1024;

/** Hugging Face Inference Providers, by way of the partners that serve the model. */
export const huggingface = defineProvider({
  name: 'huggingface',
  label,
  prefix: 'HUGGINGFACE',
  defaults: { timeoutSeconds: 60, concurrency: 8, mostConcurrency: 100, costUsd: 0.003 },
  read(environment) {
    const key = environment.secret('HUGGINGFACE_API_KEY', 'HUGGINGFACE_TOKEN', 'HF_TOKEN');
    const model = readModel(environment);
    const provider = readChoice(environment, 'HF_PROVIDER', ['auto', ...partners]);
    const endpoint = environment.url('HF_ENDPOINT', 'https://router.huggingface.co');
    const hubUrl = environment.url('HF_HUB_URL', 'https://huggingface.co');
    if (key === undefined) return undefined;
    const settings: Settings = { key, model, provider, endpoint, hubUrl };
    return {
      model,
      account: [key, endpoint],
      create: (dependencies) => createHuggingFace(settings, dependencies),
    };
  },
});

function readModel(environment: Environment): string {
  const model = environment.text('HF_IMAGE_MODEL', 'black-forest-labs/FLUX.1-schnell');
  if (!isModelId(model)) {
    environment.problem(`HF_IMAGE_MODEL is "${model}": give a model's id such as black-forest-labs/FLUX.1-schnell.`);
  }
  return model;
}

function createHuggingFace(settings: Settings, { clock }: ProviderDependencies): ProviderMethods {
  const { model, endpoint, hubUrl, key } = settings;
  const hub = createClient({ label, url: hubUrl, key, maxBytes: maxHubBytes });
  const router = createClient({ label, url: endpoint, key });
  const routes = createRoutes(hub, settings, clock);
  const renewal = createRenewal(hub, clock);

  const generateVia = async (route: Route, request: ImageRequest, signal: AbortSignal): Promise<ProvidedImage> => {
    const { url, headers, body, warnings } = buildCall(route, request, settings);
    const toRedact = textsToRedact(request, key);
    const { partner } = route;
    const answer = await callProvider(label, { method: 'POST', url, headers, body, signal });
    const bytes = await readImage(answer, {
      label,
      partner,
      router,
      trustedUrl: endpoint,
      signal,
      clock,
      classify: (failure) => classify(failure, partner, { now: clock.now(), toRedact }),
    });
    return { bytes, family: familyOf(model), seed: request.seed, warnings };
  };

  /** A 402 with the day on which this account's credit renews, where the Hub tells it. */
  const dated = async (error: unknown, signal: AbortSignal): Promise<unknown> => {
    if (!(error instanceof ProviderError) || error.facts.status !== 402) return error;
    const until = await renewal(signal);
    return until === undefined ? error : new ProviderError(error.code, error.message, { ...error.facts, until });
  };

  return {
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
    check: (signal) => checkHuggingFace(hub, settings, routes, signal),
    explainCheck: couldNotLook(label, 'HF_HUB_URL and the network'),
  };
}
