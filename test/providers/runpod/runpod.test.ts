import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../../src/lib/clock.ts';
import { readEnvironment } from '../../../src/core/environment.ts';
import type { ImageRequest } from '../../../src/core/image.ts';
import type { ProviderContext } from '../../../src/core/provider.ts';
import { runpod } from '../../../src/providers/runpod/runpod.ts';
import { clockThat, contractRequest, createContext, createJobSlot, outcomeOf } from '../../contracts/provider-rig.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { createRandom } from '../../support/random.ts';
import { type FakeRunpod, startRunpod } from '../../support/fakes/runpod.ts';
import { failure as failureOf } from '../../support/providers/huggingface-rig.ts';

let server: FakeRunpod;
beforeEach(async () => void (server = await startRunpod()));
afterEach(() => server.close());

const read = (variables: Record<string, string>) => {
  const environment = readEnvironment(variables);
  return { settings: runpod.read(environment), environment };
};

const here = () => ({
  RUNPOD_API_KEY: 'rpa_test',
  RUNPOD_ENDPOINT_ID: 'black-forest-labs-flux-1-schnell',
  RUNPOD_API_URL: server.url,
});

const draw = () => Promise.reject(new Error('not drawn here'));

function create(clock: Clock = createFakeClock(), variables: Record<string, string> = {}) {
  const { settings, environment } = read({ ...here(), ...variables });
  expect(environment.problems).toEqual([]);
  if (settings === undefined) throw new Error('not configured');
  return settings.create({ clock, random: createRandom(1), draw });
}

const generate = (
  wish: Partial<ImageRequest> = {},
  context: Partial<Pick<ProviderContext, 'signal' | 'job'>> = {},
  clock: Clock = createFakeClock(),
) => create(clock).generate({ ...contractRequest, ...wish }, createContext(clock, context));

const failure = (...given: Parameters<typeof generate>) => failureOf(generate(...given));
const sent = () => [...server.jobs.values()].map(({ body }) => body);
const asked = (part: string) => server.routes.filter((route) => route.includes(part)).length;

const workers = (changes: Record<string, number>) => {
  const none = { idle: 0, initializing: 0, ready: 0, running: 0, throttled: 3, unhealthy: 0 };
  server.behaviour.workers = { ...none, ...changes };
};

const check = (variables: Record<string, string> = {}) =>
  create(createFakeClock(), variables).check?.({ signal: new AbortController().signal });

describe('settings', () => {
  it('have their defaults, and name the endpoint as the model', () => {
    const { settings } = read({ RUNPOD_API_KEY: 'rpa_a', RUNPOD_ENDPOINT_ID: 'abc123' });
    expect(settings).toMatchObject({ timeoutMs: 90_000, concurrency: 4, costUsd: 0.0025, model: 'abc123' });
  });

  it('need key and endpoint, or neither', () => {
    const problem = 'RUNPOD_API_KEY and RUNPOD_ENDPOINT_ID belong together: set both or neither.';
    expect(read({ RUNPOD_API_KEY: 'rpa_a' }).environment.problems).toEqual([problem]);
    expect(read({ RUNPOD_ENDPOINT_ID: 'abc' }).environment.problems).toEqual([problem]);
  });

  it('refuse what cannot be an endpoint', () => {
    expect(read({ RUNPOD_API_KEY: 'rpa_a', RUNPOD_ENDPOINT_ID: '../me' }).environment.problems).toEqual([
      'RUNPOD_ENDPOINT_ID is "../me": give an endpoint\'s id such as black-forest-labs-flux-1-schnell.',
    ]);
  });
});

