import { afterEach, describe, expect, it } from 'vitest';
import { ChainExhaustedError, ConfigError, ProviderError } from '../../../src/core/errors.ts';
import { type FailureCode, reactions } from '../../../src/core/reactions.ts';
import type { Log } from '../../../src/lib/log.ts';
import type { Attempt } from '../../../src/core/provider.ts';
import { keysOf } from '../../../src/lib/records.ts';
import type { ImageJob } from '../../../src/server/image-jobs.ts';
import type { ServerSettings } from '../../../src/server/settings.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import {
  asAnn,
  asBob,
  fakeParts,
  fakeImage,
  fakeSettings,
  openServer,
  type OpenServer,
  type PartsOverrides,
} from '../../support/server/server-rig.ts';

let server: OpenServer;

async function open(parts: PartsOverrides = {}, settings: Partial<ServerSettings> = {}): Promise<OpenServer> {
  server = await openServer({ parts: fakeParts(parts), settings: fakeSettings(settings) });
  return server;
}

afterEach(async () => server.close());

function ask(payload: unknown, headers: Record<string, string> = asAnn) {
  return server.inject({
    method: 'POST',
    url: '/api/ai/generate-image',
    headers: { 'content-type': 'application/json', ...headers },
    payload: JSON.stringify(payload),
  });
}

/** The jobs that a server is given, each of which is done at once. */
function jobsOf(): { jobs: ImageJob[]; parts: PartsOverrides } {
  const jobs: ImageJob[] = [];
  const generate = async (job: ImageJob) => {
    jobs.push(job);
    return fakeImage({ seed: job.request.seed });
  };
  return { jobs, parts: { generate } };
}

function attempt(outcome: Attempt['outcome'], overrides: Partial<Attempt> = {}): Attempt {
  const startedAt = '2026-11-21T10:00:00.000Z';
  const provider = { provider: 'huggingface', label: 'Hugging Face', model: 'flux' };
  const notAsked = outcome === 'circuit_open' || outcome === 'over_budget';
  return { ...provider, startedAt, durationMs: 5, outcome, notAsked, detail: `said ${outcome}`, ...overrides };
}

function exhausted(
  code: FailureCode,
  attempts = [attempt(code)],
  message = `Hugging Face: ${code}`,
): ChainExhaustedError {
  return new ChainExhaustedError(attempts, new ProviderError(code, message));
}

function failing(error: unknown, parts: PartsOverrides = {}) {
  return open({
    ...parts,
    generate: async () => {
      throw error;
    },
  });
}

describe('a picture', () => {
  it('is answered with where it is and how it was made', async () => {
    const clock = createFakeClock();
    await open({
      clock,
      generate: async () => {
        clock.advance(1234);
        return fakeImage();
      },
    });
    const answer = await ask({ prompt: ' a harbour\u0000at dusk ', width: 1024, height: 768 });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({
      success: true,
      imageUrl: '/uploads/images/user-ann/1795255200000-generated.png',
      filename: '1795255200000-generated.png',
      prompt: 'a harbour at dusk',
      userId: 'ann',
      provider: 'huggingface',
      model: 'black-forest-labs/FLUX.1-schnell',
      processingTime: 1234,
      seed: 7,
      width: 1024,
      height: 768,
      why: 'Hugging Face, 4.5 s, $0.003',
      costUsd: 0.003,
    });
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.headers['set-cookie']).toMatch(
      /^ntf_uploads=\S+; Max-Age=2592000; Path=\/uploads; HttpOnly; SameSite=Lax$/,
    );
  });

  it('is asked for with the defaults where nothing else is said', async () => {
    const { jobs, parts } = jobsOf();
    await open(parts);
    const nothing = {
      width: null,
      height: null,
      steps: null,
      cfgScale: null,
      seed: null,
      sampler: null,
      negativePrompt: null,
    };
    for (const rest of [{}, { ...nothing, allowPlaceholder: null, model: 'sent by older clients' }]) {
      await ask({ prompt: 'a harbour', ...rest });
    }
    for (const { request, ...job } of jobs) {
      const { seed, ...asked } = request;
      expect(asked).toEqual({
        prompt: 'a harbour',
        width: 512,
        height: 512,
        steps: 20,
        cfgScale: 7,
        sampler: 'Euler a',
      });
      expect(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 31).toBe(true);
      expect(job).toMatchObject({ userId: 'ann', allowPlaceholder: false });
    }
    expect(jobs[0]?.request.seed).not.toBe(jobs[1]?.request.seed);
  });

  it('is asked for as it is wanted', async () => {
    const { jobs, parts } = jobsOf();
    await open(parts);
    const wanted = {
      prompt: 'a',
      negativePrompt: 'b',
      width: 256,
      height: 2048,
      steps: 50,
      cfgScale: 1.5,
      seed: 0,
      sampler: 'DDIM',
    };
    const answer = await ask({ ...wanted, allowPlaceholder: true }, asBob);
    expect(jobs[0]?.request).toEqual(wanted);
    expect(jobs[0]).toMatchObject({ userId: 'bob', allowPlaceholder: true });
    expect(answer.json().seed).toBe(0);
  });
});

