import type { ImageRequest, Size } from '../../core/image.ts';
import { megapixelFactor, scaleSize } from '../size.ts';

/** What is asked for unless the row says otherwise. */
export const defaultSampler = 'Euler a';

/** The body of `/sdapi/v1/txt2img`, as far as it is used. */
export type Drawing = ReturnType<typeof composeBody>['drawing'];

const sizeStep = 8;

/** Writes the request in the server's words; `warnings` say what could not be honoured. */
export function composeBody(request: ImageRequest, sampler: string, checkpoint: string | undefined) {
  const steps = within(request.steps, { min: 10, max: 50, fallback: 20 });
  const cfgScale = within(request.cfgScale, { min: 1, max: 20, fallback: 7 });
  const warnings = [
    ...warnOfChange('steps', request.steps, Math.round(steps)),
    ...warnOfChange('guidance', request.cfgScale, cfgScale),
  ];
  const drawing = {
    prompt: request.prompt,
    negative_prompt: request.negativePrompt ?? '',
    ...chooseSize(request),
    steps: Math.round(steps),
    cfg_scale: cfgScale,
    seed: request.seed,
    sampler_name: sampler,
    batch_size: 1,
    n_iter: 1,
    send_images: true,
    save_images: false,
    do_not_save_samples: true,
    do_not_save_grid: true,
    ...(checkpoint !== undefined && { override_settings: { sd_model_checkpoint: checkpoint } }),
  };
  return { drawing, warnings };
}

/**
 * The size asked for, or the same shape at about one megapixel. Sides are rounded up, so that no image of up to 2048 pixels
 * a side has to grow to more than twice its size.
 */
export function chooseSize(asked: Size): Size {
  return scaleSize(asked, megapixelFactor(asked), { multiple: sizeStep, round: Math.ceil });
}

function within(value: number | undefined, range: { min: number; max: number; fallback: number }): number {
  if (value === undefined || !Number.isFinite(value)) return range.fallback;
  return Math.min(range.max, Math.max(range.min, value));
}

function warnOfChange(what: string, asked: number | undefined, used: number): string[] {
  return asked === undefined || asked === used ? [] : [`${what} ${asked} is not possible, ${used} was used`];
}
