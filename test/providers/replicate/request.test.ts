import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProviderError } from '../../../src/core/errors.ts';
import type { ImageRequest } from '../../../src/core/image.ts';
import { composeRequest, isModel, modelName } from '../../../src/providers/replicate/request.ts';

const schnell = 'black-forest-labs/flux-schnell';
const version = '5599ed30703defd1d160a25a63321b4dec97101d98b4674bcc56e41f62f35637';
const request: ImageRequest = { prompt: 'a fox in the snow', width: 1080, height: 1080, seed: 42 };

const narrowest = (21 / 9) * 2;

const inputOf = (changes: Partial<ImageRequest>, model = schnell) =>
  composeRequest(model, { ...request, ...changes }).body;

describe('a model', () => {
  it.each([schnell, `stability-ai/sdxl:${version}`, version])('may be %s', (model) => {
    expect(isModel(model)).toBe(true);
  });

  it.each([
    'flux-schnell',
    '../account',
    'a/..',
    'a/b/c',
    `a/b:${version}:x`,
    'a/b:latest',
    'a/b?x=1',
    '',
    `:${version}`,
  ])('may not be %j', (model) => {
    expect(isModel(model)).toBe(false);
  });

  it('is asked by its own path, or by its version', () => {
    expect(composeRequest(schnell, request).path).toBe(`/models/${schnell}/predictions`);
    for (const model of [`a/b:${version}`, version]) {
      expect(composeRequest(model, request)).toMatchObject({ path: '/predictions', body: { version } });
    }
    expect([modelName(`a/b:${version}`), modelName(version)]).toEqual(['a/b', undefined]);
  });
});

describe('what is asked', () => {
  it('is all that flux-schnell knows of the request, and nothing it does not', () => {
    expect(
      composeRequest(schnell, { ...request, negativePrompt: 'blur', cfgScale: 7, sampler: 'Euler', steps: 30 }),
    ).toEqual({
      path: `/models/${schnell}/predictions`,
      body: {
        input: {
          prompt: 'a fox in the snow',
          aspect_ratio: '1:1',
          megapixels: '1',
          num_outputs: 1,
          num_inference_steps: 4,
          seed: 42,
          output_format: 'png',
          go_fast: false,
        },
      },
      warnings: [`left out for ${schnell}, which takes none: negative prompt, guidance`],
    });
  });

  it.each([
    [1080, 1080, '1:1'],
    [1200, 630, '16:9'],
    [1080, 1350, '4:5'],
    [1080, 1920, '9:16'],
    [2048, 512, '21:9'],
    [500, 1150, '9:21'],
  ])('has the format nearest to %d × %d', (width, height, ratio) => {
    expect(inputOf({ width, height })).toMatchObject({ input: { aspect_ratio: ratio } });
  });

  it('is small only where the post is', () => {
    expect(inputOf({ width: 512, height: 512 })).toMatchObject({ input: { megapixels: '0.25' } });
    expect(inputOf({ width: 520, height: 512 })).toMatchObject({ input: { megapixels: '1' } });
  });

  it.each([
    [undefined, 4],
    [1, 1],
    [2.4, 2],
    [0, 1],
    [50, 4],
  ])('has, for %j steps, %d', (steps, used) => {
    expect(inputOf(steps === undefined ? {} : { steps })).toMatchObject({ input: { num_inference_steps: used } });
  });

  it('is of other FLUX models only what they share, and of any other model prompt and seed', () => {
    expect(inputOf({}, 'black-forest-labs/flux-1.1-pro')).toEqual({
      input: { prompt: 'a fox in the snow', aspect_ratio: '1:1', seed: 42, output_format: 'png' },
    });
    expect(inputOf({}, 'someone/other')).toEqual({ input: { prompt: 'a fox in the snow', seed: 42 } });
    expect(composeRequest('someone/other', { ...request, steps: 20 }).warnings).toEqual([
      'left out for someone/other, which takes none: steps',
    ]);
  });

  it('always shows at least half of the image', () => {
    const side = fc.integer({ min: 256, max: 2048 });
    fc.assert(
      fc.property(side, side, (width, height) => {
        fc.pre(Math.max(width / height, height / width) <= narrowest);
        const [, across, down] = /"aspect_ratio":"(\d+):(\d+)"/.exec(JSON.stringify(inputOf({ width, height }))) ?? [];
        const share = (Number(across) / Number(down)) * (height / width);
        expect(Math.min(share, 1 / share)).toBeGreaterThanOrEqual(0.5);
      }),
    );
  });

  it.each([
    [2048, 256],
    [256, 1200],
  ])('is refused before it costs anything when %d × %d is near no format', (width, height) => {
    const facts = { sent: false };
    const words = `Replicate has no format near ${width} × ${height}: choose a less narrow one`;
    expect(() => inputOf({ width, height })).toThrow(new ProviderError('invalid_request', words, facts));
  });
});
