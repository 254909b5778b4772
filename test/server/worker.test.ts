import { createHmac } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { type EmulatedBehaviour, startEmulatedHuggingFace } from '../../src/emulators/hugging-face/server.ts';
import { startAutomatic1111 } from '../support/fakes/automatic1111.ts';
import { closedAddress } from '../support/gate.ts';
import { type WorkerRig, openWorkerRig } from '../support/worker/setup.ts';
import { openWorkerServer } from '../support/server/worker-server.ts';

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

async function withHuggingFace(rig: WorkerRig, behaviour: EmulatedBehaviour) {
  const server = await startEmulatedHuggingFace({ behaviour });
  open.push(() => server.close());
  Object.assign(rig.variables, {
    IMAGE_PROVIDERS: 'huggingface,stable-diffusion,placeholder',
    HUGGINGFACE_API_KEY: 'hf_test_key',
    HF_ENDPOINT: server.url,
    HF_HUB_URL: server.hubUrl,
  });
  return server;
}

async function withStableDiffusion(rig: WorkerRig, changes: Parameters<typeof startAutomatic1111>[0] = {}) {
  const server = await startAutomatic1111(changes);
  open.push(() => server.close());
  Object.assign(rig.variables, {
    IMAGE_PROVIDERS: 'huggingface,stable-diffusion,placeholder',
    SD_ENABLED: 'true',
    SD_API_URL: server.url,
  });
  return server;
}

const wish = { prompt: 'A red kite over green hills', width: 320, height: 256 };
const answerSchema = z.object({ imageUrl: z.string(), filename: z.string() });
const passSchema = z.object({ id: z.string() });
const unavailable: EmulatedBehaviour = () => ({ status: 500, body: { error: 'Internal Server Error' } });
const limited: EmulatedBehaviour = () => ({
  status: 429,
  headers: { 'retry-after': '120' },
  body: { error: 'Too many requests' },
});

