import { readFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, describe, expect, it } from 'vitest';
import { type EmulatedBehaviour, startEmulatedHuggingFace } from '../../src/emulators/hugging-face/server.ts';
import { startAutomatic1111 } from '../support/fakes/automatic1111.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { type WorkerRig, openWorkerRig } from '../support/worker/setup.ts';

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

async function withHuggingFace(rig: WorkerRig, behaviour: EmulatedBehaviour, more: Record<string, string> = {}) {
  const server = await startEmulatedHuggingFace({ behaviour });
  open.push(() => server.close());
  Object.assign(rig.variables, {
    IMAGE_PROVIDERS: 'huggingface,stable-diffusion,placeholder',
    HUGGINGFACE_API_KEY: 'hf_test_key',
    HF_ENDPOINT: server.url,
    HF_HUB_URL: server.hubUrl,
    ...more,
  });
  return server;
}

async function withStableDiffusion(rig: WorkerRig, changes: Parameters<typeof startAutomatic1111>[0] = {}) {
  const server = await startAutomatic1111(changes);
  open.push(() => server.close());
  Object.assign(rig.variables, { SD_ENABLED: 'true', SD_API_URL: server.url });
  return server;
}

const providersOf = (rig: WorkerRig, ids: string[]) => [...new Set(ids.map((id) => rig.text(id, 'Provider')))];

