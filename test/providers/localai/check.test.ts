import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { type Behaviour, type FakeLocalAi, startLocalAi } from '../../support/fakes/localai.ts';
import { createLocalAi } from '../../support/fakes/localai-provider.ts';

const { signal } = new AbortController();
let fake: FakeLocalAi | undefined;
let server: Server | undefined;

afterEach(async () => {
  await fake?.close();
  server?.closeAllConnections();
  server?.close();
  fake = undefined;
  server = undefined;
});

async function check(behaviour: Partial<Behaviour>, variables: Record<string, string> = {}) {
  fake = await startLocalAi(behaviour);
  const outcome = await createLocalAi({ LOCALAI_API_URL: fake.url, ...variables }).check?.({ signal });
  const { host } = new URL(fake.url);
  return { ...outcome, message: outcome?.message.replaceAll(host, 'HOST') };
}

/** Checks a server that answers every request so. */
async function checkAnswer(status: number, body: unknown, variables: Record<string, string> = {}) {
  server = createServer((_, response) => response.writeHead(status).end(JSON.stringify(body)));
  const running = server;
  await new Promise<void>((resolve) => running.listen(0, '127.0.0.1', resolve));
  const address = running.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const url = `http://127.0.0.1:${port}`;
  return createLocalAi({ LOCALAI_API_URL: url, ...variables }).check?.({ signal });
}

describe('the check', () => {
  it('finds the server and its models', async () => {
    expect(await check({})).toEqual({
      ok: true,
      message: 'LocalAI at HOST is there, with 2 models; it chooses the model itself.',
    });
    expect(fake?.routes).toEqual(['GET /v1/models', 'GET /readyz']);
  });

  it('finds the model', async () => {
    expect(
      await check({ key: 'open-sesame' }, { LOCALAI_MODEL: 'flux.1-schnell', LOCALAI_API_KEY: 'open-sesame' }),
    ).toEqual({
      ok: true,
      message: 'LocalAI at HOST is there, and has the model flux.1-schnell.',
    });
  });

  it('says which models there are when the model is missing', async () => {
    expect(await check({}, { LOCALAI_MODEL: 'sdxl' })).toEqual({
      ok: false,
      message: 'LocalAI at HOST has no model "sdxl": set LOCALAI_MODEL to stablediffusion or flux.1-schnell.',
    });
    await fake?.close();
    const models = ['a', 'b', 'c', 'd', 'e', 'f'];
    expect(await check({ models }, { LOCALAI_MODEL: 'sdxl' })).toMatchObject({
      message: expect.stringContaining('a, b, c, d, e or another'),
    });
    await fake?.close();
    expect(await check({ models: [] }, { LOCALAI_MODEL: 'sdxl' })).toMatchObject({
      message: expect.stringContaining('install one first'),
    });
  });

  it('says that the server is still starting', async () => {
    expect(await check({ started: false })).toEqual({
      ok: false,
      message: 'LocalAI at HOST is still starting: wait, its log shows how far it is.',
    });
  });

  it('says that the key is missing or wrong', async () => {
    expect(await check({ key: 'open-sesame' })).toMatchObject({
      ok: false,
      message: expect.stringMatching(/asks for a key \(401\).*; set LOCALAI_API_KEY\.$/),
    });
    await fake?.close();
    expect(await check({ key: 'open-sesame' }, { LOCALAI_API_KEY: 'wrong-key' })).toMatchObject({
      ok: false,
      message: expect.stringMatching(/does not accept the key \(401\).*; correct LOCALAI_API_KEY\.$/),
    });
  });

  it('asks only servers that have one for their readiness', async () => {
    await check({ started: false }, { LOCALAI_DIALECT: 'plain' });
    expect(fake?.routes).toEqual(['GET /v1/models']);
  });

  it.each([
    ['the bare list that Together sends', [{ id: 'x', type: 'image' }, 'odd'], 'x', true],
    ['a family that LiteLLM lists', { data: [{ id: 'openai/*' }] }, 'openai/gpt-image-1', true],
    ['another family', { data: [{ id: 'openai/*' }] }, 'azure/gpt-image-1', false],
  ])('looks for the model in %s', async (_, body, model, ok) => {
    expect(await checkAnswer(200, body, { LOCALAI_MODEL: model })).toMatchObject({ ok });
  });

  it('lets a server be that does not list its models', async () => {
    expect(await checkAnswer(404, {})).toMatchObject({ ok: true, message: /does not list/ });
  });

  it('notices that something else answers', async () => {
    expect(await checkAnswer(200, { hello: 'world' })).toMatchObject({
      ok: false,
      message: expect.stringMatching(/^Something other than an OpenAI-compatible server answers at 127/),
    });
  });
});
