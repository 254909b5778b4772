import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, expect, it, vi } from 'vitest';
import {
  contextOf,
  create,
  failure,
  fakeClock,
  request,
  useEmulation,
} from '../../support/providers/huggingface-rig.ts';

const schnell = 'black-forest-labs/FLUX.1-schnell';
const day = 24 * 3_600_000;
const emulation = useEmulation();
const { here } = emulation;

async function serveHub(answer: () => unknown) {
  const asked: (string | undefined)[] = [];
  const hub = createServer((incoming, response) => {
    asked.push(incoming.headers.authorization);
    const body = answer();
    if (body === 'silence') return;
    if (typeof body === 'number') response.writeHead(body);
    response.end(JSON.stringify(body));
  });
  hub.listen(0, '127.0.0.1');
  await once(hub, 'listening');
  const address = hub.address();
  return {
    asked,
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    [Symbol.dispose]() {
      hub.close();
      hub.closeAllConnections();
    },
  };
}

const entry = (provider: string, more: object = {}) => ({
  provider,
  providerId: 'some/id',
  status: 'live',
  task: 'text-to-image',
  ...more,
});

describe('routes', () => {
  it('that are withdrawn are left out for a day, and the next is tried at once', async () => {
    const clock = fakeClock();
    const provider = create(here(), clock);
    for (const status of [410, 404]) {
      emulation.answers['nscale'] = status;
      await provider.generate(request, contextOf());
      await provider.generate(request, contextOf());
      expect(emulation.seen.splice(0).map(({ path }) => path.split('/')[1])).toEqual(['nscale', 'fal-ai', 'fal-ai']);
      clock.advance(day);
    }
  });

  it('end in "retired" when none is left, without asking again', async () => {
    Object.assign(emulation.answers, { nscale: 410, 'fal-ai': 410 });
    const provider = create(here());
    expect((await failure(provider.generate(request, contextOf()))).code).toBe('retired');
    const again = await failure(provider.generate(request, contextOf()));
    expect(again.message).toBe(`Hugging Face has no partner that serves ${schnell} at present`);
    expect(emulation.server.requests).toBe(2);
  });

  it.each([402, 401, 429, 503, 500, 422])('are not changed within one attempt after %d', async (status) => {
    emulation.answers['nscale'] = status;
    await failure(create(here()).generate(request, contextOf()));
    expect(emulation.server.requests).toBe(1);
  });

  it('keep to HF_PROVIDER', async () => {
    emulation.answers['fal-ai'] = 410;
    const error = await failure(create({ ...here(), HF_PROVIDER: 'fal-ai' }).generate(request, contextOf()));
    expect(error.code).toBe('retired');
    expect(emulation.seen.map(({ path }) => path)).toEqual(['/fal-ai/fal-ai/flux/schnell?_subdomain=queue']);
  });
});

describe('the mapping', () => {
  it.each([
    [
      'a list',
      [entry('nebius'), entry('together', { status: 'error' }), entry('deepinfra', { task: 'text-to-video' })],
    ],
    [
      'hostile ids',
      [entry('replicate', { providerId: '../../x' }), entry('hf-inference', { providerId: 'http://127.0.0.1:1/x' })],
    ],
    ['rubbish', [null, 7, 'x', {}]],
  ])('passes over what is not live, not a text-to-image route or not usable: %s', async (_, entries) => {
    using hub = await serveHub(() => ({ inferenceProviderMapping: [...entries, entry('together')] }));
    await create({ ...here(), HF_HUB_URL: hub.url }).generate(request, contextOf());
    expect(emulation.partnersAsked()).toEqual(['together']);
    expect(hub.asked).toEqual(['Bearer hf_test']);
  });

  it('is read in its older form too', async () => {
    using hub = await serveHub(() => ({
      inferenceProviderMapping: { together: { ...entry(''), provider: undefined } },
    }));
    await create({ ...here(), HF_HUB_URL: hub.url }).generate(request, contextOf());
    expect(emulation.partnersAsked()).toEqual(['together']);
  });

  it('says that nobody serves the model', async () => {
    using hub = await serveHub(() => ({ id: schnell }));
    const error = await failure(create({ ...here(), HF_HUB_URL: hub.url }).generate(request, contextOf()));
    expect(error.code).toBe('retired');
    expect(emulation.server.requests).toBe(0);
  });

  it('is asked once for all who wait, and again after an hour', async () => {
    using hub = await serveHub(() => ({ inferenceProviderMapping: [entry('together')] }));
    const clock = fakeClock();
    const provider = create({ ...here(), HF_HUB_URL: hub.url }, clock);
    await Promise.all([1, 2, 3].map(() => provider.generate(request, contextOf())));
    clock.advance(3_599_000);
    await provider.generate(request, contextOf());
    expect(hub.asked).toHaveLength(1);
    clock.advance(1000);
    await provider.generate(request, contextOf());
    expect(hub.asked).toHaveLength(2);
  });

  it.each([500, 401, 'not an object', { inferenceProviderMapping: 7 }])(
    'gives way to the built-in one for 5 minutes when the Hub answers %j',
    async (body) => {
      using hub = await serveHub(() => body);
      const clock = fakeClock();
      const provider = create({ ...here(), HF_HUB_URL: hub.url }, clock);
      emulation.answers['nscale'] = 410;
      await provider.generate(request, contextOf());
      clock.advance(299_000);
      await provider.generate(request, contextOf());
      expect(emulation.partnersAsked()).toEqual(['nscale', 'fal-ai', 'fal-ai']);
      expect(hub.asked).toHaveLength(1);
      clock.advance(1000);
      await provider.generate(request, contextOf());
      expect(hub.asked).toHaveLength(2);
    },
  );

  it('lets hf-inference serve other models by their own id when the Hub is out of reach', async () => {
    const provider = create({ ...here(), HF_HUB_URL: 'http://127.0.0.1:1', HF_IMAGE_MODEL: 'some/model' });
    await provider.generate(request, contextOf());
    expect(emulation.seen.map(({ path }) => path)).toEqual(['/hf-inference/models/some/model']);
  });

  it('is waited for at most 5 s, and no longer than the caller wants', async () => {
    using hub = await serveHub(() => 'silence');
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const provider = create({ ...here(), HF_HUB_URL: hub.url });
      const controller = new AbortController();
      const impatient = provider.generate(request, contextOf(controller.signal));
      const patient = provider.generate(request, contextOf());
      const reason = new Error('stopped');
      controller.abort(reason);
      await expect(impatient).rejects.toBe(reason);
      await vi.waitFor(() => expect(hub.asked).toHaveLength(1), { interval: 1 });
      await vi.advanceTimersByTimeAsync(4999);
      expect(emulation.server.requests).toBe(0);
      await vi.advanceTimersByTimeAsync(1);
      vi.useRealTimers();
      await patient;
      expect(emulation.partnersAsked()).toEqual(['nscale']);
    } finally {
      vi.useRealTimers();
    }
  });
});
