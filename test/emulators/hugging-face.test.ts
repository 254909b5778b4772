import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EmulatedHuggingFace, startEmulatedHuggingFace } from '../../src/emulators/hugging-face/server.ts';

let server: EmulatedHuggingFace;
beforeEach(async () => {
  server = await startEmulatedHuggingFace({ behaviour: 'ok' });
});
afterEach(() => server.close());

const authorization = 'Bearer hf_demo';
const path = '/hf-inference/models/some/model';

function ask(target: string, init: RequestInit = {}): Promise<Response> {
  return fetch(server.url + target, { headers: { authorization }, ...init });
}

function post(body: unknown, target = path): Promise<Response> {
  return ask(target, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) });
}

const draw = async (seed: number) =>
  Buffer.from(await (await post({ inputs: 'a cat', parameters: { width: 320, height: 200, seed } })).arrayBuffer());

const providers = async (model: string) => {
  const response = await ask(`/api/models/${model}?expand[]=inferenceProviderMapping`);
  const { inferenceProviderMapping } = JSON.parse(await response.text());
  return inferenceProviderMapping.map((entry: { provider: string }) => entry.provider);
};

describe('the emulated Hugging Face', () => {
  it('draws a real PNG of the size asked, the same for the same seed', async () => {
    const [first, same, other] = [await draw(1), await draw(1), await draw(2)];
    expect(await sharp(first).metadata()).toMatchObject({ format: 'png', width: 320, height: 200 });
    expect(first.equals(same)).toBe(true);
    expect(first.equals(other)).toBe(false);
    const { channels } = await sharp(first).stats();
    expect(Math.min(...channels.map(({ stdev }) => stdev))).toBeGreaterThan(10);
    expect([server.requests, server.generated]).toEqual([3, 3]);
  });

  it('is out of credit unless told otherwise, with the body of the real one', async () => {
    const broke = await startEmulatedHuggingFace();
    try {
      const response = await fetch(broke.url + path, {
        method: 'POST',
        headers: { authorization },
        body: '{"inputs":"a"}',
      });
      expect(response.status).toBe(402);
      expect(await response.text()).toContain('You have depleted your monthly included credits.');
      expect([broke.requests, broke.generated]).toEqual([1, 0]);
      broke.set('ok');
      expect(
        (await fetch(broke.url + path, { method: 'POST', headers: { authorization }, body: '{"inputs":"a"}' })).status,
      ).toBe(200);
    } finally {
      await broke.close();
    }
  });

  it('lets a function decide', async () => {
    server.set(({ body }) => (JSON.stringify(body).includes('cat') ? { status: 503, body: 'no cats' } : undefined));
    expect(await (await post({ inputs: 'a cat' })).text()).toBe('no cats');
    expect((await post({ inputs: 'a dog' })).status).toBe(200);
  });

  it.each([
    [
      'a key that is none of its own',
      401,
      path,
      { method: 'POST', headers: { authorization: 'Bearer r8_x' }, body: '{}' },
    ],
    ['no key', 401, '/api/whoami-v2', { headers: {} }],
    ['a wrong method', 405, path, {}],
    ['a POST where nothing is made', 405, '/api/whoami-v2', { method: 'POST', body: '{}' }],
    ['a body that is not JSON', 400, path, { method: 'POST', body: 'prompt' }],
    ['JSON that is no object', 400, path, { method: 'POST', body: '[1]' }],
    ['no prompt', 400, path, { method: 'POST', body: '{}' }],
    ['a body without end', 400, path, { method: 'POST', body: `{"inputs":"${'x'.repeat(1_100_000)}"}` }],
    ['an unknown path', 404, '/nebius/v1/images/generations', { method: 'POST', body: '{}' }],
    ['an unknown file', 404, '/files/7.png', {}],
  ])('refuses %s with %d', async (_, status, target, init) => {
    expect((await ask(target, init)).status).toBe(status);
  });

  it('maps FLUX.1-schnell to partners and other models to hf-inference', async () => {
    expect(await providers('black-forest-labs/FLUX.1-schnell')).toEqual(['nscale', 'fal-ai', 'together']);
    expect(await providers('some/model')).toEqual(['hf-inference']);
  });
});
