import sharp from 'sharp';
import { afterEach, describe, expect, it } from 'vitest';
import { readEnvironment } from '../../../src/core/environment.ts';
import { automatic1111 } from '../../../src/providers/automatic1111/automatic1111.ts';
import {
  contextWith,
  createStableDiffusion,
  failureOf,
  imageRequest,
} from '../../support/fakes/automatic1111-provider.ts';
import {
  type Behaviour,
  type FakeAutomatic1111,
  hashOf,
  startAutomatic1111,
  titleOf,
} from '../../support/fakes/automatic1111.ts';

const xl = 'xl/sd_xl_base_1.0.safetensors';
let server: FakeAutomatic1111;

afterEach(() => server?.close());

async function start(behaviour: Partial<Behaviour> = {}, variables: Record<string, string> = {}) {
  server = await startAutomatic1111(behaviour);
  return createStableDiffusion({ SD_API_URL: server.url, ...variables });
}

function read(variables: Record<string, string>) {
  const environment = readEnvironment(variables);
  return { settings: automatic1111.read(environment), environment };
}

describe('settings', () => {
  it('leaves the provider out of the chain unless SD_ENABLED is true', () => {
    expect(read({}).settings).toBeUndefined();
    expect(read({ SD_API_URL: 'http://127.0.0.1:7860' }).settings).toBeUndefined();
    expect(read({ SD_ENABLED: 'true' }).settings).toMatchObject({
      name: 'stable-diffusion',
      label: 'Stable Diffusion',
      timeoutMs: 120_000,
      concurrency: 1,
      costUsd: 0,
    });
  });

  it('keeps the login, its password and its header secret', () => {
    const { environment } = read({ SD_ENABLED: 'true', SD_API_AUTH: 'anna:open-sesame' });
    const header = Buffer.from('anna:open-sesame').toString('base64');
    expect(environment.secrets).toEqual(['anna:open-sesame', 'open-sesame', header]);
    expect(environment.problems).toEqual([]);
  });

  it.each(['anna', 'anna:', ':open-sesame'])('refuses the login %s without repeating it', (login) => {
    const { environment } = read({ SD_API_AUTH: login });
    expect(environment.problems).toHaveLength(1);
    expect(environment.problems[0]).toMatch(/^SD_API_AUTH is not of the form user:password/);
    expect(environment.problems[0]).not.toContain('sesame');
  });
});

describe('an image', () => {
  it('comes with its size, kind, seed and the checkpoint that drew it', async () => {
    const provider = await start();
    const image = await provider.generate(imageRequest, contextWith());
    expect(image).toMatchObject({
      mediaType: 'image/png',
      width: 512,
      height: 512,
      provider: 'stable-diffusion',
      model: 'v1-5-pruned-emaonly',
      family: 'sd',
      seed: 42,
      costUsd: 0,
    });
    expect(image.warnings).toBeUndefined();
    const { comments } = await sharp(image.bytes).metadata();
    expect(comments?.[0]).toMatchObject({ keyword: 'parameters' });
    expect(server.generated).toBe(1);
  });

  it('is asked for with sensible defaults, one at a time, nothing kept on the server', async () => {
    const provider = await start();
    await provider.generate(imageRequest, contextWith());
    expect(server.bodies[0]).toEqual({
      prompt: 'a red fox in the snow',
      negative_prompt: '',
      width: 512,
      height: 512,
      steps: 20,
      cfg_scale: 7,
      sampler_name: 'Euler a',
      seed: 42,
      batch_size: 1,
      n_iter: 1,
      send_images: true,
      save_images: false,
      do_not_save_samples: true,
      do_not_save_grid: true,
      override_settings: {},
      force_task_id: expect.stringMatching(/^task\(notion-to-facebook-[0-9a-z]{16}\)$/),
    });
    expect(server.count('GET /sdapi/v1/samplers') + server.count('GET /sdapi/v1/sd-models')).toBe(0);
  });

  it('costs what SD_COST_USD says', async () => {
    const provider = await start({}, { SD_COST_USD: '0.002' });
    expect(await provider.generate(imageRequest, contextWith())).toMatchObject({ costUsd: 0.002 });
  });

  it('tells of options that could not be honoured', async () => {
    const provider = await start();
    const image = await provider.generate({ ...imageRequest, steps: 80 }, contextWith());
    expect(image.warnings).toEqual(['steps 80 is not possible, 50 was used']);
  });

  it('may come as JPEG or WebP, with a data: prefix, and after an overview', async () => {
    const provider = await start({ samplesFormat: 'jpeg', dataPrefix: true, overview: true });
    expect(await provider.generate(imageRequest, contextWith())).toMatchObject({ mediaType: 'image/jpeg', width: 512 });
    server.behaviour.samplesFormat = 'webp';
    expect(await provider.generate(imageRequest, contextWith())).toMatchObject({ mediaType: 'image/webp', width: 512 });
  });

  it('waits its turn when the server draws another', async () => {
    const provider = await start({ delayMs: Number.POSITIVE_INFINITY });
    const first = provider.generate(imageRequest, contextWith());
    await server.until(() => server.active !== undefined);
    const second = provider.generate({ ...imageRequest, seed: 43 }, contextWith());
    await server.until(() => server.bodies.length === 2);
    server.behaviour.delayMs = 0;
    await fetch(`${server.url}/sdapi/v1/interrupt`, { method: 'POST' });
    expect((await Promise.all([first, second])).map(({ seed }) => seed)).toEqual([42, 43]);
  });

  it('proves who asks where the API wants a login', async () => {
    const provider = await start({ login: 'anna:open-sesame' }, { SD_API_AUTH: 'anna:open-sesame' });
    await expect(provider.generate(imageRequest, contextWith())).resolves.toMatchObject({ family: 'sd' });
  });
});

