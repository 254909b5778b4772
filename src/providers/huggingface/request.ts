import { getProviderHelper, makeRequestOptionsFromResolvedModel } from '@huggingface/inference';
import type { ImageRequest, Size } from '../../core/image.ts';
import { nearestFluxRatio, scaleSize } from '../size.ts';
import type { Route } from './routes.ts';

/** How one family of models wants to be asked. */
interface Profile {
  fit(asked: Size): Size;
  /** Always this many. */
  steps?: number;
  defaultSteps?: number;
  /** Undefined for models that take no guidance. */
  guidance?: (asked: number | undefined) => number | undefined;
  hasNegativePrompt: boolean;
}

const routerUrl = 'https://router.huggingface.co';

/** Builds the partner's call by the official client, for `endpoint` and with the key as it is; `warnings` say what is left out. */
export function buildCall(
  route: Route,
  request: ImageRequest,
  { key, endpoint, model }: { key: string; endpoint: string; model: string },
) {
  const profile = profileOf(model);
  const negativePrompt = request.negativePrompt?.trim() || undefined;
  const { url, info } = makeRequestOptionsFromResolvedModel(
    route.providerId,
    getProviderHelper(route.partner, 'text-to-image'),
    {
      // A key of another shape would make the client call the partner's own host.
      accessToken: 'hf_',
      inputs: request.prompt,
      parameters: {
        ...sizeFields(route, model, profile.fit(request)),
        ...defined({
          seed: request.seed,
          num_inference_steps: profile.steps ?? request.steps ?? profile.defaultSteps,
          guidance_scale: profile.guidance?.(request.cfgScale),
          negative_prompt: profile.hasNegativePrompt ? negativePrompt : undefined,
        }),
      },
    },
    {
      provider: route.partner,
      providerId: route.providerId,
      hfModelId: model,
      status: 'live',
      task: 'text-to-image',
      ...(route.adapter !== undefined && { adapter: route.adapter }),
      ...(route.adapterWeightsPath !== undefined && { adapterWeightsPath: route.adapterWeightsPath }),
    },
    { task: 'text-to-image' },
  );
  if (!url.startsWith(`${routerUrl}/${route.partner}/`) || typeof info.body !== 'string') {
    throw new TypeError(`unexpected request for ${route.partner}`);
  }
  const headers = new Headers(info.headers);
  headers.set('authorization', `Bearer ${key}`);
  return {
    url: endpoint + url.slice(routerUrl.length),
    headers: Object.fromEntries(headers),
    body: info.body,
    warnings:
      negativePrompt !== undefined && !profile.hasNegativePrompt
        ? ['the negative prompt is left out: FLUX models have none']
        : [],
  };
}

/** The word that file names start with. */
export function familyOf(model: string): 'flux' | 'hf' {
  return /(?:^|[^a-z])flux/i.test(model) ? 'flux' : 'hf';
}

function profileOf(model: string): Profile {
  if (familyOf(model) === 'flux') {
    const isSchnell = /flux\.?1-schnell/i.test(model);
    return {
      fit: (asked) => scaleSize(asked, Math.min(1, 1440 / Math.max(asked.width, asked.height)), { multiple: 16 }),
      hasNegativePrompt: false,
      ...(isSchnell && { steps: 4 }),
    };
  }
  const base = /stable-diffusion-xl|sdxl/i.test(model)
    ? 1024
    : /stable-diffusion-v?1|sd-?v?1[.-]?5/i.test(model)
      ? 512
      : undefined;
  if (base === undefined) {
    return {
      fit: (asked) => scaleSize(asked, 1, { multiple: 8 }),
      guidance: (asked) => asked,
      hasNegativePrompt: true,
    };
  }
  return {
    // These models draw best near base × base pixels; at least half the size asked, so that the image may be enlarged to it.
    fit(asked) {
      const factor = Math.max(0.5, base / Math.sqrt(asked.width * asked.height));
      return scaleSize(asked, factor, { multiple: 64, round: Math.ceil });
    },
    defaultSteps: 25,
    guidance: (asked = 7) => asked,
    hasNegativePrompt: true,
  };
}

/** Every partner has its own words for an image's size; the client hands them on as they are (4.13.30, 2026-11). */
function sizeFields({ partner }: Route, model: string, { width, height }: Size): Record<string, unknown> {
  switch (partner) {
    case 'nscale':
    case 'deepinfra':
      return { size: `${width}x${height}`, width, height };
    case 'fal-ai':
      return { image_size: { width, height } };
    case 'wavespeed':
      return { size: `${width}*${height}` };
    case 'zai-org':
      return { size: `${width}x${height}` };
    case 'replicate':
      return familyOf(model) === 'flux'
        ? { aspect_ratio: nearestFluxRatio({ width, height }).ratio, megapixels: '1', output_format: 'png' }
        : { width, height };
    case 'together':
    case 'hf-inference':
      return { width, height };
  }
}

function defined(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}