describe('a job', () => {
  it('is told what to draw, and how long anybody waits for it', async () => {
    await generate({ width: 1080, height: 1350, steps: 30, cfgScale: 7 });
    expect(sent()).toEqual([
      {
        input: {
          prompt: contractRequest.prompt,
          negative_prompt: contractRequest.negativePrompt,
          width: 1088,
          height: 1344,
          num_inference_steps: 4,
          seed: 42,
          image_format: 'png',
        },
        policy: { ttl: 90_000, executionTimeout: 90_000 },
      },
    ]);
  });

  it('lives no longer than the row, but as long as RunPod demands', async () => {
    const clock = createFakeClock();
    for (const leftMs of [40_000.5, 3000]) {
      const context = { ...createContext(clock, {}), deadlineAt: clock.monotonic() + leftMs };
      await create(clock).generate(contractRequest, context);
    }
    expect(sent().map(({ policy }) => policy)).toEqual([
      { ttl: 40_001, executionTimeout: 40_001 },
      { ttl: 10_000, executionTimeout: 5000 },
    ]);
  });

  it('has its id written down before anybody waits for it', async () => {
    const job = createJobSlot();
    const known: unknown[] = [];
    const clock = clockThat(() => void known.push(...job.ids.values()));
    await generate({}, { job }, clock);
    expect(known.length).toBeGreaterThan(0);
    expect(new Set(known)).toEqual(new Set(server.jobs.keys()));
    expect(job.ids.size).toBe(0);
  });

  it('is looked at after half a second, then ever less often, at most every two', async () => {
    server.behaviour.runsFor = 12;
    const clock = createFakeClock();
    await generate({}, {}, clock);
    const { sleeps } = clock;
    expect(sleeps[0]).toBe(500);
    expect(sleeps).toEqual(sleeps.toSorted((a, b) => a - b));
    expect(sleeps.at(-1)).toBe(2000);
  });

  it('is cancelled when its id cannot be written down', async () => {
    const broken = new Error('the disk is full');
    let saves = 0;
    const save = async () => {
      saves += 1;
      if (saves === 1) throw broken;
    };
    expect(await outcomeOf(generate({}, { job: { load: async () => undefined, save } }))).toBe(broken);
    await server.until(() => [...server.jobs.values()].every(({ cancelled }) => cancelled));
    expect(asked('/status/')).toBe(0);
  });

  it('that failed before a crash is made anew', async () => {
    const job = createJobSlot();
    const crashed = new AbortController();
    const stop = clockThat(() => crashed.abort('killed'));
    expect(await outcomeOf(generate({}, { job, signal: crashed.signal }, stop))).toBe('killed');
    await server.until(() => asked('/cancel/') === 1);
    const [first] = job.ids.values();
    await generate({}, { job });
    expect([first, server.jobs.size, job.ids.size]).toEqual([[...server.jobs.keys()][0], 2, 0]);
  });

  it('that ended badly is forgotten', async () => {
    server.behaviour.end = 'FAILED';
    const job = createJobSlot();
    expect(await failure({}, { job })).toMatchObject({ code: 'unavailable', facts: { sent: true } });
    expect(job.ids.size).toBe(0);
  });

  it('says in the words of the worker why it failed', async () => {
    server.behaviour.end = 'FAILED';
    server.behaviour.error = JSON.stringify({ error_type: "<class 'X'>", error_message: 'CUDA out of memory' });
    expect((await failure()).message).toBe('RunPod failed at the job: CUDA out of memory');
  });

  it('is cancelled and forgotten when RunPod is not to be asked any more', async () => {
    const job = createJobSlot();
    const lost = clockThat((index) => {
      if (index === 1) server.behaviour.key = 'another';
    });
    const error = await failure({}, { job }, lost);
    expect(error).toMatchObject({ code: 'unavailable', facts: { sent: true, status: 401 } });
    expect(asked('/status/')).toBe(6);
    expect(job.ids.size).toBe(0);
    await server.until(() => asked('/cancel/') === 1);
  });

  it('outlives four looks in a row that fail, and four more later', async () => {
    server.behaviour.runsFor = 3;
    const flaky = clockThat((index) => {
      server.behaviour.key = index % 5 === 0 ? 'rpa_test' : 'another';
      if (index > 15) server.behaviour.key = 'rpa_test';
    });
    expect(await generate({}, {}, flaky)).toMatchObject({ width: 256 });
    expect(asked('/status/')).toBeGreaterThan(10);
  });
});

