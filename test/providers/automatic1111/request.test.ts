import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseSize, composeBody } from '../../../src/providers/automatic1111/request.ts';
import { imageRequest } from '../../support/fakes/automatic1111-provider.ts';

const compose = (options: object) => composeBody({ ...imageRequest, ...options }, 'Euler a', undefined);

describe('the size', () => {
  it.each([
    ['Square', 1080, 1080, 1024, 1024],
    ['Landscape', 1200, 630, 1200, 632],
    ['Portrait', 1080, 1350, 920, 1152],
    ['Story', 1080, 1920, 768, 1368],
    ['largest', 2048, 2048, 1024, 1024],
    ['smallest', 256, 256, 256, 256],
  ])('of %s suits a checkpoint', (_, askedWidth, askedHeight, width, height) => {
    expect(chooseSize({ width: askedWidth, height: askedHeight })).toEqual({ width, height });
  });

  it('is in steps of 8, about a megapixel at most, of the same shape, and never less than half a side', () => {
    const side = fc.integer({ min: 256, max: 2048 });
    fc.assert(
      fc.property(side, side, (askedWidth, askedHeight) => {
        const { width, height } = chooseSize({ width: askedWidth, height: askedHeight });
        expect([width % 8, height % 8]).toEqual([0, 0]);
        expect(width * height).toBeLessThanOrEqual(1024 * 1024 * 1.03);
        expect(Math.max(askedWidth / width, askedHeight / height)).toBeLessThanOrEqual(2);
        expect(Math.abs(width / height / (askedWidth / askedHeight) - 1)).toBeLessThan(0.035);
      }),
    );
  });
});

describe('the options', () => {
  it.each([
    [{}, 20, 7],
    [{ steps: 10, cfgScale: 1 }, 10, 1],
    [{ steps: 50, cfgScale: 20 }, 50, 20],
    [{ steps: 28, cfgScale: 6.5 }, 28, 6.5],
  ])('%j are honoured', (options, steps, scale) => {
    const { drawing, warnings } = compose(options);
    expect(drawing).toMatchObject({ steps, cfg_scale: scale });
    expect(warnings).toEqual([]);
  });

  it.each([
    [{ steps: 9 }, { steps: 10 }, 'steps 9 is not possible, 10 was used'],
    [{ steps: 51 }, { steps: 50 }, 'steps 51 is not possible, 50 was used'],
    [{ steps: 20.4 }, { steps: 20 }, 'steps 20.4 is not possible, 20 was used'],
    [{ steps: Number.NaN }, { steps: 20 }, 'steps NaN is not possible, 20 was used'],
    [{ cfgScale: 0 }, { cfg_scale: 1 }, 'guidance 0 is not possible, 1 was used'],
    [{ cfgScale: 30 }, { cfg_scale: 20 }, 'guidance 30 is not possible, 20 was used'],
  ])('%j are brought into their range, and it is said', (options, used, warning) => {
    const { drawing, warnings } = compose(options);
    expect(drawing).toMatchObject(used);
    expect(warnings).toEqual([warning]);
  });

  it('bring the negative prompt and the checkpoint along', () => {
    expect(compose({ negativePrompt: 'text' }).drawing).toMatchObject({ negative_prompt: 'text' });
    expect(compose({}).drawing).not.toHaveProperty('override_settings');
    expect(composeBody(imageRequest, 'Euler', 'xl').drawing).toMatchObject({
      sampler_name: 'Euler',
      override_settings: { sd_model_checkpoint: 'xl' },
    });
  });
});