describe('a picture over HTTP', () => {
  it('is made by Hugging Face when all is well, exactly of the size asked, and shown by its address', async () => {
    const rig = await openWorkerRig();
    await withHuggingFace(rig, 'ok');
    const server = await openWorkerServer(rig);
    const { status, body } = await server.call('/api/ai/generate-image', wish);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      success: true,
      imageUrl: expect.stringMatching(/^\/uploads\/images\/user-local\/\d{13}-generated\.png$/),
      prompt: wish.prompt,
      userId: 'local',
      provider: 'huggingface',
      model: 'black-forest-labs/FLUX.1-schnell',
      processingTime: expect.any(Number),
    });
    const { imageUrl, filename } = answerSchema.parse(body);
    const picture = await fetch(server.url + imageUrl);
    expect(picture.headers.get('content-type')).toBe('image/png');
    const bytes = Buffer.from(await picture.arrayBuffer());
    expect(await sharp(bytes).metadata()).toMatchObject({ format: 'png', width: 320, height: 256 });
    const folder = join(rig.folder, 'uploads', 'images', 'user-local');
    expect(await readFile(join(folder, filename))).toEqual(bytes);
    expect((await readdir(folder)).toSorted()).toEqual([filename.replace('.png', '.json'), filename]);
  });

  it('is made by Stable Diffusion while Hugging Face limits its rate', async () => {
    const rig = await openWorkerRig();
    await withHuggingFace(rig, limited);
    await withStableDiffusion(rig);
    const server = await openWorkerServer(rig);
    const { status, body } = await server.call('/api/ai/generate-image', wish);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      provider: 'stable-diffusion',
      why: expect.stringMatching(/^Hugging Face too busy/),
    });
  });

  it('is made by Stable Diffusion while Hugging Face is down', async () => {
    const rig = await openWorkerRig();
    await withHuggingFace(rig, unavailable);
    const stableDiffusion = await withStableDiffusion(rig);
    const server = await openWorkerServer(rig);
    expect(await server.call('/api/ai/generate-image', { ...wish, sampler: 'Euler a', cfgScale: 7 })).toMatchObject({
      status: 200,
      body: { provider: 'stable-diffusion', model: 'v1-5-pruned-emaonly' },
    });
    expect(stableDiffusion.generated).toBe(1);
  });

  it('is none when all are down: an error that says what each said and how to mend it, also once they are left alone', async () => {
    const rig = await openWorkerRig();
    await withHuggingFace(rig, unavailable);
    const address = await closedAddress();
    Object.assign(rig.variables, { SD_ENABLED: 'true', SD_API_URL: address });
    const server = await openWorkerServer(rig);
    for (let round = 0; round < 5; round += 1) {
      const { status, body } = await server.call('/api/ai/generate-image', wish);
      expect(status).toBe(502);
      expect(body).toMatchObject({
        error: 'Image generation failed',
        message: expect.stringMatching(
          /^Image generation failed with all providers\. Last error: Stable Diffusion API is not accessible at http:/,
        ),
        attempts: [{ provider: 'huggingface' }, { provider: 'stable-diffusion', fix: expect.stringMatching(/\.$/) }],
      });
    }
    expect(await readdir(rig.folder)).not.toContain('uploads');
  });

  it('is a card only for who allows it', async () => {
    const rig = await openWorkerRig();
    await withHuggingFace(rig, 'out_of_credit');
    const server = await openWorkerServer(rig);
    expect(await server.call('/api/ai/generate-image', wish)).toMatchObject({ status: 502 });
    expect(await server.call('/api/ai/generate-image', { ...wish, allowPlaceholder: true })).toMatchObject({
      status: 200,
      body: { provider: 'placeholder', model: 'Free API Placeholder' },
    });
  });

  it('is none where nobody is configured, and the answer says whom to configure', async () => {
    const rig = await openWorkerRig();
    const server = await openWorkerServer(rig);
    const { status, body } = await server.call('/api/ai/generate-image', wish);
    expect(status).toBe(503);
    expect(JSON.stringify(body)).toMatch(/HUGGINGFACE_API_KEY.*SD_ENABLED/);
  });

  it('ends with the time of a row, told by all that was learned in it, and remembered', async () => {
    const rig = await openWorkerRig();
    await withHuggingFace(rig, 'out_of_credit');
    await withStableDiffusion(rig, { delayMs: Number.POSITIVE_INFINITY });
    const server = await openWorkerServer(rig, { ROW_TIMEOUT_SECONDS: '5', SD_CONCURRENCY: '1' });
    const answers = await Promise.all(Array.from({ length: 3 }, () => server.call('/api/ai/generate-image', wish)));
    const messages = answers.map(({ body }) => z.object({ message: z.string() }).parse(body).message);
    expect(messages.filter((message) => message.includes('no provider had a free place within 5 s'))).toHaveLength(2);
    for (const { status, body } of answers) {
      expect([502, 504]).toContain(status);
      expect(body).toMatchObject({
        attempts: expect.arrayContaining([expect.objectContaining({ provider: 'huggingface' })]),
      });
    }
    const failure = z.object({ attempts: z.array(z.object({ provider: z.string(), outcome: z.string() })) });
    const attempts = answers.flatMap(({ body }) => failure.parse(body).attempts);
    expect(attempts).toContainEqual({ provider: 'stable-diffusion', outcome: 'timeout' });
    const { body } = await server.call('/api/ai/image-status');
    expect(body).toMatchObject({
      providers: [{}, { lastError: expect.stringMatching(/no answer/) }, {}, {}, {}, {}, {}],
    });
  });

  it('is given up when its client goes away', async () => {
    const rig = await openWorkerRig();
    const stableDiffusion = await withStableDiffusion(rig, { delayMs: Number.POSITIVE_INFINITY });
    Object.assign(rig.variables, { IMAGE_PROVIDERS: 'stable-diffusion' });
    const server = await openWorkerServer(rig);
    const client = new AbortController();
    const asked = fetch(`${server.url}/api/ai/generate-image`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(wish),
      signal: client.signal,
    });
    await stableDiffusion.until(() => stableDiffusion.active !== undefined);
    client.abort();
    await expect(asked).rejects.toThrow(/abort/);
    await stableDiffusion.until(() => stableDiffusion.interrupted === 1);
  });

  it('ends in an answer when the worker stops meanwhile', async () => {
    const rig = await openWorkerRig();
    const stableDiffusion = await withStableDiffusion(rig, { delayMs: Number.POSITIVE_INFINITY });
    Object.assign(rig.variables, { IMAGE_PROVIDERS: 'stable-diffusion' });
    const server = await openWorkerServer(rig);
    const asked = server.call('/api/ai/generate-image', wish);
    await stableDiffusion.until(() => stableDiffusion.active !== undefined);
    await server.stop();
    expect(await asked).toMatchObject({ status: 503, body: { message: expect.stringMatching(/stopping/) } });
  });

  it('tells in image-status how each provider stands, by what became of it', async () => {
    const rig = await openWorkerRig();
    await withHuggingFace(rig, 'out_of_credit');
    await withStableDiffusion(rig);
    const server = await openWorkerServer(rig);
    await server.call('/api/ai/generate-image', wish);
    const { body } = await server.call('/api/ai/image-status');
    expect(body).toMatchObject({
      providers: [
        {
          name: 'huggingface',
          configured: true,
          state: 'out_of_credit',
          until: expect.stringMatching(/^\d{4}-/),
          lastError: expect.stringMatching(/credit/),
          medianMs: null,
        },
        {
          name: 'stable-diffusion',
          configured: true,
          state: 'ready',
          until: null,
          lastError: null,
          medianMs: expect.any(Number),
        },
        { name: 'placeholder', configured: true, state: 'ready' },
        { name: 'localai', configured: false, state: 'not_configured', until: null },
        { name: 'replicate', configured: false },
        { name: 'runpod', configured: false },
        { name: 'cloudflare', configured: false },
      ],
    });
  });
});

