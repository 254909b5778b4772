import * as fc from 'fast-check';
import nock from 'nock';
import { afterEach, describe, expect, it } from 'vitest';
import { readEnvironment } from '../../../src/core/environment.ts';
import type { ImageRequest } from '../../../src/core/image.ts';
import { cloudflare } from '../../../src/providers/cloudflare/cloudflare.ts';
import { contractRequest, createContext, outcomeOf } from '../../contracts/provider-rig.ts';
import { accountId, type FakeAccount, startCloudflare } from '../../support/fakes/cloudflare.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { createRandom } from '../../support/random.ts';
import { failure, useStrictNock } from '../../support/providers/huggingface-rig.ts';

useStrictNock();

const sdxl = '@cf/stabilityai/stable-diffusion-xl-base-1.0';
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const start = async (account: Partial<FakeAccount> = {}) => {
  const server = await startCloudflare(account);
  closing.push(() => server.close());
  return server;
};

const read = (variables: Record<string, string>) => {
  const environment = readEnvironment(variables);
  return { settings: cloudflare.read(environment), environment };
};

const draw = () => Promise.reject(new Error('not drawn here'));

function create(variables: Record<string, string>, clock = createFakeClock()) {
  const { settings } = read({ CLOUDFLARE_ACCOUNT_ID: accountId, CLOUDFLARE_API_TOKEN: 'cf-test', ...variables });
  if (settings === undefined) throw new Error('not configured');
  return settings.create({ clock, random: createRandom(1), draw });
}

const generate = (variables: Record<string, string>, wish: Partial<ImageRequest> = {}) =>
  create(variables).generate({ ...contractRequest, ...wish }, createContext(createFakeClock(), {}));

const check = async (account: Partial<FakeAccount>, variables: Record<string, string> = {}) => {
  const server = await start(account);
  return create({ CLOUDFLARE_API_URL: server.url, ...variables }).check?.({ signal: new AbortController().signal });
};

describe('settings', () => {
  it('have their defaults', () => {
    const { settings } = read({ CLOUDFLARE_ACCOUNT_ID: accountId, CLOUDFLARE_API_TOKEN: 'cf-test' });
    expect(settings).toMatchObject({
      timeoutMs: 60_000,
      concurrency: 2,
      costUsd: 0,
      model: '@cf/black-forest-labs/flux-1-schnell',
    });
  });

  it('need account and token, or neither', () => {
    const problem = 'CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_API_TOKEN belong together: set both or neither.';
    expect(read({ CLOUDFLARE_ACCOUNT_ID: accountId }).environment.problems).toEqual([problem]);
    expect(read({ CLOUDFLARE_API_TOKEN: 'cf-test' }).environment.problems).toEqual([problem]);
  });

  it('refuse what cannot be an account or a model', () => {
    const variables = {
      CLOUDFLARE_ACCOUNT_ID: 'anna@example.com',
      CLOUDFLARE_API_TOKEN: 'cf-test',
      CLOUDFLARE_MODEL: '@cf/../../accounts',
    };
    expect(read(variables).environment.problems).toEqual([
      'CLOUDFLARE_ACCOUNT_ID is "anna@example.com": give the 32 hex digits in the address of your Cloudflare dashboard.',
      'CLOUDFLARE_MODEL is "@cf/../../accounts": give a model\'s id such as @cf/black-forest-labs/flux-1-schnell.',
    ]);
  });
});

describe('flux-1-schnell', () => {
  it('is asked with prompt, steps and seed alone', async () => {
    const server = await start();
    const image = await generate({ CLOUDFLARE_API_URL: server.url }, { steps: 30, cfgScale: 9 });
    expect(server.bodies).toEqual([{ prompt: contractRequest.prompt, steps: 4, seed: 42 }]);
    expect(server.routes).toEqual([`POST /accounts/${accountId}/ai/run/@cf/black-forest-labs/flux-1-schnell`]);
    expect(image.warnings).toEqual(['the negative prompt is left out: FLUX models have none']);
  });

  it('is not asked for shapes of which a square shows less than half', async () => {
    const server = await start();
    const error = await failure(generate({ CLOUDFLARE_API_URL: server.url }, { width: 1300, height: 640 }));
    expect(error).toMatchObject({ code: 'invalid_request', facts: { sent: false } });
    expect(server.routes).toEqual([]);
    const wide = await generate({ CLOUDFLARE_API_URL: server.url }, { width: 1280, height: 640 });
    expect(wide).toMatchObject({ width: 1024, height: 1024 });
  });

  it('gets at most 2048 characters of a prompt, all of them whole', async () => {
    const server = await start();
    for (const prompt of ['x'.repeat(2047) + '🦊🦊', 'x'.repeat(2048)]) {
      const image = await generate({ CLOUDFLARE_API_URL: server.url }, { prompt, negativePrompt: '' });
      const isCut = prompt.length > 2048;
      expect(image.warnings).toEqual(isCut ? ['the prompt is cut to 2048 characters'] : undefined);
    }
    expect(server.bodies.map(({ prompt }) => prompt)).toEqual(['x'.repeat(2047), 'x'.repeat(2048)]);
  });
});

