import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { createStableDiffusion, contextWith, imageRequest } from '../../support/fakes/automatic1111-provider.ts';
import { type Behaviour, type FakeAutomatic1111, startAutomatic1111 } from '../../support/fakes/automatic1111.ts';

let server: FakeAutomatic1111;

afterEach(() => server?.close());

async function check(behaviour: Partial<Behaviour> = {}, variables: Record<string, string> = {}) {
  server = await startAutomatic1111(behaviour);
  return look(variables);
}

function look(variables: Record<string, string> = {}, signal = new AbortController().signal) {
  return createStableDiffusion({ SD_API_URL: server.url, ...variables }).check?.({ signal });
}

describe('a look at the server', () => {
  it('says that it is idle, and draws nothing', async () => {
    expect(await check()).toEqual({
      ok: true,
      message: `Stable Diffusion at ${server.url} is idle, with 2 checkpoints; it draws with the one that is loaded.`,
    });
    expect(server.count('POST /sdapi/v1/txt2img')).toBe(0);
  });

  it('says that it is busy', async () => {
    server = await startAutomatic1111({ delayMs: Number.POSITIVE_INFINITY });
    const drawing = createStableDiffusion({ SD_API_URL: server.url }).generate(imageRequest, contextWith());
    await server.until(() => server.active !== undefined);
    const result = await look({ SD_MODEL: 'sd_xl_base_1.0' });
    expect(result).toMatchObject({ ok: true });
    expect(result?.message).toContain('is busy, with 2 checkpoints; SD_MODEL "sd_xl_base_1.0" is there.');
    await fetch(`${server.url}/sdapi/v1/interrupt`, { method: 'POST' });
    await drawing;
  });

  it.each([
    ['the API is off', { api: false }, {}, 'its API is off: start it with --api.'],
    ['a login is missing', { login: 'anna:open-sesame' }, {}, 'set SD_API_AUTH to'],
    [
      'a login is wrong',
      { login: 'anna:open-sesame' },
      { SD_API_AUTH: 'anna:wrong' },
      'refuses the login in SD_API_AUTH',
    ],
    ['there is no checkpoint', { checkpoints: [] }, {}, 'has no checkpoint: put one into its models folder.'],
    ['SD_MODEL is not there', {}, { SD_MODEL: 'x' }, 'has no checkpoint "x": set SD_MODEL to "v1-5-pruned'],
  ])('says what to do when %s', async (_, behaviour, variables, words) => {
    const result = await check(behaviour, variables);
    expect(result).toMatchObject({ ok: false });
    expect(result?.message).toContain(words);
  });

  it('says what to do when it is out of reach', async () => {
    server = await startAutomatic1111();
    await server.close();
    const result = await look();
    expect(result).toMatchObject({ ok: false });
    expect(result?.message).toBe(
      `Stable Diffusion API is not accessible at ${server.url}: start the web UI with --api, or correct SD_API_URL.`,
    );
  });

  it('is content with a fork that lacks one of the routes', async () => {
    expect(await check({ missing: ['/sdapi/v1/progress'] })).toMatchObject({ ok: true });
    await server.close();
    expect(await check({ missing: ['/sdapi/v1/sd-models'] })).toMatchObject({ ok: true });
  });

  it('says so when something else answers there', async () => {
    const stranger = createServer((_request, response) => response.end('<html>Welcome</html>'));
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
    const address = stranger.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const result = await look({ SD_API_URL: `http://127.0.0.1:${port}` });
    expect(result).toMatchObject({ ok: false });
    expect(result?.message).toContain('something else does: correct SD_API_URL.');
    await new Promise((resolve) => stranger.close(resolve));
  });
});
