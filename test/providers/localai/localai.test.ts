import * as fc from 'fast-check';
import sharp from 'sharp';
import { afterEach, describe, expect, it } from 'vitest';
import { readEnvironment } from '../../../src/core/environment.ts';
import { localai, referenceIn } from '../../../src/providers/localai/localai.ts';
import { contextWith, failureOf, imageRequest } from '../../support/fakes/automatic1111-provider.ts';
import { type Behaviour, type FakeLocalAi, startLocalAi } from '../../support/fakes/localai.ts';
import { createLocalAi } from '../../support/fakes/localai-provider.ts';
import { httpAnswer } from '../../support/http/answer.ts';

let server: FakeLocalAi;

afterEach(() => server?.close());

async function start(behaviour: Partial<Behaviour> = {}, variables: Record<string, string> = {}) {
  server = await startLocalAi(behaviour);
  return createLocalAi({ LOCALAI_API_URL: server.url, ...variables });
}

function read(variables: Record<string, string>) {
  const environment = readEnvironment(variables);
  return { settings: localai.read(environment), environment };
}

describe('settings', () => {
  const url = 'http://127.0.0.1:8080/v1';

  it('have their defaults, with nothing but the address given', () => {
    const { settings, environment } = read({ LOCALAI_API_URL: url });
    expect(environment.problems).toEqual([]);
    expect(settings).toMatchObject({
      name: 'localai',
      label: 'LocalAI',
      timeoutMs: 300_000,
      concurrency: 1,
      costUsd: 0,
    });
    expect(settings).not.toHaveProperty('model');
  });

  it('refuse an unknown dialect', () => {
    expect(read({ LOCALAI_DIALECT: 'ollama' }).environment.problems).toEqual([
      'LOCALAI_DIALECT is "ollama": choose from auto, localai, openai, together, plain.',
    ]);
  });

  it('need a model for a service with many', () => {
    expect(read({ LOCALAI_API_URL: 'https://api.openai.com/v1' }).environment.problems).toEqual([
      'LOCALAI_MODEL is not set, but the service at LOCALAI_API_URL has many models: name one.',
    ]);
    expect(read({ LOCALAI_API_URL: url, LOCALAI_DIALECT: 'Together' }).environment.problems).toHaveLength(1);
  });

  it('take the address of a bare host as that of its API', () => {
    const accounts = ['http://127.0.0.1:8080', 'http://127.0.0.1:8080/', url].map(
      (given) => read({ LOCALAI_API_URL: given }).settings?.account,
    );
    expect(new Set(accounts).size).toBe(1);
  });
});

describe('an image', () => {
  it('comes with what is known of it', async () => {
    const provider = await start({}, { LOCALAI_MODEL: 'stablediffusion', LOCALAI_COST_USD: '0.01' });
    const image = await provider.generate({ ...imageRequest, negativePrompt: 'rain', steps: 12 }, contextWith());
    expect(image).toMatchObject({
      mediaType: 'image/png',
      width: 512,
      height: 512,
      provider: 'localai',
      model: 'stablediffusion',
      family: 'localai',
      seed: 42,
      costUsd: 0.01,
    });
    expect(image).not.toHaveProperty('warnings');
    expect(await sharp(image.bytes).metadata()).toMatchObject({ width: 512, height: 512 });
    expect(server.drawn).toMatchObject([
      { positive: imageRequest.prompt, negative: 'rain', body: { seed: 42, step: 12, size: '512x512' } },
    ]);
    expect(server.routes).toEqual(['POST /v1/images/generations']);
  });

  it('has the name of the provider for a model when the server chooses it', async () => {
    const provider = await start();
    expect(await provider.generate(imageRequest, contextWith())).toMatchObject({ model: 'localai' });
    expect(server.drawn[0]?.body).not.toHaveProperty('model');
  });

  it('shows the whole prompt, bars and all', async () => {
    const provider = await start();
    await provider.generate({ ...imageRequest, prompt: 'a fox | watercolour' }, contextWith());
    expect(server.drawn).toMatchObject([{ positive: 'a fox , watercolour', negative: '' }]);
  });

  it('is fetched without the key where the server names an address', async () => {
    const variables = { LOCALAI_API_KEY: 'open-sesame', LOCALAI_DIALECT: 'openai', LOCALAI_MODEL: 'stablediffusion' };
    const provider = await start({ key: 'open-sesame' }, variables);
    const image = await provider.generate({ ...imageRequest, width: 1080, height: 1080 }, contextWith());
    expect(image).toMatchObject({ width: 1024, height: 1024 });
    expect(image).not.toHaveProperty('seed');
    expect(server.routes).toEqual(['POST /v1/images/generations', 'GET /generated-images/b641.png']);
    expect(server.credentials).toEqual(['Bearer open-sesame', undefined]);
  });

  it('tells what the server was not asked for', async () => {
    const provider = await start({}, { LOCALAI_DIALECT: 'plain' });
    const image = await provider.generate({ ...imageRequest, negativePrompt: 'rain' }, contextWith());
    expect(image.warnings).toEqual(['the negative prompt is left out: this server takes none']);
  });

  it('comes from an address with a path and a query of its own', async () => {
    server = await startLocalAi();
    const provider = createLocalAi({ LOCALAI_API_URL: `${server.url}/?team=social` });
    await provider.generate(imageRequest, contextWith());
    expect(server.routes).toEqual(['POST /v1/images/generations?team=social']);
  });
});