describe('a request', () => {
  const ranges = {
    width: 'a whole number from 256 to 2048',
    height: 'a whole number from 256 to 2048',
    steps: 'a whole number from 10 to 50',
    cfgScale: 'a number from 1 to 20',
    seed: '-1 for chance, or a whole number from 0 to 2147483647',
    sampler: 'a text of at most 100 characters',
    negativePrompt: 'a text of at most 4000 characters',
    allowPlaceholder: 'true or false',
    prompt: 'a text of 1 to 4000 characters that shows something',
  };

  it.each<[keyof typeof ranges, unknown, string]>([
    ['width', 255, '255'],
    ['width', 2049, '2049'],
    ['width', 512.5, '512.5'],
    ['width', '512', '"512"'],
    ['width', true, 'true'],
    ['height', [512], 'a list'],
    ['height', {}, 'an object'],
    ['steps', 9, '9'],
    ['steps', 51, '51'],
    ['cfgScale', 0.9, '0.9'],
    ['cfgScale', 20.1, '20.1'],
    ['seed', -2, '-2'],
    ['seed', 2 ** 31, '2147483648'],
    ['seed', 1e300, '1e+300'],
    ['sampler', 'x'.repeat(101), 'a text of 101 characters'],
    ['sampler', 7, '7'],
    ['negativePrompt', 'x'.repeat(4001), 'a text of 4001 characters'],
    ['allowPlaceholder', 'yes', '"yes"'],
    ['prompt', undefined, 'missing'],
    ['prompt', null, 'null'],
    ['prompt', 7, '7'],
    ['prompt', '', '""'],
    ['prompt', ' \u0000\n\u200b', '"\u200b"'],
    ['prompt', 'x'.repeat(4001), 'a text of 4001 characters'],
  ])('with %s %j is told what to give', async (field, value, shown) => {
    await open();
    const answer = await ask({ prompt: 'a harbour', [field]: value });
    expect(answer.statusCode).toBe(400);
    const message = `${field} is ${shown}: give ${ranges[field]}.`;
    expect(answer.json()).toEqual({ error: 'Invalid request', message, field, problems: [{ field, message }] });
  });

  it('is told of all its mistakes, the first one first', async () => {
    await open();
    const body = (await ask({ width: 1, seed: 'x' })).json();
    expect(body.field).toBe('prompt');
    expect(body.problems.map(({ field }: { field: string }) => field)).toEqual(['prompt', 'width', 'seed']);
  });

  it.each([[[]], ['text'], [7], [null]])('that is %j and no object is told what to send', async (payload) => {
    await open();
    const answer = await ask(payload);
    expect([answer.statusCode, answer.json().field]).toEqual([400, 'body']);
    expect(answer.json().message).toContain('{"prompt":');
  });

  it('at the ends of the ranges is taken', async () => {
    await open();
    const least = { width: 256, height: 256, steps: 10, cfgScale: 1, seed: -1, sampler: '' };
    const most = { width: 2048, height: 2048, steps: 50, cfgScale: 20, seed: 2 ** 31 - 1, sampler: 'x'.repeat(100) };
    expect((await ask({ prompt: '7', ...least })).statusCode).toBe(200);
    expect((await ask({ prompt: ` ${'x'.repeat(4000)} `, ...most, negativePrompt: 'x'.repeat(4000) })).statusCode).toBe(
      200,
    );
    expect((await ask({ prompt: '🎉' })).statusCode).toBe(200);
  });

  it.each<[number, string, string, string]>([
    [400, 'application/json', '{"prompt":', 'not valid JSON'],
    [400, 'application/json', '', 'send a JSON object'],
    [400, 'application/json', '{"prompt":"a","__proto__":{"x":1}}', 'not valid JSON'],
    [400, 'application/json', '{"prompt":"a","constructor":{"prototype":{"x":1}}}', 'not valid JSON'],
    [415, 'text/plain', '{"prompt":"a"}', 'application/json'],
    [415, 'application/x-www-form-urlencoded', 'prompt=a', 'application/json'],
    [415, 'multipart/form-data; boundary=x', '--x--', 'application/json'],
    [413, 'application/json', JSON.stringify({ prompt: 'a', padding: 'x'.repeat(65_536) }), '64 KiB'],
  ])('is answered with %i when its %s body cannot be taken: %.40s', async (status, type, payload, words) => {
    await open();
    const headers = { ...asAnn, 'content-type': type };
    const answer = await server.inject({ method: 'POST', url: '/api/ai/generate-image', headers, payload });
    expect(answer.statusCode).toBe(status);
    expect(answer.json().message).toContain(words);
    expect(Object.keys(answer.json())).toEqual(expect.arrayContaining(['error', 'message']));
  });
});