describe('a marked row', () => {
  const secret = 'shared-with-notion-automations';
  const served = (rig: WorkerRig, id: string) =>
    vi.waitUntil(() => rig.text(id, 'Status') === 'Image ready', { timeout: 30_000, interval: 20 });

  it('gets its picture after POST /api/sync, whose pass can be followed by its id', async () => {
    const rig = await openWorkerRig();
    const server = await openWorkerServer(rig);
    const [id = ''] = rig.addRows(1);
    const { status, body } = await server.call('/api/sync', {});
    expect(status).toBe(202);
    const pass = passSchema.parse(body);
    await served(rig, id);
    await vi.waitUntil(
      async () => {
        const { body: state } = await server.call(`/api/sync/${pass.id}`);
        return z.object({ state: z.string() }).parse(state).state === 'done';
      },
      { timeout: 30_000, interval: 20 },
    );
  });

  it('starts at the notice of an automation, without a tick of the schedule', async () => {
    const rig = await openWorkerRig();
    const server = await openWorkerServer(rig, { WEBHOOK_SECRET: secret });
    const [id = ''] = rig.addRows(1);
    const payload = { source: { type: 'automation', event_id: 'event-1' }, data: { object: 'page', id } };
    expect(await server.call('/webhooks/notion', payload)).toMatchObject({ status: 401 });
    expect(await server.call('/webhooks/notion', payload, { authorization: `Bearer ${secret}` })).toMatchObject({
      status: 200,
    });
    await served(rig, id);
  });

  it("starts at Notion's own notice, by the token that Notion sent before", async () => {
    const token = 'secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl';
    const rig = await openWorkerRig();
    const first = await openWorkerServer(rig);
    const sign = (text: string) => `sha256=${createHmac('sha256', token).update(text).digest('hex')}`;
    const handshake = { verification_token: token };
    expect(
      await first.call('/webhooks/notion', handshake, { 'x-notion-signature': sign(JSON.stringify(handshake)) }),
    ).toMatchObject({ status: 200 });
    const lines = await readFile(join(rig.folder, '.state', 'notion-webhook-token'), 'utf8');
    const savedToken = lines.trim().split(' ').at(-1) ?? '';
    expect(savedToken).toBe(token);
    await first.stop();

    const server = await openWorkerServer(rig, { NOTION_WEBHOOK_TOKEN: savedToken });
    const [id = ''] = rig.addRows(1);
    const notice = {
      id: '367cba44-b6f3-4c92-81e7-6a2e9659efd4',
      timestamp: new Date().toISOString(),
      type: 'page.created',
      authors: [{ id: 'c7c11cca-1d73-471d-9b6e-bdef51470190', type: 'person' }],
      attempt_number: 1,
      entity: { id, type: 'page' },
      data: { parent: { id: rig.database.id, type: 'database' } },
    };
    const signed = { 'x-notion-signature': sign(JSON.stringify(notice)) };
    expect(await server.call('/webhooks/notion', { ...notice, attempt_number: 2 }, signed)).toMatchObject({
      status: 401,
    });
    expect(await server.call('/webhooks/notion', notice, signed)).toMatchObject({ status: 200 });
    await served(rig, id);
  });

  it('starts at a notice while an earlier row is still being made', async () => {
    const rig = await openWorkerRig();
    const stableDiffusion = await withStableDiffusion(rig, { delayMs: Number.POSITIVE_INFINITY });
    Object.assign(rig.variables, { IMAGE_PROVIDERS: 'stable-diffusion', SD_CONCURRENCY: '2' });
    const [first = ''] = rig.addRows(1);
    const server = await openWorkerServer(rig, { WEBHOOK_SECRET: secret });
    await stableDiffusion.until(() => stableDiffusion.active !== undefined);
    const [second = ''] = rig.addRows(1);
    await server.call('/webhooks/notion', {}, { 'x-webhook-secret': secret });
    await vi.waitUntil(() => rig.text(second, 'Status') === 'Generating', { timeout: 30_000, interval: 20 });
    expect(rig.text(first, 'Status')).toBe('Generating');
  });

  it('goes before the cards that make way for real pictures, while the one that proves the way is still asked for', async () => {
    const rig = await openWorkerRig();
    rig.addRows(3);
    expect(await rig.pass()).toMatchObject({ done: 3, providers: { 'Free API Placeholder': 3 } });
    const stableDiffusion = await withStableDiffusion(rig, { delayMs: Number.POSITIVE_INFINITY });
    const server = await openWorkerServer(rig, {
      IMAGE_PROVIDERS: 'stable-diffusion,placeholder',
      SD_CONCURRENCY: '2',
    });
    await stableDiffusion.until(() => stableDiffusion.active !== undefined);
    const [id = ''] = rig.addRows(1);
    await server.call('/api/sync', {});
    await vi.waitUntil(() => rig.text(id, 'Status') === 'Generating', { timeout: 30_000, interval: 20 });
    expect(await server.call('/healthz')).toMatchObject({ status: 200 });
  });

  it('and a pause in the same moment leave the server answering', async () => {
    const rig = await openWorkerRig();
    const stableDiffusion = await withStableDiffusion(rig, { delayMs: 1500 });
    rig.addRows(8);
    const server = await openWorkerServer(rig, { SD_CONCURRENCY: '2' });
    await stableDiffusion.until(() => stableDiffusion.active !== undefined);
    await server.call('/api/sync', {});
    await server.call('/api/pause', {});
    await vi.waitUntil(() => rig.outcomes.length > 0, { timeout: 30_000, interval: 20 });
    expect(await server.call('/healthz')).toMatchObject({ status: 200 });
    await vi.waitUntil(() => rig.outcomes.length === 2, { timeout: 30_000, interval: 20 });
    await server.stop();
    expect(rig.outcomes).toHaveLength(2);
  });

  it('that failed in the pass under way is tried again in it', async () => {
    const rig = await openWorkerRig();
    const stableDiffusion = await withStableDiffusion(rig, { delayMs: Number.POSITIVE_INFINITY });
    rig.addRows(1);
    const [id = ''] = rig.addRows(1, { Width: 10 });
    const server = await openWorkerServer(rig, { SD_CONCURRENCY: '3' });
    await stableDiffusion.until(() => stableDiffusion.active !== undefined);
    await vi.waitUntil(() => rig.outcomes.length === 1, { timeout: 30_000, interval: 20 });
    expect(await server.call(`/api/rows/${id}/retry`, {})).toMatchObject({ status: 202 });
    await vi.waitUntil(() => rig.outcomes.length === 2, { timeout: 30_000, interval: 20 });
    expect(rig.outcomes.map(({ kind }) => kind)).toEqual(['failed', 'failed']);
  });

  it('waits while the worker is paused, also over a restart, and is served when somebody resumes', async () => {
    const rig = await openWorkerRig();
    const first = await openWorkerServer(rig);
    expect(await first.call('/api/pause', {})).toMatchObject({ status: 200, body: { paused: true } });
    const [id = ''] = rig.addRows(1);
    expect(await first.call('/api/sync', {})).toMatchObject({ status: 409 });
    await first.stop();
    const second = await openWorkerServer(rig);
    expect(await second.call('/api/overview')).toMatchObject({ status: 200, body: { activity: { kind: 'paused' } } });
    expect(rig.text(id, 'Status')).toBe('Needs image');
    expect(await second.call('/api/resume', {})).toMatchObject({ status: 200, body: { paused: false } });
    await served(rig, id);
  });

  it('that failed is tried again from the page', async () => {
    const rig = await openWorkerRig();
    const huggingFace = await withHuggingFace(rig, unavailable);
    Object.assign(rig.variables, { IMAGE_PROVIDERS: 'huggingface' });
    const [id = ''] = rig.addRows(1);
    const server = await openWorkerServer(rig);
    await vi.waitUntil(() => rig.text(id, 'Status') === 'Failed', { timeout: 30_000, interval: 20 });
    huggingFace.set('ok');
    expect(await server.call(`/api/rows/${id}/retry`, {})).toMatchObject({ status: 202 });
    await served(rig, id);
    expect(await server.call(`/api/rows/${id}/retry`, {})).toMatchObject({
      status: 409,
      body: { message: expect.stringMatching(/stands at "Image ready"/) },
    });
  });
});