describe('a server that is not ready', () => {
  it('says how long the model still loads, until it is there', async () => {
    const provider = await start({ loadsFor: 2 });
    const first = await failureOf(provider.generate(imageRequest, contextWith()));
    const second = await failureOf(provider.generate(imageRequest, contextWith()));
    expect([first, second]).toMatchObject([
      { code: 'loading', facts: { retryAfterMs: 20_000 } },
      { code: 'loading', facts: { retryAfterMs: 10_000 } },
    ]);
    expect(await provider.generate(imageRequest, contextWith())).toMatchObject({ width: 512 });
  });

  it.each([false, true])('is not taken for one without the model (opaque: %s)', async (opaque) => {
    const provider = await start({ started: false, opaque });
    const failure = await failureOf(provider.generate(imageRequest, contextWith()));
    expect(failure).toMatchObject({ code: 'loading', facts: { status: 404 } });
    expect(failure.message).toMatch(/^LocalAI is still starting/);
    expect(server.routes).toEqual(['POST /v1/images/generations', 'GET /readyz']);
  });

  it.each([
    ['0', 'loading'],
    ['0.01', 'unavailable'],
  ])('and has a fault, at %s USD an image, is %s', async (LOCALAI_COST_USD, code) => {
    const provider = await start(
      { started: false, reply: (response) => void response.writeHead(500).end() },
      { LOCALAI_COST_USD },
    );
    expect((await failureOf(provider.generate(imageRequest, contextWith()))).code).toBe(code);
  });

  it('is not asked whether it starts in a dialect without that question', async () => {
    const provider = await start({ started: false }, { LOCALAI_DIALECT: 'plain' });
    expect((await failureOf(provider.generate(imageRequest, contextWith()))).code).toBe('retired');
    expect(server.routes).toEqual(['POST /v1/images/generations']);
  });
});

describe('a failure', () => {
  it('of a started server keeps its meaning', async () => {
    const provider = await start({}, { LOCALAI_MODEL: 'sdxl' });
    const failure = await failureOf(provider.generate(imageRequest, contextWith()));
    expect(failure).toMatchObject({ code: 'retired', facts: { status: 404 } });
    expect(failure.message).toBe(
      'LocalAI does not have the model (404): model "sdxl" not found; correct LOCALAI_MODEL',
    );
  });

  it('does not repeat the prompt as it was sent', async () => {
    const provider = await start({
      reply: (response) => {
        response.writeHead(400).end(JSON.stringify({ error: { message: 'bad: fox,hen|dog,cat' } }));
      },
    });
    const request = { ...imageRequest, prompt: 'fox|hen', negativePrompt: 'dog|cat' };
    expect((await failureOf(provider.generate(request, contextWith()))).message).toMatch(/: bad: …$/);
  });

  it('of a format that has no size is told before anything is sent', async () => {
    const provider = await start({}, { LOCALAI_MODEL: 'gpt-image-1' });
    const request = { ...imageRequest, width: 2048, height: 256 };
    expect((await failureOf(provider.generate(request, contextWith()))).code).toBe('invalid_request');
    expect(server.routes).toEqual([]);
  });

  it('of an address where nobody listens tells what to do', async () => {
    await start();
    await server.close();
    const provider = createLocalAi({ LOCALAI_API_URL: server.url });
    const failure = await failureOf(provider.generate(imageRequest, contextWith()));
    expect(failure).toMatchObject({ code: 'unreachable', facts: { sent: false } });
    expect(failure.message).toMatch(/connection refused\): start the server, or correct LOCALAI_API_URL$/);
  });
});

describe('an abort', () => {
  it('hangs up, so that the server may stop drawing', async () => {
    const controller = new AbortController();
    const provider = await start({ reply: () => controller.abort('enough') });
    await expect(provider.generate(imageRequest, contextWith(controller.signal))).rejects.toBe('enough');
    await server.hungUp;
  });

  it('while the readiness is asked for ends with its reason', async () => {
    const controller = new AbortController();
    const provider = await start({ started: false });
    const { routes } = server;
    const push = routes.push.bind(routes);
    routes.push = (...items) => {
      if (items[0] === 'GET /readyz') controller.abort('enough');
      return push(...items);
    };
    await expect(provider.generate(imageRequest, contextWith(controller.signal))).rejects.toBe('enough');
  });
});

const referenceOf = (body: unknown) => referenceIn(httpAnswer(body));

describe('the image in an answer', () => {
  it.each([
    ['as LocalAI sends it', { data: [{ embedding: null, index: 0, b64_json: 'iVBO' }] }, 'iVBO'],
    ['as OpenAI sends it', { data: [{ b64_json: 'iVBO', url: null, revised_prompt: 'a fox' }] }, 'iVBO'],
    ['as a data address', { data: [{ url: 'data:image/png;base64,iVBO' }] }, 'data:image/png;base64,iVBO'],
    ['beside an empty address', { data: [{ b64_json: 'iVBO', url: '' }, { b64_json: 'other' }] }, 'iVBO'],
    [
      'by its address',
      { data: [{ b64_json: '', url: 'http://10.0.0.7:8080/b64.png' }] },
      'http://10.0.0.7:8080/b64.png',
    ],
  ])('is found %s', (_, body, reference) => {
    expect(referenceOf(body)).toBe(reference);
  });

  it.each([undefined, null, [], {}, { data: [] }, { data: null }, { data: [{}] }, { data: [{ b64_json: 3 }] }])(
    'is not there in %j',
    (body) => {
      expect(referenceOf(body)).toBeUndefined();
    },
  );

  it('is a text or not there, whatever the JSON', () => {
    const item = fc.record({ b64_json: fc.oneof(fc.base64String(), fc.jsonValue()) });
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.record({ data: fc.array(item) })), (body) => {
        expect(['string', 'undefined']).toContain(typeof referenceOf(body));
      }),
    );
  });
});