describe('the checkpoint', () => {
  it.each([
    ['its title', titleOf(xl)],
    ['its title without the hash', xl],
    ['its model name', 'xl_sd_xl_base_1.0'],
    ['its file name', 'sd_xl_base_1.0.safetensors'],
    ["its file's stem, in any case", 'SD_XL_base_1.0'],
    ['its hash', hashOf(xl)],
    ['its long hash', hashOf(xl).repeat(7).slice(0, 64)],
  ])('is found by %s', async (_, model) => {
    const provider = await start({}, { SD_MODEL: model });
    expect(await provider.generate(imageRequest, contextWith())).toMatchObject({ model: 'sd_xl_base_1.0' });
    expect(server.bodies[0]).toMatchObject({ override_settings: { sd_model_checkpoint: titleOf(xl) } });
  });

  it('of the row goes before that of the settings', async () => {
    const provider = await start({}, { SD_MODEL: 'v1-5-pruned-emaonly' });
    const image = await provider.generate({ ...imageRequest, model: 'sd_xl_base_1.0' }, contextWith());
    expect(image.model).toBe('sd_xl_base_1.0');
  });

  it('is looked up once, and again when it is not among those known', async () => {
    const provider = await start({}, { SD_MODEL: 'v1-5-pruned-emaonly' });
    await provider.generate(imageRequest, contextWith());
    await provider.generate(imageRequest, contextWith());
    expect(server.count('GET /sdapi/v1/sd-models')).toBe(1);
    server.behaviour.checkpoints.push('new.safetensors');
    await provider.generate({ ...imageRequest, model: 'new' }, contextWith());
    expect(server.count('GET /sdapi/v1/sd-models')).toBe(2);
  });

  it('that the server lacks is refused before anything is drawn, naming some that it has', async () => {
    const provider = await start({}, { SD_MODEL: 'dreamshaper' });
    const { code, message } = await failureOf(provider.generate(imageRequest, contextWith()));
    expect(code).toBe('invalid_request');
    expect(message).toContain('has no checkpoint "dreamshaper": choose "v1-5-pruned-emaonly.safetensors');
    expect(server.count('POST /sdapi/v1/txt2img')).toBe(0);
  });

  it('that was silently not used is told, and the list is read anew', async () => {
    const provider = await start({}, { SD_MODEL: 'sd_xl_base_1.0' });
    await provider.generate(imageRequest, contextWith());
    server.behaviour.checkpoints = ['v1-5-pruned-emaonly.safetensors'];
    server.behaviour.loaded = 'v1-5-pruned-emaonly.safetensors';
    const failure = await failureOf(provider.generate(imageRequest, contextWith()));
    expect(failure.code).toBe('bad_image');
    expect(failure.message).toContain(`"v1-5-pruned-emaonly" instead of "${titleOf(xl)}"`);
    expect(await failureOf(provider.generate(imageRequest, contextWith()))).toMatchObject({ code: 'invalid_request' });
  });

  it('counts as the one asked for when its hash is the same', async () => {
    const provider = await start({}, { SD_MODEL: 'sd_xl_base_1.0' });
    const { bytes } = await provider.generate(imageRequest, contextWith());
    const info = JSON.stringify({ seed: 7, sd_model_name: 'renamed', sd_model_hash: hashOf(xl) });
    const body = JSON.stringify({ images: [Buffer.from(bytes).toString('base64')], info });
    server.behaviour.reply = (response) => response.end(body);
    expect(await provider.generate(imageRequest, contextWith())).toMatchObject({ model: 'renamed', seed: 7 });
  });

  it('of two files with one name is the one that is written like this', async () => {
    const checkpoints = ['old/x.safetensors', 'x.safetensors'];
    const provider = await start({ checkpoints }, { SD_MODEL: 'x.safetensors' });
    await provider.generate(imageRequest, contextWith());
    expect(server.bodies[0]).toMatchObject({ override_settings: { sd_model_checkpoint: titleOf('x.safetensors') } });
  });

  it('is taken on trust from a server that keeps no list', async () => {
    const provider = await start({ missing: ['/sdapi/v1/sd-models'], loaded: 'only.gguf' }, { SD_MODEL: 'only.gguf' });
    expect(await provider.generate(imageRequest, contextWith())).toMatchObject({ model: 'only' });
    const failure = await failureOf(provider.generate({ ...imageRequest, model: 'another' }, contextWith()));
    expect(failure.code).toBe('bad_image');
  });

  it('is the configured one, else a plain word, where the answer does not name it', async () => {
    const provider = await start({ flavour: 'koboldcpp' }, { SD_MODEL: 'sd_xl_base_1.0' });
    expect(await provider.generate(imageRequest, contextWith())).toMatchObject({ model: 'sd_xl_base_1.0', seed: 42 });
    const plain = createStableDiffusion({ SD_API_URL: server.url });
    expect(await plain.generate(imageRequest, contextWith())).toMatchObject({ model: 'stable-diffusion-local' });
  });
});