describe('another model', () => {
  it('is asked in its own words, and answers with the image itself', async () => {
    const server = await start();
    const image = await generate(
      { CLOUDFLARE_API_URL: server.url, CLOUDFLARE_MODEL: sdxl },
      { width: 1200, height: 630, steps: 50, cfgScale: 9 },
    );
    expect(image).toMatchObject({
      model: sdxl,
      family: 'cloudflare',
      mediaType: 'image/png',
      width: 1200,
      height: 632,
    });
    expect(server.bodies).toEqual([
      {
        prompt: contractRequest.prompt,
        negative_prompt: contractRequest.negativePrompt,
        width: 1200,
        height: 632,
        num_steps: 20,
        guidance: 9,
        seed: 42,
      },
    ]);
  });
});

describe('the free allocation', () => {
  it.each([
    [Date.UTC(2026, 10, 21, 10), Date.UTC(2026, 10, 22)],
    [Date.UTC(2026, 11, 31, 23, 59, 59, 999), Date.UTC(2027, 0, 1)],
    [Date.UTC(2026, 10, 22), Date.UTC(2026, 10, 23)],
  ])('used up at %d is renewed at the next midnight, %d', async (now, until) => {
    nock('https://api.cloudflare.com')
      .post(`/client/v4/accounts/${accountId}/ai/run/@cf/black-forest-labs/flux-1-schnell`)
      .matchHeader('authorization', 'Bearer cf-test')
      .reply(429, {
        result: null,
        success: false,
        errors: [{ code: 3036, message: 'AiError: You have used up your daily free allocation of 10,000 neurons.' }],
        messages: [],
      });
    const clock = createFakeClock(now);
    const error = await failure(create({}, clock).generate(contractRequest, createContext(clock, {})));
    expect(error).toMatchObject({ code: 'out_of_credit', facts: { status: 429, until } });
  });
});

describe('check', () => {
  it.each(['user', 'account'] as const)('finds the token of a %s active', async (owner) => {
    expect(await check({ owner })).toEqual({
      ok: true,
      message: 'Cloudflare: the token is active; @cf/black-forest-labs/flux-1-schnell is asked with it.',
    });
  });

  it.each([
    [{ state: 'expired' } as const, {}, /the token is expired.*: make one/],
    [{}, { CLOUDFLARE_API_TOKEN: 'another' }, /answered 401 \(Authentication error\): make one/],
  ])('says what to do with %j and %j', async (account, variables, message) => {
    expect(await check(account, variables)).toEqual({ ok: false, message: expect.stringMatching(message) });
  });
});

it('takes any row and sends what the models take', async () => {
  const server = await start();
  const side = fc.integer({ min: 256, max: 2048 });
  const wish = fc.record({
    width: side,
    height: side,
    steps: fc.integer({ min: 10, max: 50 }),
    prompt: fc.string({ minLength: 1, maxLength: 3000 }),
  });
  await fc.assert(
    fc.asyncProperty(wish, fc.constantFrom(sdxl, '@cf/black-forest-labs/flux-1-schnell'), async (wish, model) => {
      const outcome = await outcomeOf(generate({ CLOUDFLARE_API_URL: server.url, CLOUDFLARE_MODEL: model }, wish));
      const isTooWide = model !== sdxl && Math.max(wish.width, wish.height) > 2 * Math.min(wish.width, wish.height);
      expect(outcome).toMatchObject(isTooWide ? { code: 'invalid_request' } : { model });
    }),
    { numRuns: 25 },
  );
});
