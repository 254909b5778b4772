import nock from 'nock';
import sharp from 'sharp';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { readEnvironment } from '../../../src/core/environment.ts';
import { replicate } from '../../../src/providers/replicate/replicate.ts';
import {
  clockThat,
  contractRequest,
  createContext,
  createJobSlot,
  expectFailure,
  makeProvider,
  outcomeOf,
} from '../../contracts/provider-rig.ts';
import { replicateRig } from '../../contracts/rigs/replicate.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { type FakeReplicate, type ReplicateBehaviour, startReplicate } from '../../support/fakes/replicate.ts';

const [token = ''] = replicateRig.secrets;
const patiently = { timeout: 30_000 };
let server: FakeReplicate | undefined;

afterEach(() => server?.close());

async function start(behaviour: Partial<ReplicateBehaviour> = {}): Promise<FakeReplicate> {
  server = await startReplicate(token, behaviour);
  return server;
}

function draw(
  { url }: { url: string },
  { clock = createFakeClock(), job = createJobSlot(), signal = new AbortController().signal } = {},
) {
  const provider = makeProvider(replicateRig, url, clock);
  return outcomeOf(provider.generate(contractRequest, createContext(clock, { job, signal })));
}

function read(variables: Record<string, string>) {
  const environment = readEnvironment(variables);
  return { environment, settings: replicate.read(environment) };
}

describe('settings', () => {
  it('have defaults for everything but the token', () => {
    expect(read({ REPLICATE_API_TOKEN: 'r8_x' }).settings).toMatchObject({
      model: 'black-forest-labs/flux-schnell',
      timeoutMs: 90_000,
      concurrency: 4,
      costUsd: 0.003,
    });
    expect([...read({}).environment.names].toSorted()).toEqual([
      'REPLICATE_API_TOKEN',
      'REPLICATE_API_URL',
      'REPLICATE_CONCURRENCY',
      'REPLICATE_COST_USD',
      'REPLICATE_MODEL',
      'REPLICATE_TIMEOUT_SECONDS',
    ]);
  });

  it('name a model that is none', () => {
    expect(read({ REPLICATE_API_TOKEN: 'r8_x', REPLICATE_MODEL: '../account' }).environment.problems).toEqual([
      'REPLICATE_MODEL is "../account": give owner/name such as black-forest-labs/flux-schnell, or owner/name:version.',
    ]);
  });
});

describe('a prediction', () => {
  it('is bounded in time on the other side, and held for a moment to be done in one answer', async () => {
    const api = await start({ looks: 0 });
    expect(await draw(api)).toMatchObject({ mediaType: 'image/png', width: 512, height: 512 });
    expect(api.created[0]?.headers).toMatchObject({ prefer: 'wait=5', 'cancel-after': '90s' });
    expect(api.looks).toBe(0);
  });

  it('has no more time than the row', async () => {
    const api = await start({ looks: 0 });
    const clock = createFakeClock();
    const late = { ...createContext(clock, {}), deadlineAt: clock.monotonic() + 2500 };
    await makeProvider(replicateRig, api.url, clock).generate(contractRequest, late);
    expect(api.created[0]?.headers).toMatchObject({ prefer: 'wait=3', 'cancel-after': '5s' });
  });

  it('is looked at with growing pauses until it is done', async () => {
    const api = await start({ looks: 12 });
    const clock = createFakeClock();
    expect(await draw(api, { clock })).toMatchObject({ provider: 'replicate' });
    expect(api.looks).toBe(12);
    expect(clock.sleeps[0]).toBe(500);
    expect(clock.sleeps.at(-1)).toBe(2000);
    expect(clock.sleeps).toEqual(clock.sleeps.toSorted((a, b) => a - b));
  });

  it('is done once its image is there, whatever the status says', async () => {
    const api = await start({ looks: 9, outputEarly: true });
    expect(await draw(api)).toMatchObject({ provider: 'replicate' });
    expect(api.looks).toBe(0);
  });

  it('that does not end is cancelled when its time is over', async () => {
    const api = await start({ looks: Number.POSITIVE_INFINITY });
    const clock = createFakeClock();
    const failure = expectFailure(await draw(api, { clock }), [token]);
    expect(failure).toMatchObject({ code: 'timeout', facts: { sent: true } });
    expect(clock.monotonic()).toBeLessThanOrEqual(90_000);
    await expect.poll(() => api.cancelled, patiently).toEqual(['prediction1']);
  });

  it.each([
    [{ status: 'failed', error: 'NSFW content detected.' }, 'content_rejected'],
    [{ status: 'failed', error: `No picture of "${contractRequest.prompt}"` }, 'unavailable'],
    [{ status: 'succeeded', output: 'empty' as const }, 'bad_image'],
    [{ status: 'succeeded', output: 'none' as const }, 'bad_image'],
    [{ status: 'canceled' }, 'timeout'],
    [{ status: 'aborted' }, 'timeout'],
  ])('that ends with %j is %s, and its id is forgotten', async (ending, code) => {
    const api = await start({ ending });
    const job = createJobSlot();
    expect(expectFailure(await draw(api, { job }), [token]).code).toBe(code);
    expect(job.ids.size).toBe(0);
    expect(api.created).toHaveLength(1);
  });

  it('that was cancelled after an abort is made anew the next time', async () => {
    const api = await start({ looks: 5 });
    const job = createJobSlot();
    const controller = new AbortController();
    const clock = clockThat(() => controller.abort('enough'));
    expect(await draw(api, { clock, job, signal: controller.signal })).toBe('enough');
    expect([...job.ids.values()]).toEqual(['prediction1']);
    await expect.poll(() => api.cancelled, patiently).toEqual(['prediction1']);
    expect(await draw(api, { job })).toMatchObject({ provider: 'replicate' });
    expect(api.created).toHaveLength(2);
  });

  it('whose image was deleted in the meantime is made anew', async () => {
    const api = await start();
    const job = createJobSlot();
    void draw(api, { job, clock: clockThat(() => new Promise(() => undefined)) });
    await expect.poll(() => [...job.ids.values()], patiently).toEqual(['prediction1']);
    api.behaviour.deleted = true;
    api.behaviour.looks = 0;
    // The second prediction has no output either, and is not picked up: it is new.
    expect(expectFailure(await draw(api, { job }), [token]).code).toBe('bad_image');
    expect(api.created).toHaveLength(2);
    expect(job.ids.size).toBe(0);
  });
});

