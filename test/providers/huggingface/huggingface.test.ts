import { describe, expect, it } from 'vitest';
import { readEnvironment } from '../../../src/core/environment.ts';
import { huggingface } from '../../../src/providers/huggingface/huggingface.ts';
import {
  contextOf,
  create,
  drawPng,
  failure,
  fakeClock,
  request,
  useEmulation,
} from '../../support/providers/huggingface-rig.ts';

const schnell = 'black-forest-labs/FLUX.1-schnell';
const emulation = useEmulation();
const { here } = emulation;

const read = (variables: Record<string, string>) => {
  const environment = readEnvironment(variables);
  return { settings: huggingface.read(environment), environment };
};

const asked = async (variables: Record<string, string>, wish: object) => {
  const image = await create({ ...here(), ...variables }).generate({ ...request, ...wish }, contextOf());
  return { body: JSON.parse(JSON.stringify(emulation.seen.at(-1)?.body)), image };
};

describe('settings', () => {
  it('are not there without a key, and take the key from any of its names', () => {
    expect(read({}).settings).toBeUndefined();
    for (const name of ['HUGGINGFACE_API_KEY', 'HUGGINGFACE_TOKEN', 'HF_TOKEN']) {
      const { settings, environment } = read({ [name]: 'any-key' });
      expect(settings).toMatchObject({ timeoutMs: 60_000, concurrency: 8, costUsd: 0.003 });
      expect(environment.secrets).toEqual(['any-key']);
    }
  });

  it('name the supported partners when HF_PROVIDER is another', () => {
    const { environment } = read({ HF_TOKEN: 'hf_a', HF_PROVIDER: 'nebius', HF_IMAGE_MODEL: '../../etc' });
    expect(environment.problems).toEqual([
      'HF_IMAGE_MODEL is "../../etc": give a model\'s id such as black-forest-labs/FLUX.1-schnell.',
      'HF_PROVIDER is "nebius": choose from auto, nscale, fal-ai, replicate, together, deepinfra, wavespeed, zai-org, hf-inference.',
    ]);
  });
});

describe('an image', () => {
  it('comes from the first live route, with everything the row needs to know', async () => {
    const image = await create(here()).generate(request, contextOf());
    expect(image).toMatchObject({
      mediaType: 'image/png',
      width: 1088,
      height: 1088,
      provider: 'huggingface',
      model: schnell,
      family: 'flux',
      seed: 42,
      costUsd: 0.003,
    });
    expect(image.warnings).toBeUndefined();
    expect(emulation.seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /nscale/v1/images/generations',
    ]);
    expect(emulation.seen[0]?.body).toEqual({
      prompt: request.prompt,
      model: schnell,
      response_format: 'b64_json',
      size: '1088x1088',
      width: 1088,
      height: 1088,
      num_inference_steps: 4,
      seed: 42,
    });
  });

  it.each(['nscale', 'fal-ai', 'replicate', 'together', 'deepinfra', 'wavespeed', 'zai-org', 'hf-inference'])(
    'is read out of the answers of %s',
    async (partner) => {
      const clock = fakeClock();
      const provider = create({ ...here(), HF_PROVIDER: partner, HF_IMAGE_MODEL: 'some/model' }, clock);
      const image = await provider.generate(request, contextOf());
      expect(image).toMatchObject({ mediaType: 'image/png', family: 'hf', model: 'some/model' });
      expect(image.bytes.byteLength).toBeGreaterThan(1000);
      expect([emulation.server.requests, emulation.server.generated]).toEqual([1, 1]);
      expect(clock.sleeps).toEqual(['fal-ai', 'replicate', 'wavespeed', 'zai-org'].includes(partner) ? [500] : []);
      expect(emulation.seen[0]?.headers['authorization']).toBe('Bearer hf_test');
    },
  );

  it.each([
    [{ data: [{ b64_json: '#' }] }],
    [{ data: [{ b64_json: null, url: 'data:image/png;base64,#' }] }],
    [{ images: [{ url: 'data:image/png;base64,#' }] }],
    [{ images: ['data:image/png;base64,#'] }],
    [{ output: ['data:image/png;base64,#'] }],
    [{ output: 'data:image/png;base64,#' }],
  ])('is read out of %j', async (shape) => {
    const png = await drawPng();
    emulation.answers['nscale'] = JSON.parse(JSON.stringify(shape).replace('#', png.toString('base64')));
    const image = await create(here()).generate(request, contextOf());
    expect(Buffer.from(image.bytes).equals(png)).toBe(true);
    expect([image.width, image.height]).toEqual([64, 64]);
  });

  it.each([
    ['HTML', '<html><body>Welcome</body></html>'],
    ['nothing', ''],
    ['a JSON error', { error: 'something odd' }],
    ['an empty list', { data: [] }],
    ['text in base64', { data: [{ b64_json: Buffer.from('hello').toString('base64') }] }],
    ['a drawing in SVG', { data: [{ b64_json: Buffer.from('<svg width="9" height="9"/>').toString('base64') }] }],
    ['an image cut off in its head', Buffer.from('\x89PNG\r\n\x1A\n....', 'latin1')],
    ['null', 'null'],
  ])('is not made of %s, which may have cost money all the same', async (_, body) => {
    emulation.answers['nscale'] = body;
    const error = await failure(create(here()).generate(request, contextOf()));
    expect(error).toMatchObject({ code: 'bad_image', facts: { sent: true } });
  });

  it('is only ever asked of HF_ENDPOINT, whatever the key looks like', async () => {
    for (const partner of ['nscale', 'fal-ai', 'replicate', 'together', 'deepinfra', 'wavespeed', 'zai-org']) {
      const provider = create({ ...here(), HF_TOKEN: 'r8_other', HF_PROVIDER: partner });
      expect((await failure(provider.generate(request, contextOf()))).code).toBe('unauthorized');
    }
    expect(emulation.server.requests).toBe(0);
  });
});