describe('the sampler', () => {
  it.each(['DPM++ 2M', 'dpm++ 2m', 'k_dpmpp_2m'])('is sent by its own name when asked for as %s', async (sampler) => {
    const provider = await start();
    await provider.generate({ ...imageRequest, sampler }, contextWith());
    expect(server.bodies[0]).toMatchObject({ sampler_name: 'DPM++ 2M' });
  });

  it("goes before another's alias by its own name", async () => {
    const samplers = [
      { name: 'DDIM', aliases: ['Heun'] },
      { name: 'Heun', aliases: [] },
    ];
    const provider = await start({ samplers });
    await provider.generate({ ...imageRequest, sampler: 'Heun' }, contextWith());
    expect(server.bodies[0]).toMatchObject({ sampler_name: 'Heun' });
  });

  it('that the server lacks is refused before anything is drawn, naming some that it has', async () => {
    const provider = await start();
    const failure = await failureOf(provider.generate({ ...imageRequest, sampler: 'Magic' }, contextWith()));
    expect(failure.code).toBe('invalid_request');
    expect(failure.message).toBe('Stable Diffusion has no sampler "Magic": choose "DPM++ 2M", "Euler a", "Euler"');
    expect(server.count('POST /sdapi/v1/txt2img')).toBe(0);
  });

  it.each(['a1111', 'forge', 'sdnext'] as const)('is left to a %s that lacks the default', async (flavour) => {
    const provider = await start({ flavour, samplers: [{ name: 'Default', aliases: [] }] });
    await expect(provider.generate(imageRequest, contextWith())).resolves.toMatchObject({ width: 512 });
    expect(server.bodies.map((body) => body['sampler_name'])).toEqual(['Euler a', undefined]);
    expect(server.generated).toBe(1);
  });

  it('is refused by the server itself where it keeps no list', async () => {
    const provider = await start({ missing: ['/sdapi/v1/samplers'] });
    const failure = await failureOf(provider.generate({ ...imageRequest, sampler: 'Magic' }, contextWith()));
    expect(failure).toMatchObject({ code: 'invalid_request', facts: { status: 400, sent: false } });
    expect(failure.message).toContain('Sampler not found');
    expect(server.bodies).toHaveLength(1);
  });
});