describe('the chain on a whole pass', () => {
  it('lets Hugging Face serve while it can', async () => {
    const rig = await openWorkerRig();
    const huggingFace = await withHuggingFace(rig, 'ok');
    const ids = rig.addRows(12);
    expect(await rig.pass()).toMatchObject({ done: 12, failed: 0, providers: { 'Hugging Face': 12 } });
    expect(huggingFace.requests).toBe(12);
    expect(providersOf(rig, ids)).toEqual(['huggingface']);
    for (const name of await rig.pictures()) expect(name).toMatch(/^flux_generated_/);
    expect(rig.text(ids[0] ?? '', 'Model')).toBe('black-forest-labs/FLUX.1-schnell');
    expect(rig.text(ids[0] ?? '', 'Why')).toMatch(/^Hugging Face, [\d.]+ m?s, \$0\.003$/);
  });

  it('asks no more for credit than rows were in flight, and not at all in the next run', async () => {
    const rig = await openWorkerRig();
    const huggingFace = await withHuggingFace(rig, 'out_of_credit', { HUGGINGFACE_CONCURRENCY: '3' });
    const stableDiffusion = await withStableDiffusion(rig);
    const ids = rig.addRows(20);
    expect(await rig.pass()).toMatchObject({ done: 20, failed: 0, providers: { 'Stable Diffusion': 20 } });
    const asked = huggingFace.requests;
    expect(asked).toBeLessThanOrEqual(3);
    expect(stableDiffusion.generated).toBe(20);
    for (const id of ids) {
      expect(rig.text(id, 'Why')).toMatch(
        /^Hugging Face out of credit until 1 \w{3}( \d\d:\d\d UTC)? → Stable Diffusion, [\d.]+ m?s, free$/,
      );
    }
    const later = rig.addRows(5);
    expect(await rig.pass()).toMatchObject({ done: 5 });
    expect(huggingFace.requests).toBe(asked);
    expect(rig.text(later[0] ?? '', 'Why')).toContain('out of credit until 1 ');
  });

  it('makes 40 real pictures and no card when the one real provider left is only slow', async () => {
    const rig = await openWorkerRig();
    await withHuggingFace(rig, 'out_of_credit');
    const stableDiffusion = await withStableDiffusion(rig, { delayMs: 60 });
    const ids = rig.addRows(40);
    expect(await rig.pass({ ROW_TIMEOUT_SECONDS: '5' })).toMatchObject({ done: 40, failed: 0 });
    expect(stableDiffusion.generated).toBe(40);
    expect(providersOf(rig, ids)).toEqual(['stable-diffusion']);
  });

  it('draws cards when every real provider is down', async () => {
    const rig = await openWorkerRig();
    await withHuggingFace(rig, () => ({ status: 500, body: { error: 'Internal error' } }));
    Object.assign(rig.variables, { SD_ENABLED: 'true', SD_API_URL: 'http://127.0.0.1:9' });
    const ids = rig.addRows(6);
    expect(await rig.pass()).toMatchObject({ done: 6, failed: 0 });
    expect(providersOf(rig, ids)).toEqual(['placeholder']);
    // Which rows come before Stable Diffusion is left alone depends on how they overtake each other.
    expect(ids.map((id) => rig.text(id, 'Why'))).toContainEqual(
      expect.stringMatching(
        /^Hugging Face had a fault \(maybe \$0\.003 spent\) → Stable Diffusion not reachable → Free API Placeholder, /,
      ),
    );
  });

  it('tells the row when nobody is left, and saves nothing', async () => {
    const rig = await openWorkerRig();
    await withHuggingFace(rig, () => ({ status: 500, body: '' }), {
      IMAGE_PROVIDERS: 'huggingface,stable-diffusion',
    });
    Object.assign(rig.variables, { SD_ENABLED: 'true', SD_API_URL: 'http://127.0.0.1:9' });
    const [id = ''] = rig.addRows(1);
    expect(await rig.pass()).toMatchObject({ done: 0, failed: 1 });
    expect(rig.text(id, 'Status')).toBe('Failed');
    expect(rig.text(id, 'Error')).toBe(
      'No picture could be made: Hugging Face had a fault (maybe $0.003 spent); Stable Diffusion not reachable. The worker tries again at the next run; set Status to "Needs image" to try at once.',
    );
    expect(await rig.pictures()).toEqual([]);
  });

  it('waits for a loading model, then lets it serve', async () => {
    const rig = await openWorkerRig();
    let calls = 0;
    await withHuggingFace(rig, () =>
      calls++ === 0 ? { status: 503, body: { error: 'Model is currently loading', estimated_time: 2 } } : undefined,
    );
    const [id = ''] = rig.addRows(1);
    expect(await rig.pass()).toMatchObject({ done: 1 });
    expect(rig.text(id, 'Provider')).toBe('huggingface');
    expect(rig.text(id, 'Why')).toMatch(/^Hugging Face still starting/);
  });

  it('waits for a loading model in bounds, and spares the following rows the wait', async () => {
    const rig = await openWorkerRig();
    const huggingFace = await withHuggingFace(rig, () => ({
      status: 503,
      body: { error: 'Model is currently loading', estimated_time: 1 },
    }));
    await withStableDiffusion(rig);
    rig.addRows(1);
    expect(await rig.pass()).toMatchObject({ done: 1, providers: { 'Stable Diffusion': 1 } });
    const asked = huggingFace.requests;
    expect(asked).toBeLessThanOrEqual(6);
    rig.addRows(5);
    expect(await rig.pass()).toMatchObject({ done: 5, providers: { 'Stable Diffusion': 5 } });
    expect(huggingFace.requests).toBe(asked);
  });

  it('sends one probe a day to a provider that is out of credit, and lets it serve once the credit is back', async () => {
    const clock = createFakeClock(Date.UTC(2026, 10, 10, 9));
    const rig = await openWorkerRig({ clock });
    const huggingFace = await withHuggingFace(rig, 'out_of_credit');
    await withStableDiffusion(rig);
    const asked: number[] = [];
    for (let day = 0; day < 3; day += 1) {
      const before = huggingFace.requests;
      for (let pass = 0; pass < 4; pass += 1) {
        rig.addRows(5);
        expect(await rig.pass({}, { clock })).toMatchObject({ done: 5, failed: 0 });
        clock.advance(6 * 3_600_000);
      }
      asked.push(huggingFace.requests - before);
    }
    expect(asked.slice(1)).toEqual([1, 1]);
    huggingFace.set('ok');
    clock.advance(24 * 3_600_000);
    for (const rows of [1, 5]) {
      rig.addRows(rows);
      expect(await rig.pass({}, { clock })).toMatchObject({ done: rows, providers: { 'Hugging Face': rows } });
    }
  });

  it('fills the row by the last of seven when six fail in six ways, and tells it in order', async () => {
    const rig = await openWorkerRig();
    await withHuggingFace(rig, 'out_of_credit');
    const answers = async (status: number, body: unknown, headers: Record<string, string> = {}) => {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const lines = Object.entries({ 'content-type': 'application/json', ...headers }).map(
        ([name, value]) => `${name}: ${value}`,
      );
      return faultServer((socket) =>
        socket.end(
          `HTTP/1.1 ${status} X\r\n${lines.join('\r\n')}\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
        ),
      );
    };
    Object.assign(rig.variables, {
      IMAGE_PROVIDERS: 'huggingface,stable-diffusion,localai,cloudflare,replicate,runpod,placeholder',
      SD_ENABLED: 'true',
      SD_API_URL: 'http://127.0.0.1:9',
      LOCALAI_API_URL: `${await faultServer(() => undefined)}/v1`,
      LOCALAI_TIMEOUT_SECONDS: '1',
      CLOUDFLARE_ACCOUNT_ID: 'a'.repeat(32),
      CLOUDFLARE_API_TOKEN: 'cloudflare-test-token',
      CLOUDFLARE_API_URL: await answers(200, '<html>busy</html>', { 'content-type': 'text/html' }),
      REPLICATE_API_TOKEN: 'replicate-test-token',
      REPLICATE_API_URL: await answers(422, { title: 'Input validation failed', detail: 'bad input', status: 422 }),
      RUNPOD_API_KEY: 'runpod-test-key',
      RUNPOD_ENDPOINT_ID: 'endpoint',
      RUNPOD_API_URL: await answers(401, ''),
    });
    const [id = ''] = rig.addRows(1);
    expect(await rig.pass()).toMatchObject({ done: 1, failed: 0 });
    const history = JSON.parse(String(await rig.file(rig.text(id, 'Image file').replace('.png', '.json'))));
    expect(
      history.attempts.map((attempt: { provider: string; outcome: string }) => [attempt.provider, attempt.outcome]),
    ).toEqual([
      ['huggingface', 'out_of_credit'],
      ['stable-diffusion', 'unreachable'],
      ['localai', 'timeout'],
      ['cloudflare', 'bad_image'],
      ['replicate', 'invalid_request'],
      ['runpod', 'unauthorized'],
      ['placeholder', 'ok'],
    ]);
    expect(rig.text(id, 'Why')).toMatch(
      /^Hugging Face out of credit.* → Stable Diffusion not reachable → LocalAI did not answer in time → Cloudflare sent no usable picture → Replicate did not accept the request.* → RunPod refused the key.* → Free API Placeholder, /,
    );
  });

  it('goes on at once from a busy provider to a healthy one', async () => {
    const rig = await openWorkerRig();
    const huggingFace = await withHuggingFace(rig, () => ({
      status: 429,
      headers: { 'retry-after': '60' },
      body: { error: 'Too many requests' },
    }));
    await withStableDiffusion(rig);
    const ids = rig.addRows(3);
    expect(await rig.pass()).toMatchObject({ done: 3, providers: { 'Stable Diffusion': 3 } });
    expect(huggingFace.requests).toBeLessThanOrEqual(3);
    expect(providersOf(rig, ids)).toEqual(['stable-diffusion']);
  });

  it('stops at a refused prompt and tells the editor', async () => {
    const rig = await openWorkerRig();
    await withHuggingFace(rig, () => ({
      status: 422,
      body: { error: 'Content policy violation: NSFW content detected' },
    }));
    const stableDiffusion = await withStableDiffusion(rig);
    const [id = ''] = rig.addRows(1);
    expect(await rig.pass()).toMatchObject({ done: 0, failed: 1 });
    expect(stableDiffusion.generated).toBe(0);
    expect(await rig.pictures()).toEqual([]);
    expect(rig.text(id, 'Error')).toBe(
      'Hugging Face refused the prompt as unsuitable. Reword the prompt, then set Status to "Needs image".',
    );
  });

  it('tries any key, and only at the endpoint of the settings', async () => {
    const rig = await openWorkerRig();
    await withHuggingFace(rig, 'ok', { HUGGINGFACE_API_KEY: 'invalid_key' });
    await withStableDiffusion(rig);
    const [id = ''] = rig.addRows(1);
    expect(await rig.pass()).toMatchObject({ done: 1 });
    expect(rig.text(id, 'Why')).toMatch(/^Hugging Face refused the key.* → Stable Diffusion, /);
  });

  it.each([
    ['Hugging Face only', { IMAGE_PROVIDERS: 'huggingface' }, 'huggingface'],
    ['Stable Diffusion only', { IMAGE_PROVIDERS: 'stable-diffusion' }, 'stable-diffusion'],
    ['both, in another order', { IMAGE_PROVIDERS: 'stable-diffusion,huggingface' }, 'stable-diffusion'],
  ])('does as the settings say: %s', async (_, variables, provider) => {
    const rig = await openWorkerRig();
    await withHuggingFace(rig, 'ok');
    await withStableDiffusion(rig);
    const ids = rig.addRows(2);
    expect(await rig.pass(variables)).toMatchObject({ done: 2 });
    expect(providersOf(rig, ids)).toEqual([provider]);
  });

  it('refuses to start when the settings leave nobody to ask', async () => {
    const rig = await openWorkerRig();
    await expect(rig.pass({ IMAGE_PROVIDERS: 'huggingface' })).rejects.toThrow(/leaves nobody to ask/);
  });
});

describe('what is no picture', () => {
  const noisy = (width: number, height: number) =>
    sharp({
      create: { width, height, channels: 3, background: 'white', noise: { type: 'gaussian', mean: 128, sigma: 40 } },
    });
  const flat = () =>
    sharp({ create: { width: 512, height: 512, channels: 3, background: 'black' } })
      .png()
      .toBuffer();
  const half = async (bytes: Promise<Buffer>) => (await bytes).subarray(0, (await bytes).length / 2);
  const json = (bytes: Uint8Array) => ({ data: [{ b64_json: Buffer.from(bytes).toString('base64') }] });
  const bomb = () =>
    sharp({ create: { width: 16_000, height: 16_000, channels: 3, background: 'red' } })
      .png()
      .toBuffer();

  it.each<[string, () => Promise<{ status: number; body: unknown; headers?: Record<string, string> }>]>([
    [
      'an HTML page with status 200',
      async () => ({ status: 200, headers: { 'content-type': 'text/html' }, body: '<!doctype html><p>busy' }),
    ],
    ['a JSON error with status 200', async () => ({ status: 200, body: { error: 'something broke' } })],
    ['a truncated PNG', async () => ({ status: 200, body: json(await half(noisy(512, 512).png().toBuffer())) })],
    ['a truncated JPEG', async () => ({ status: 200, body: json(await half(noisy(512, 512).jpeg().toBuffer())) })],
    ['a black frame', async () => ({ status: 200, body: json(await flat()) })],
    ['zero bytes', async () => ({ status: 200, body: '' })],
    ['a picture far too small', async () => ({ status: 200, body: json(await noisy(64, 64).png().toBuffer()) })],
    [
      'an SVG',
      async () => ({
        status: 200,
        body: json(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="512" height="512"/>')),
      }),
    ],
    ['an animated GIF', async () => ({ status: 200, body: json(Buffer.from('GIF89a')) })],
    ['a decompression bomb', async () => ({ status: 200, body: json(await bomb()) })],
    ['400', async () => ({ status: 400, body: { error: 'bad request' } })],
    ['401', async () => ({ status: 401, body: { error: 'Invalid username or password.' } })],
    ['403', async () => ({ status: 403, body: { error: 'insufficient permissions' } })],
    ['404', async () => ({ status: 404, body: { error: 'Model does not exist' } })],
    ['410', async () => ({ status: 410, body: { error: 'no longer supported by provider' } })],
    ['422', async () => ({ status: 422, body: { error: 'Input validation failed' } })],
    ['500', async () => ({ status: 500, body: { error: 'Internal error' } })],
    [
      '502 with HTML',
      async () => ({ status: 502, headers: { 'content-type': 'text/html' }, body: '<html>Bad Gateway</html>' }),
    ],
    ['504', async () => ({ status: 504, body: '' })],
  ])('goes on to the next provider after %s, and saves nothing of it', async (_, answer) => {
    const rig = await openWorkerRig();
    const given = await answer();
    const huggingFace = await withHuggingFace(rig, () => given);
    await withStableDiffusion(rig);
    const ids = rig.addRows(2, { Width: 512, Height: 512 });
    expect(await rig.pass()).toMatchObject({ done: 2, failed: 0, providers: { 'Stable Diffusion': 2 } });
    expect(huggingFace.requests).toBeGreaterThan(0);
    const pictures = await rig.pictures();
    expect(pictures).toHaveLength(2);
    for (const name of pictures) {
      expect(name).toMatch(/^sd_generated_/);
      expect(await sharp(await rig.file(name)).metadata()).toMatchObject({ format: 'png', width: 512, height: 512 });
      const history = JSON.parse(await readFile(join(rig.folder, name.replace('.png', '.json')), 'utf8'));
      expect(history.attempts.at(0)).toMatchObject({ provider: 'huggingface' });
      expect(history.attempts.at(-1)).toMatchObject({ provider: 'stable-diffusion', outcome: 'ok' });
    }
    expect(providersOf(rig, ids)).toEqual(['stable-diffusion']);
  });

  it.each<[string, (socket: Socket) => void]>([
    ['a connection reset before the answer', (socket) => socket.resetAndDestroy()],
    ['a connection cut in the headers', (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-type: app')],
    ['a connection cut in the body', (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\nabc')],
    ['no answer at all', () => undefined],
    ['a body that drips for ever', (socket) => drip(socket)],
  ])('goes on to the next provider after %s', async (_, behave) => {
    const rig = await openWorkerRig();
    const server = await faultServer(behave);
    Object.assign(rig.variables, {
      IMAGE_PROVIDERS: 'huggingface,stable-diffusion',
      HUGGINGFACE_API_KEY: 'hf_test_key',
      HUGGINGFACE_TIMEOUT_SECONDS: '1',
      HF_ENDPOINT: server,
      HF_HUB_URL: 'http://127.0.0.1:9',
    });
    await withStableDiffusion(rig);
    rig.addRows(1);
    expect(await rig.pass()).toMatchObject({ done: 1, failed: 0, providers: { 'Stable Diffusion': 1 } });
    expect(await rig.pictures()).toEqual([expect.stringMatching(/^sd_generated_/)]);
  });
});

function drip(socket: Socket): void {
  socket.write('HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n\r\n');
  const timer = setInterval(() => socket.write('x'), 50);
  socket.on('close', () => clearInterval(timer));
}

async function faultServer(behave: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => behave(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return typeof address === 'object' && address ? `http://127.0.0.1:${address.port}` : '';
}
