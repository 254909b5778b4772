import type { ImageRequest, Size } from '../../core/image.ts';
import { scaleSize } from '../size.ts';

/** Public endpoints take sides of 256–1536 that 64 divides (docs.runpod.io, 2026-11). */
const smallestSide = 256;
const largestSide = 1536;
const sizeStep = 64;
const mostGuidance = 10;
const schnellSteps = 4;

/** Writes the input of RunPod's public text-to-image endpoints, which many workers take as well. */
export function composeInput(request: ImageRequest, endpointId: string) {
  const negativePrompt = request.negativePrompt?.trim();
  const isSchnell = /schnell/i.test(endpointId);
  const steps = isSchnell ? schnellSteps : request.steps;
  // schnell was distilled to do without.
  const guidance = isSchnell ? undefined : request.cfgScale;
  return {
    prompt: request.prompt,
    ...(negativePrompt && { negative_prompt: negativePrompt }),
    ...chooseSize(request),
    ...(steps !== undefined && { num_inference_steps: steps }),
    ...(guidance !== undefined && { guidance: Math.min(mostGuidance, guidance) }),
    seed: request.seed,
    image_format: 'png',
  };
}

/** The size nearest to the one asked for. */
export function chooseSize(asked: Size): Size {
  const factor = Math.min(1, largestSide / Math.max(asked.width, asked.height));
  return scaleSize(asked, factor, { multiple: sizeStep, shortest: smallestSide });
}

/** How long RunPod may keep the job in all and work on it: a job that nobody waits for any more ends by itself. */
export function composePolicy(leftMs: number): { ttl: number; executionTimeout: number } {
  const wholeMs = Math.ceil(leftMs);
  return { ttl: Math.max(10_000, wholeMs), executionTimeout: Math.max(5000, wholeMs) };
}
