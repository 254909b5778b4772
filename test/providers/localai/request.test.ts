import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ImageRequest } from '../../../src/core/image.ts';
import { type DialectChoice, dialectFor } from '../../../src/providers/localai/dialects.ts';
import { chooseSize, composeBody } from '../../../src/providers/localai/request.ts';

const request: ImageRequest = { prompt: 'a red fox', width: 1080, height: 1080, seed: 7 };

function compose(choice: DialectChoice, changes: Partial<ImageRequest> = {}, model?: string) {
  return composeBody({ ...request, ...changes }, dialectFor(choice, 'http://127.0.0.1:8080/v1', model), model);
}

describe('the body', () => {
  const everything = { negativePrompt: 'snow', steps: 30 };

  it('speaks to LocalAI', () => {
    expect(compose('localai', everything, 'sd')).toEqual({
      body: {
        model: 'sd',
        prompt: 'a red fox|snow',
        n: 1,
        size: '1024x1024',
        response_format: 'b64_json',
        step: 30,
        seed: 7,
      },
      warnings: [],
    });
  });

  it('speaks to OpenAI, and tells what it had to leave out', () => {
    expect(compose('openai', everything, 'gpt-image-1')).toEqual({
      body: { model: 'gpt-image-1', prompt: 'a red fox', n: 1, size: '1024x1024' },
      warnings: ['the negative prompt is left out: this server takes none', 'not taken by this server: steps'],
    });
  });

  it('speaks to Together', () => {
    expect(compose('together', { ...everything, width: 1200, height: 630 }, 'flux-dev').body).toEqual({
      model: 'flux-dev',
      prompt: 'a red fox',
      negative_prompt: 'snow',
      n: 1,
      width: 1216,
      height: 640,
      response_format: 'base64',
      steps: 30,
      seed: 7,
    });
  });

  it('sends to others only what all of them know', () => {
    expect(compose('plain').body).toEqual({
      prompt: 'a red fox',
      n: 1,
      size: '1024x1024',
      response_format: 'b64_json',
    });
  });

  it('leaves the steps to the model unless they are asked for, but gives schnell models their 4', () => {
    expect(compose('localai').body).not.toHaveProperty('step');
    expect(compose('localai', { steps: 20 }, 'flux.1-schnell').body).toMatchObject({ step: 4 });
  });

  it('tells that guidance and sampler are not taken', () => {
    expect(compose('localai', { cfgScale: 7, sampler: 'Euler a' }).warnings).toEqual([
      'not taken by this server: guidance, sampler',
    ]);
  });
});

describe('a bar', () => {
  it('in the prompt or the negative prompt becomes a comma where it would split', () => {
    expect(compose('localai', { prompt: 'fox | oil', negativePrompt: 'snow|ice' }).body.prompt).toBe(
      'fox , oil|snow,ice',
    );
    expect(compose('localai', { prompt: '|fox|' }).body.prompt).toBe(',fox,');
    expect(compose('plain', { prompt: 'fox|oil' }).body.prompt).toBe('fox,oil');
  });

  it('stays where it means nothing', () => {
    expect(compose('openai', { prompt: 'fox|oil' }, 'gpt-image-1').body.prompt).toBe('fox|oil');
  });

  it('is not added for a negative prompt of spaces', () => {
    expect(compose('localai', { negativePrompt: ' \n' }).body.prompt).toBe('a red fox');
  });

  it('starts exactly the negative prompt, whatever people write', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (prompt, negativePrompt) => {
        const pieces = compose('localai', { prompt, negativePrompt }).body.prompt.split('|');
        expect(pieces).toHaveLength(negativePrompt.trim() === '' ? 1 : 2);
      }),
    );
  });
});

describe('a long prompt', () => {
  it('is cut between characters at what the model takes, and that is told', () => {
    const { body, warnings } = compose('openai', { prompt: '🦊'.repeat(1001) }, 'dall-e-2');
    expect(body.prompt).toBe('🦊'.repeat(1000));
    expect(warnings).toEqual(['the prompt is cut to 1000 characters, the model takes no more']);
    expect(compose('openai', { prompt: '🦊'.repeat(1000) }, 'dall-e-2').warnings).toEqual([]);
  });
});

describe('the size', () => {
  const { size: listed } = dialectFor('openai', 'https://api.openai.com/v1', 'gpt-image-1');
  const side = fc.integer({ min: 256, max: 2048 });

  it.each([
    [1080, 1080, '1024x1024'],
    [1200, 630, '1536x1024'],
    [1080, 1350, '1024x1536'],
    [1080, 1200, '1024x1024'],
    [1080, 1920, '1024x1536'],
  ])('of a %d×%d post is %s among few', (width, height, expected) => {
    const size = chooseSize({ width, height }, listed);
    expect(`${size.width}x${size.height}`).toBe(expected);
  });

  it('is refused before anything is sent when most of the image would be cut off', () => {
    expect(() => chooseSize({ width: 2048, height: 256 }, listed)).toThrow(
      expect.objectContaining({ code: 'invalid_request', facts: { sent: false } }),
    );
  });

  it('always leads to the size asked by at most doubling and cutting off at most half', () => {
    fc.assert(
      fc.property(side, side, fc.boolean(), (width, height, isFree) => {
        fc.pre(isFree || Math.max(width / height, height / width) <= 2);
        const size = chooseSize({ width, height }, isFree ? 'free' : listed);
        const scale = Math.max(width / size.width, height / size.height);
        expect(scale).toBeLessThanOrEqual(2);
        expect((width * height) / (size.width * size.height * scale ** 2)).toBeGreaterThanOrEqual(0.5);
      }),
    );
  });

  it('is a multiple of 64 of about a megapixel at most where any is possible', () => {
    fc.assert(
      fc.property(side, side, (width, height) => {
        const size = chooseSize({ width, height }, 'free');
        expect([size.width % 64, size.height % 64]).toEqual([0, 0]);
        expect(Math.max(size.width, size.height)).toBeLessThanOrEqual(1792);
        expect((size.width - 64) * (size.height - 64)).toBeLessThanOrEqual(1024 * 1024);
      }),
    );
  });
});