describe('when no picture comes', () => {
  it.each(keysOf(reactions))('%s tells what was said and what to do', async (code) => {
    await failing(exhausted(code));
    const answer = await ask({ prompt: 'a' });
    expect(answer.statusCode).toBe(code === 'content_rejected' ? 422 : code === 'timeout' ? 504 : 502);
    const body = answer.json();
    expect(body.error).toBe('Image generation failed');
    expect(body.attempts).toEqual([
      {
        provider: 'huggingface',
        model: 'flux',
        outcome: code,
        message: `said ${code}`,
        fix: expect.stringMatching(/^[A-Z].{8,}\.$/),
      },
    ]);
    expect(body.message).toBe(
      code === 'content_rejected'
        ? 'The provider refused the prompt, and no other is asked: reword it. It said: Hugging Face: content_rejected'
        : `Image generation failed with all providers. Last error: Hugging Face: ${code}`,
    );
  });

  it('says until when to wait', async () => {
    const clock = createFakeClock();
    const credit = attempt('out_of_credit', { until: '2026-12-01T00:00:00.000Z' });
    const rate = attempt('rate_limited', { until: '2026-11-21T14:05:00.000Z' });
    const past = attempt('out_of_credit', { until: '2026-11-21T09:00:00.000Z' });
    await failing(exhausted('rate_limited', [credit, rate, past]), { clock });
    const { attempts } = (await ask({ prompt: 'a' })).json();
    expect(attempts[0]).toMatchObject({
      fix: 'Buy credit at Hugging Face, or wait until 1 Dec.',
      until: '2026-12-01T00:00:00.000Z',
    });
    expect(attempts[1].fix).toContain('Wait until 14:05 UTC');
    expect(attempts[2].fix).toBe('Buy credit at Hugging Face.');
  });

  it('is a matter of time only when every provider that was asked was too slow', async () => {
    const refused = attempt('out_of_credit', { notAsked: true, detail: 'not asked: out of credit until 1 Dec' });
    await failing(exhausted('timeout', [refused, attempt('circuit_open'), attempt('timeout'), attempt('over_budget')]));
    expect((await ask({ prompt: 'a' })).statusCode).toBe(504);
    await server.close();
    await failing(exhausted('timeout', [attempt('unavailable'), attempt('timeout')]));
    expect((await ask({ prompt: 'a' })).statusCode).toBe(502);
    await server.close();
    await failing(exhausted('timeout', [], 'no provider had a free place within 300 s'));
    const late = await ask({ prompt: 'a' });
    expect(late.statusCode).toBe(504);
    expect(late.json().message).toMatch(
      /^Image generation failed with all providers\. Last error: no provider had a free place within 300 s/,
    );
  });

  it('tells what a provider said when it was last asked, where it is left out', async () => {
    const clock = createFakeClock();
    const until = '2026-11-21T14:05:00.000Z';
    const out = attempt('circuit_open', { notAsked: true, detail: 'not asked: not reachable until 14:05', until });
    await failing(exhausted('circuit_open', [out], 'Stable Diffusion: not reachable until 21 Nov 14:05 UTC'), {
      clock,
    });
    const first = (await ask({ prompt: 'a' })).json().message;
    expect(first).toMatch(/Last error: Stable Diffusion: not reachable until 21 Nov 14:05 UTC$/);
    await server.close();

    const parts = fakeParts({
      clock,
      generate: async () => {
        throw exhausted('circuit_open', [out]);
      },
    });
    server = await openServer({ parts });
    parts.events.emit(
      'attempt',
      attempt('unreachable', { detail: 'Stable Diffusion API is not accessible at http://sd:7860' }),
    );
    expect((await ask({ prompt: 'a' })).json().message).toBe(
      'Image generation failed with all providers. Last error: Stable Diffusion API is not accessible at http://sd:7860 (not asked again until 14:05 UTC)',
    );
  });

  it('names the settings where no real provider is configured', async () => {
    const providers = [
      { name: 'huggingface', label: 'Hugging Face', configured: false },
      { name: 'placeholder', label: 'Free API Placeholder', configured: true },
    ];
    await failing(exhausted('circuit_open', [], 'No image provider is configured'), { providers });
    const answer = await ask({ prompt: 'a' });
    expect(answer.statusCode).toBe(503);
    expect(answer.json().attempts).toEqual([]);
    for (const word of ['HUGGINGFACE_API_KEY', 'SD_ENABLED', 'allowPlaceholder'])
      expect(answer.json().message).toContain(word);
  });

  it('tells of a full disk without its path, which stands in the log', async () => {
    const logged: unknown[] = [];
    const log: Log = { debug() {}, info() {}, warn() {}, error: (data) => void logged.push(data) };
    const error = new ConfigError('The disk that holds /srv/images is full; free some space.');
    await failing(error, { log });
    const answer = await ask({ prompt: 'a' });
    expect(answer.statusCode).toBe(503);
    expect(answer.body).not.toContain('/srv');
    expect(logged).toEqual([{ err: error }]);
  });

  it('tells nothing of an error that nobody foresaw, which stands in the log', async () => {
    const logged: unknown[] = [];
    const log: Log = { debug() {}, info() {}, warn() {}, error: (data) => void logged.push(data) };
    const error = new TypeError('cannot read secret of undefined');
    await failing(error, { log });
    const answer = await ask({ prompt: 'a' });
    expect(answer.statusCode).toBe(500);
    expect(answer.json().error).toBe('Internal error');
    expect(answer.body).not.toContain('secret');
    expect(logged).toEqual([{ err: error, method: 'POST', route: '/api/ai/generate-image' }]);
  });

  it('shows no secret that a provider repeated', async () => {
    const detail = 'bad key hf_secret and {"a":"hf_secret"}';
    const redact = (text: string) => text.replaceAll('hf_secret', '[secret]');
    await failing(exhausted('unauthorized', [attempt('unauthorized', { detail })], 'bad key hf_secret'), { redact });
    const answer = await ask({ prompt: 'a' });
    expect(answer.body).not.toContain('hf_secret');
    expect(answer.json().attempts[0].message).toBe('bad key [secret] and {"a":"[secret]"}');
  });

  it('says that the server stops', async () => {
    const stop = new AbortController();
    await open({
      signal: stop.signal,
      generate: async ({ signal }) => {
        stop.abort(new Error('stopped by a signal'));
        signal.throwIfAborted();
        return fakeImage();
      },
    });
    for (const _ of [1, 2]) {
      const answer = await ask({ prompt: 'a' });
      expect([answer.statusCode, answer.json().error]).toEqual([503, 'Stopping']);
      expect(answer.headers['retry-after']).toBe('60');
    }
    expect((await server.inject({ url: '/api/ai/image-status', headers: asAnn })).statusCode).toBe(503);
    expect((await server.inject({ url: '/healthz' })).statusCode).toBe(200);
    expect((await server.inject({ url: '/readyz' })).statusCode).toBe(503);
  });
});

