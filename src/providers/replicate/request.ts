import { ProviderError } from '../../core/errors.ts';
import type { ImageRequest } from '../../core/image.ts';
import { minVisibleShare, nearestFluxRatio } from '../size.ts';
import { label } from './failures.ts';

const namePattern = /^[\w.-]+\/[\w.-]+$/;
const versionPattern = /^[0-9a-f]{64}$/;

/** "owner/name", "owner/name:version", or a version alone. */
export function isModel(model: string): boolean {
  const [first = '', version, ...more] = model.split(':');
  if (more.length > 0 || /(?:^|\/)\.+(?:\/|$)/.test(first)) return false;
  if (version === undefined) return namePattern.test(first) || versionPattern.test(first);
  return namePattern.test(first) && versionPattern.test(version);
}

/** The model's "owner/name", where it has one. */
export function modelName(model: string): string | undefined {
  const [name = ''] = model.split(':');
  return namePattern.test(name) ? name : undefined;
}

/** Writes the request in the model's words, for a `path` below the API's address. @throws {ProviderError} `invalid_request` for a shape that no format comes near. */
export function composeRequest(model: string, request: ImageRequest) {
  const { input, leftOut } = composeInput(model, request);
  const version = model.split(':').find((part) => versionPattern.test(part));
  return {
    path: version === undefined ? `/models/${model}/predictions` : '/predictions',
    body: { ...(version !== undefined && { version }), input },
    warnings: leftOut.length > 0 ? [`left out for ${model}, which takes none: ${leftOut.join(', ')}`] : [],
  };
}

/** Models refuse an input they do not know with 422, so that each family gets its own words only (2026-11). */
function composeInput(model: string, request: ImageRequest): { input: object; leftOut: string[] } {
  const { prompt, seed, negativePrompt, cfgScale } = request;
  const leftOut = [
    ...(negativePrompt?.trim() ? ['negative prompt'] : []),
    ...(cfgScale === undefined ? [] : ['guidance']),
  ];
  const name = modelName(model) ?? '';
  if (!/^black-forest-labs\/flux/i.test(name)) {
    return { input: { prompt, seed }, leftOut: [...leftOut, ...(request.steps === undefined ? [] : ['steps'])] };
  }
  const input = { prompt, aspect_ratio: nearestRatio(request), seed, output_format: 'png' };
  if (!/\/flux-schnell$/i.test(name)) return { input, leftOut };
  const schnell = {
    megapixels: request.width * request.height <= smallPixels ? '0.25' : '1',
    num_outputs: 1,
    num_inference_steps: Math.min(maxSteps, Math.max(1, Math.round(request.steps ?? maxSteps))),
    // With it the same seed gives another image each time (model's README, 2026-11).
    go_fast: false,
  };
  return { input: { ...input, ...schnell }, leftOut };
}

const maxSteps = 4;
const smallPixels = 512 * 512;

/** An image that would have to be thrown away is better not paid for. */
function nearestRatio({ width, height }: ImageRequest): string {
  const { ratio, share } = nearestFluxRatio({ width, height });
  if (share >= minVisibleShare) return ratio;
  const message = `${label} has no format near ${width} × ${height}: choose a less narrow one`;
  throw new ProviderError('invalid_request', message, { sent: false });
}