describe('what is asked', () => {
  it.each([
    [1080, 1920, 816, 1440],
    [1200, 630, 1200, 624],
    [2048, 2048, 1440, 1440],
    [2048, 256, 1440, 176],
    [256, 256, 256, 256],
  ])('fits %d × %d to multiples of 16 up to 1440 for FLUX', async (width, height, fitWidth, fitHeight) => {
    const { body } = await asked({}, { width, height });
    expect([body.width, body.height, body.size]).toEqual([fitWidth, fitHeight, `${fitWidth}x${fitHeight}`]);
  });

  it('gives FLUX.1-schnell 4 steps and neither guidance nor negative prompt, and says so of the latter', async () => {
    const { body, image } = await asked({}, { steps: 30, cfgScale: 9, negativePrompt: 'blur' });
    expect(body.num_inference_steps).toBe(4);
    expect(body).not.toHaveProperty('guidance_scale');
    expect(body).not.toHaveProperty('negative_prompt');
    expect(image.warnings).toEqual(['the negative prompt is left out: FLUX models have none']);
  });

  it.each([
    ['stabilityai/stable-diffusion-xl-base-1.0', 1080, 1080, 1024, 1024],
    ['stabilityai/stable-diffusion-xl-base-1.0', 1080, 1920, 768, 1408],
    ['stable-diffusion-v1-5/stable-diffusion-v1-5', 1080, 1080, 576, 576],
    ['stable-diffusion-v1-5/stable-diffusion-v1-5', 512, 512, 512, 512],
    ['some/other', 1081, 630, 1080, 632],
  ])('gives %s a size it can draw for %d × %d', async (model, width, height, fitWidth, fitHeight) => {
    const { body } = await asked({ HF_IMAGE_MODEL: model }, { width, height });
    expect([body.parameters.width, body.parameters.height]).toEqual([fitWidth, fitHeight]);
  });

  it('lets the row set steps, guidance and negative prompt of Stable Diffusion, else 25 and 7', async () => {
    const HF_IMAGE_MODEL = 'stabilityai/stable-diffusion-xl-base-1.0';
    const plain = await asked({ HF_IMAGE_MODEL }, {});
    expect(plain.body.parameters).toEqual({
      width: 1024,
      height: 1024,
      seed: 42,
      num_inference_steps: 25,
      guidance_scale: 7,
    });
    const wished = await asked({ HF_IMAGE_MODEL }, { steps: 30, cfgScale: 5, negativePrompt: ' blur ' });
    expect(wished.body.parameters).toMatchObject({
      num_inference_steps: 30,
      guidance_scale: 5,
      negative_prompt: 'blur',
    });
  });

  it.each([
    ['fal-ai', { image_size: { width: 1200, height: 624 }, num_inference_steps: 4, seed: 42 }],
    [
      'replicate',
      { input: { aspect_ratio: '16:9', megapixels: '1', output_format: 'png', num_inference_steps: 4, seed: 42 } },
    ],
    ['together', { width: 1200, height: 624, steps: 4, seed: 42 }],
    ['wavespeed', { size: '1200*624', num_inference_steps: 4, seed: 42 }],
    ['zai-org', { size: '1200x624', num_inference_steps: 4, seed: 42 }],
  ])('speaks the words of %s', async (partner, expected) => {
    const { body } = await asked({ HF_PROVIDER: partner }, { width: 1200, height: 630 });
    expect(body).toMatchObject(expected);
  });
});

describe('check', () => {
  it('names the account and the routes, and costs nothing', async () => {
    const check = await create(here()).check?.(contextOf());
    expect(check).toEqual({ ok: true, message: `Hugging Face: key of demo; ${schnell} by nscale, fal-ai.` });
    expect(emulation.server.requests).toBe(0);
  });

  it('says what to do about a bad key, without showing it', async () => {
    const check = await create({ ...here(), HF_TOKEN: 'bad-key-1' }).check?.(contextOf());
    expect(check?.ok).toBe(false);
    expect(check?.message).toContain('answered 401 (Invalid username or password.)');
    expect(check?.message).toContain('huggingface.co/settings/tokens');
    expect(check?.message).not.toContain('bad-key-1');
  });

  it('says that the Hub is out of reach', async () => {
    const check = await create({ ...here(), HF_HUB_URL: 'http://127.0.0.1:1' }).check?.(contextOf());
    expect(check?.ok).toBe(false);
    expect(check?.message).toContain('127.0.0.1:1 (connection refused)');
  });

  it('says when nobody serves the model', async () => {
    emulation.answers['hf-inference'] = 410;
    const provider = create({ ...here(), HF_IMAGE_MODEL: 'some/model' });
    await failure(provider.generate(request, contextOf()));
    const check = await provider.check?.(contextOf());
    expect(check?.ok).toBe(false);
    expect(check?.message).toContain('no partner that serves some/model: choose another HF_IMAGE_MODEL');
  });
});