describe('the public API', () => {
  afterAll(() => nock.restore());

  const png = sharp({ create: { width: 64, height: 64, channels: 3, background: 'teal' } })
    .png()
    .toBuffer();
  const output = ['https://replicate.delivery/xezq/abc/out-0.png'];

  async function viaNock(files: (scope: nock.Scope) => void, job = createJobSlot()) {
    nock.disableNetConnect();
    nock('https://api.replicate.com', { reqheaders: { authorization: `Bearer ${token}` } })
      .post('/v1/models/black-forest-labs/flux-schnell/predictions')
      .reply(201, { id: 'ufawqhfynnddngldkgtslldrkq', status: 'processing', output, error: null });
    files(nock('https://replicate.delivery', { badheaders: ['authorization'] }));
    const clock = createFakeClock();
    const rig = { ...replicateRig, variables: () => ({ REPLICATE_API_TOKEN: token }) };
    const outcome = await outcomeOf(
      makeProvider(rig, '', clock).generate(contractRequest, createContext(clock, { job })),
    );
    const pending = nock.pendingMocks();
    nock.cleanAll();
    nock.enableNetConnect();
    expect(pending).toEqual([]);
    return outcome;
  }

  it('gives images that are fetched at once, without the token', async () => {
    const bytes = await png;
    const image = await viaNock((scope) => scope.get('/xezq/abc/out-0.png').reply(200, bytes));
    expect(image).toMatchObject({ width: 64, height: 64, model: 'black-forest-labs/flux-schnell' });
  });

  it('keeps the id of an image that could not be fetched for a moment', async () => {
    const job = createJobSlot();
    const failure = await viaNock((scope) => scope.get('/xezq/abc/out-0.png').twice().reply(503), job);
    expect(failure).toMatchObject({ code: 'unavailable', facts: { sent: true } });
    expect([...job.ids.values()]).toEqual(['ufawqhfynnddngldkgtslldrkq']);
  });

  it.each([
    [404, ''],
    [200, '<html>Welcome</html>'],
  ])('forgets the id of an image that will never be one: %d %s', async (status, body) => {
    const job = createJobSlot();
    const times = status === 404 ? 2 : 1;
    const failure = await viaNock((scope) => scope.get('/xezq/abc/out-0.png').times(times).reply(status, body), job);
    expect(failure).toMatchObject({ facts: { sent: true } });
    expect(job.ids.size).toBe(0);
  });
});

describe('check', () => {
  it('names the account and the model', async () => {
    const { url } = await start();
    const { signal } = new AbortController();
    expect(await makeProvider(replicateRig, url).check?.({ signal })).toEqual({
      ok: true,
      message: 'Replicate: token of demo; black-forest-labs/flux-schnell is there.',
    });
    const other = {
      ...replicateRig,
      variables: () => ({ ...replicateRig.variables(url), REPLICATE_MODEL: 'no/such' }),
    };
    expect(await makeProvider(other, url).check?.({ signal })).toEqual({
      ok: false,
      message: 'Replicate has no model no/such, or keeps it private: set another REPLICATE_MODEL.',
    });
  });

  it('says how to come by a token', async () => {
    server = await startReplicate('r8_another');
    const { signal } = new AbortController();
    expect(await makeProvider(replicateRig, server.url).check?.({ signal })).toEqual({
      ok: false,
      message: expect.stringContaining('set REPLICATE_API_TOKEN to a token of replicate.com/account/api-tokens.'),
    });
  });
});