describe('a queue', () => {
  it('that nobody works off is left after 15 s, with the job cancelled', async () => {
    server.behaviour.queuedFor = Number.POSITIVE_INFINITY;
    workers({});
    const clock = createFakeClock();
    const job = createJobSlot();
    expect(await failure({}, { job }, clock)).toMatchObject({
      code: 'loading',
      message: "RunPod has no worker for the job: check the endpoint's workers and the balance",
      facts: { retryAfterMs: 5000, sent: false },
    });
    expect(clock.monotonic()).toBeGreaterThanOrEqual(15_000);
    expect(clock.monotonic()).toBeLessThan(17_001);
    expect(job.ids.size).toBe(0);
    await server.until(() => asked('/cancel/') === 1);
  });

  it.each(['idle', 'initializing', 'ready', 'running'])('is waited in while a worker is %s', async (state) => {
    server.behaviour.queuedFor = 30;
    workers({ [state]: 1 });
    expect(await generate()).toMatchObject({ width: 256 });
    expect(asked('/health')).toBe(1);
  });

  it('is waited in when the endpoint does not tell of its workers', async () => {
    server.behaviour.queuedFor = 30;
    server.behaviour.workers = undefined;
    expect(await generate()).toMatchObject({ width: 256 });
  });
});

describe('an image', () => {
  it.each<[string, (image: { base64: string; url: string }) => unknown]>([
    ['an address', ({ url }) => ({ image_url: url, cost: 0.01 })],
    ['an address alone', ({ url }) => url],
    ['a list of addresses', ({ url }) => [url]],
    ['base64', ({ base64 }) => ({ image: base64 })],
    ['base64 alone', ({ base64 }) => base64],
    ['a data URI in a list', ({ base64 }) => ({ images: [`data:image/png;base64,${base64}`] })],
    ['a list of objects', ({ base64 }) => [{ image: base64, seed: 42 }]],
    ["ComfyUI's message", ({ base64 }) => ({ message: base64, status: 'success' })],
    ["ComfyUI's images", ({ base64 }) => ({ images: [{ filename: 'a.png', type: 'base64', data: base64 }] })],
  ])('is read out of %s', async (_, output) => {
    server.behaviour.output = output;
    const image = await generate();
    expect(image).toMatchObject({ mediaType: 'image/png', width: 256, height: 256 });
  });

  it('costs what the endpoint says, or else what the settings say', async () => {
    expect((await generate()).costUsd).toBe(0.002_516_58);
    for (const cost of [undefined, -1, 1e9, '0.1', null]) {
      server.behaviour.output = ({ url }) => ({ image_url: url, cost });
      expect((await generate()).costUsd).toBe(0.0025);
    }
  });

  it('is fetched without the key', async () => {
    await generate();
    const headers = server.credentials.map(([path, header]) => `${path.split('/')[1]} ${header ?? 'none'}`);
    expect(new Set(headers)).toEqual(new Set(['black-forest-labs-flux-1-schnell Bearer rpa_test', 'pictures none']));
  });

  it('that cannot be fetched stays with its job, and is not paid again', async () => {
    server.behaviour.lostDownloads = 2;
    const job = createJobSlot();
    expect(await failure({}, { job })).toMatchObject({ code: 'unavailable', facts: { sent: true } });
    expect([...job.ids.values()]).toEqual([...server.jobs.keys()]);
    expect(await generate({}, { job })).toMatchObject({ width: 256 });
    expect([server.jobs.size, job.ids.size]).toEqual([1, 0]);
  });

  it('that is none is forgotten with its job', async () => {
    server.behaviour.output = () =>
      `data:image/png;base64,${Buffer.from('\x89PNG\r\n\x1A\nand no more', 'latin1').toString('base64')}`;
    const job = createJobSlot();
    expect(await failure({}, { job })).toMatchObject({ code: 'bad_image', facts: { sent: true } });
    expect(job.ids.size).toBe(0);
  });
});

describe('check', () => {
  it('tells of the workers', async () => {
    expect(await check()).toEqual({
      ok: true,
      message:
        'RunPod: the key opens endpoint black-forest-labs-flux-1-schnell, with 1 ready and 0 running workers, 0 jobs in its queue.',
    });
  });

  it.each([
    [{ RUNPOD_API_KEY: 'rpa_other' }, /answered 401 .*set RUNPOD_API_KEY/],
    [{ RUNPOD_ENDPOINT_ID: 'other' }, /answered 404 .*set RUNPOD_ENDPOINT_ID/],
  ])('says what to do with %j', async (variables, message) => {
    expect(await check(variables)).toEqual({ ok: false, message: expect.stringMatching(message) });
  });
});
