import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseSize, composeInput } from '../../../src/providers/runpod/request.ts';

const request = { prompt: 'a fox', width: 1200, height: 630, seed: 7 };

describe('the size', () => {
  it.each([
    [1080, 1080, 1088, 1088],
    [1200, 630, 1216, 640],
    [1080, 1920, 896, 1536],
    [2048, 256, 1536, 256],
    [256, 256, 256, 256],
  ])('for %d × %d is %d × %d', (width, height, fitWidth, fitHeight) => {
    expect(chooseSize({ width, height })).toEqual({ width: fitWidth, height: fitHeight });
  });

  it('is one that the endpoint takes, and near enough to be cropped to the one asked for', () => {
    const side = fc.integer({ min: 256, max: 2048 });
    fc.assert(
      fc.property(side, side, (width, height) => {
        const size = chooseSize({ width, height });
        for (const pixels of Object.values(size)) {
          expect(pixels % 64).toBe(0);
          expect(pixels).toBeGreaterThanOrEqual(256);
          expect(pixels).toBeLessThanOrEqual(1536);
        }
        const [across, down] = [size.width * height, size.height * width];
        expect(Math.min(across, down) / Math.max(across, down)).toBeGreaterThanOrEqual(0.5);
        expect(Math.max(width / size.width, height / size.height)).toBeLessThanOrEqual(2);
      }),
    );
  });
});

describe('the input', () => {
  it('leaves steps and guidance to schnell, and hands them to other models', () => {
    const wish = { ...request, steps: 30, cfgScale: 15, negativePrompt: ' ' };
    expect(composeInput(wish, 'black-forest-labs-flux-1-schnell')).toEqual({
      prompt: 'a fox',
      width: 1216,
      height: 640,
      num_inference_steps: 4,
      seed: 7,
      image_format: 'png',
    });
    expect(composeInput(wish, 'my-sdxl')).toMatchObject({ num_inference_steps: 30, guidance: 10 });
    expect(composeInput(request, 'my-sdxl')).not.toHaveProperty('num_inference_steps');
  });
});