describe('a user', () => {
  it('has so many pictures made at once, and others are not held up', async () => {
    let open3 = 0;
    const waiting: (() => void)[] = [];
    await open(
      {
        generate: async () => {
          open3 += 1;
          await new Promise<void>((resolve) => waiting.push(resolve));
          return fakeImage();
        },
      },
      { imagesAtOnce: 2 },
    );
    const begun = [ask({ prompt: 'a' }), ask({ prompt: 'b' })];
    await expect.poll(() => open3).toBe(2);
    const refused = await ask({ prompt: 'c' });
    expect(refused.statusCode).toBe(429);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(refused.json().error).toBe('Too many requests');
    const bobs = ask({ prompt: 'd' }, asBob);
    await expect.poll(() => open3).toBe(3);
    for (const end of waiting) end();
    for (const each of [...begun, bobs]) expect((await each).statusCode).toBe(200);
    const next = ask({ prompt: 'e' });
    await expect.poll(() => waiting.length).toBe(4);
    waiting[3]?.();
    expect((await next).statusCode).toBe(200);
  });

  it('asks for so many pictures in a minute, mistakes not counted', async () => {
    await open({}, { imagesPerMinute: 2 });
    const statuses: number[] = [];
    for (const prompt of ['', 'a', '', 'b', 'c']) statuses.push((await ask({ prompt })).statusCode);
    expect(statuses).toEqual([400, 200, 400, 200, 429]);
    const refused = await ask({ prompt: 'd' });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(refused.headers['retry-after']).toMatch(/^\d+$/);
    expect((await ask({ prompt: 'e' }, asBob)).statusCode).toBe(200);
  });

  it('loses no place to a picture that failed', async () => {
    const generate = async () => {
      throw exhausted('unavailable');
    };
    await open({ generate }, { imagesAtOnce: 1 });
    for (const _ of [1, 2, 3]) expect((await ask({ prompt: 'a' })).statusCode).toBe(502);
  });
});
