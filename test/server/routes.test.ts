import { Validator } from '@seriousme/openapi-schema-validator';
import { afterEach, describe, expect, it } from 'vitest';
import { BoardError, ConfigError } from '../../src/core/errors.ts';
import type { PassState } from '../../src/core/pass.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { fakePost } from '../support/fake-post.ts';
import { asAnn, fakeParts, openServer, type OpenServer, type PartsOverrides } from '../support/server/server-rig.ts';
import { providerState } from '../support/chain/provider-state.ts';

let server: OpenServer;

async function open(overrides: PartsOverrides = {}): Promise<ReturnType<typeof fakeParts>> {
  const parts = fakeParts(overrides);
  server = await openServer({ parts });
  return parts;
}

afterEach(async () => server.close());

const get = (url: string, headers: Record<string, string> = asAnn) => server.inject({ url, headers });
const post = (url: string, headers: Record<string, string> = asAnn) => server.inject({ method: 'POST', url, headers });

const redact = (text: string) => text.replaceAll('s3cret', '[secret]');

describe('health', () => {
  it('is told to strangers, with the reason', async () => {
    await open({ redact, health: { liveness: () => ({ ok: true, reason: 'Alive, s3cret.' }) } });
    const live = await get('/healthz', {});
    expect([live.statusCode, live.json()]).toEqual([200, { status: 'ok', reason: 'Alive, [secret].' }]);
    const ready = await get('/readyz', {});
    expect([ready.statusCode, ready.json()]).toEqual([
      200,
      { status: 'ready', reason: 'The last pass went well.', lastGoodPassAt: '2026-11-21T10:00:00.000Z' },
    ]);
  });

  it('is bad when the loop is dead', async () => {
    await open({ health: { liveness: () => ({ ok: false, reason: 'No pass for an hour.' }) } });
    const live = await get('/healthz', {});
    expect([live.statusCode, live.json()]).toEqual([503, { status: 'dead', reason: 'No pass for an hour.' }]);
    const ready = await get('/readyz', {});
    expect([ready.statusCode, ready.json()]).toEqual([503, { status: 'not ready', reason: 'No pass for an hour.' }]);
  });

  it('is not ready when the board is out of reach, or no pass was made yet', async () => {
    await open({
      health: {
        readiness: () => ({ ok: false, reason: 'Notion is out of reach.' }),
        facts: () => ({ passes: {} }),
      },
    });
    expect((await get('/healthz', {})).statusCode).toBe(200);
    const ready = await get('/readyz', {});
    expect([ready.statusCode, ready.json().reason]).toEqual([503, 'Notion is out of reach.']);
    await server.close();
    await open({ health: { facts: () => ({ passes: {} }) } });
    expect((await get('/readyz', {})).json().lastGoodPassAt).toBeNull();
  });

  it('waits for nobody', async () => {
    const never = new Promise<never>(() => {});
    await open({ board: { look: () => never }, budget: { state: () => never }, generate: () => never });
    void server.inject({ method: 'POST', url: '/api/ai/generate-image', headers: asAnn, payload: { prompt: 'a' } });
    expect((await get('/healthz', {})).statusCode).toBe(200);
    expect((await get('/readyz', {})).statusCode).toBe(200);
  });
});

describe('image-status', () => {
  it('says of whom the budget leaves out and of whom may be tried again what is so now', async () => {
    await open({
      clock: createFakeClock(),
      chain: {
        state: () => [
          providerState('huggingface', 'Hugging Face', { admits: false }),
          providerState('stable-diffusion', 'Stable Diffusion', { code: 'rate_limited', admits: true }),
        ],
      },
    });
    expect((await get('/api/ai/image-status')).json()).toMatchObject({
      providers: [
        { name: 'huggingface', state: 'over_budget', until: null },
        { name: 'stable-diffusion', state: 'ready', until: null },
        {},
        {},
      ],
    });
  });

  it('tells of each provider how it stands', async () => {
    const clock = createFakeClock();
    const until = Date.UTC(2026, 11, 1);
    const parts = await open({
      clock,
      redact,
      chain: {
        state: () => [
          providerState('huggingface', 'Hugging Face', { code: 'out_of_credit', until }),
          providerState('stable-diffusion', 'Stable Diffusion', {
            code: 'unreachable',
            until: clock.now() - 1,
            kind: 'half-open',
          }),
          providerState('placeholder', 'Free API Placeholder'),
        ],
      },
    });
    const call = {
      provider: 'huggingface',
      label: 'Hugging Face',
      model: 'flux',
      startedAt: '2026-11-21T09:00:00.000Z',
    };
    parts.events.emit('attempt', { ...call, durationMs: 4000, outcome: 'ok' });
    parts.events.emit('attempt', { ...call, durationMs: 20, outcome: 'out_of_credit', detail: '402 for s3cret' });
    const answer = await get('/api/ai/image-status');
    expect(answer.json()).toEqual({
      providers: [
        {
          name: 'huggingface',
          label: 'Hugging Face',
          configured: true,
          state: 'out_of_credit',
          until: '2026-12-01T00:00:00.000Z',
          lastError: '402 for [secret]',
          medianMs: 4000,
        },
        {
          name: 'stable-diffusion',
          label: 'Stable Diffusion',
          configured: true,
          state: 'unreachable',
          until: null,
          lastError: null,
          medianMs: null,
        },
        {
          name: 'placeholder',
          label: 'Free API Placeholder',
          configured: true,
          state: 'ready',
          until: null,
          lastError: null,
          medianMs: null,
        },
        {
          name: 'replicate',
          label: 'Replicate',
          configured: false,
          state: 'not_configured',
          until: null,
          lastError: null,
          medianMs: null,
        },
      ],
    });
  });
});

describe('sync', () => {
  it('begins a pass, and tells what becomes of it', async () => {
    await open();
    const begun = await post('/api/sync');
    expect(begun.statusCode).toBe(202);
    expect(begun.json()).toEqual({ id: 'pass-1', state: 'queued', statusUrl: '/api/sync/pass-1' });
    expect(begun.headers.location).toBe('/api/sync/pass-1');
    const found = await get('/api/sync/pass-1');
    expect([found.statusCode, found.json().state, found.json().reason]).toEqual([200, 'queued', 'request']);
    expect((await get('/api/sync/pass-2')).statusCode).toBe(404);
  });

  it('takes an empty body that is called JSON', async () => {
    await open();
    expect((await post('/api/sync', { ...asAnn, 'content-type': 'application/json' })).statusCode).toBe(202);
  });

  it('tells all of a pass that has ended', async () => {
    const pass: PassState = {
      id: 'p',
      reason: 'schedule',
      scope: 'board',
      state: 'failed',
      requestedAt: '2026-11-21T10:00:00.000Z',
      startedAt: '2026-11-21T10:00:00.000Z',
      endedAt: '2026-11-21T10:01:00.000Z',
      summary: {
        done: 1,
        failed: 2,
        skipped: 3,
        providers: { 'Hugging Face': 1 },
        costUsd: 0.003,
        possibleUsd: 0,
        durationMs: 60_000,
      },
      error: 'Notion refused s3cret.',
    };
    await open({ redact, passes: { find: () => pass } });
    const { scope: _, ...shown } = pass;
    expect((await get('/api/sync/p')).json()).toEqual({ ...shown, error: 'Notion refused [secret].' });
  });

  it('is refused while passes are paused, and while the worker stops', async () => {
    await open();
    await post('/api/pause');
    const paused = await post('/api/sync');
    expect([paused.statusCode, paused.json().error]).toEqual([409, 'Paused']);
    await server.close();
    await open({ passes: { request: () => undefined } });
    const stopping = await post('/api/sync');
    expect([stopping.statusCode, stopping.json().error]).toEqual([503, 'Stopping']);
  });
});

describe('control', () => {
  it('pauses and resumes', async () => {
    await open();
    expect((await post('/api/pause')).json()).toEqual({ paused: true, since: '2026-11-21T10:00:00.000Z' });
    expect((await post('/api/pause')).json()).toEqual({ paused: true, since: '2026-11-21T10:00:00.000Z' });
    expect((await post('/api/resume')).json()).toEqual({ paused: false, since: null });
  });

  const id = '11111111-2222-3333-4444-5555555555aa';

  it('tries a row again by its id, with or without dashes, and begins a pass', async () => {
    const retried: string[] = [];
    await open({
      board: {
        retry: async (post) => {
          retried.push(post);
          return fakePost({ id: post });
        },
      },
    });
    const first = await post(`/api/rows/${id}/retry`);
    expect([first.statusCode, first.json()]).toEqual([202, { id, pass: 'pass-1' }]);
    await post(`/api/rows/${id.replaceAll('-', '').toUpperCase()}/retry`);
    expect(retried).toEqual([id, id]);
    await post('/api/pause');
    expect((await post(`/api/rows/${id}/retry`)).json()).toEqual({ id });
  });

  it.each(['x', `${id}0`, `${id}%00`, '..%2f', 'null'])('tries no row again by %s', async (wrong) => {
    await open();
    const answer = await post(`/api/rows/${wrong}/retry`);
    expect(answer.statusCode).toBe(400);
    expect(answer.json().field).toBe('id');
  });

  it.each([
    [404, new BoardError('gone', 'The row is gone.'), 'Not found'],
    [409, new BoardError('refused', 'The row is being served.'), 'Board refused'],
    [502, new BoardError('unreachable', 'Notion is out of reach: try again.'), 'Board out of reach'],
    [502, new ConfigError('NOTION_TOKEN is not accepted.'), 'Board not usable'],
    [500, new Error('boom'), 'Internal error'],
  ])('answers %i when the board says: %s', async (status, error, title) => {
    await open({
      board: {
        retry: async () => {
          throw error;
        },
      },
    });
    const answer = await post(`/api/rows/${id}/retry`);
    expect([answer.statusCode, answer.json().error]).toEqual([status, title]);
    expect(answer.json().message.includes(error.message)).toBe(status !== 500);
  });

  it('asks a configured provider again', async () => {
    const forgotten: string[] = [];
    await open({ chain: { forget: async (name) => void forgotten.push(name) } });
    const answer = await post('/api/providers/huggingface/ask-again');
    expect([answer.statusCode, answer.json()]).toEqual([200, { name: 'huggingface' }]);
    for (const name of ['replicate', 'nobody', '__proto__']) {
      expect((await post(`/api/providers/${name}/ask-again`)).statusCode, name).toBe(404);
    }
    expect(forgotten).toEqual(['huggingface']);
  });
});

describe('a notice', () => {
  const send = (payload: string | Buffer, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
    server.inject({ method: 'POST', url: '/webhooks/notion', headers, payload });

  it('is handed on as it came in, with its headers', async () => {
    const heard: { body: string; signature: unknown }[] = [];
    await open({
      redact,
      notice: async (body, headers) => {
        heard.push({ body: Buffer.from(body).toString(), signature: headers['x-notion-signature'] });
        return { status: 200, message: 'Noted s3cret.' };
      },
    });
    const types = ['application/json', 'application/json; charset=utf-8', 'application/vnd.api+json'];
    for (const type of types) {
      const answer = await send(' {"a" : 1,\n', { 'content-type': type, 'x-notion-signature': 'sha256=ab' });
      expect([answer.statusCode, answer.json()]).toEqual([200, { message: 'Noted [secret].' }]);
    }
    expect(heard).toEqual(types.map(() => ({ body: ' {"a" : 1,\n', signature: 'sha256=ab' })));
    expect((await server.inject({ method: 'POST', url: '/webhooks/notion' })).statusCode).toBe(200);
    expect(heard[3]?.body).toBe('');
  });

  it('is refused in the words of whoever judges it', async () => {
    await open({ notice: async () => ({ status: 401, message: 'The signature is wrong.' }) });
    const answer = await send('{}');
    expect([answer.statusCode, answer.json()]).toEqual([
      401,
      { error: 'Unauthorized', message: 'The signature is wrong.' },
    ]);
  });

  it('is JSON, and small', async () => {
    await open();
    expect((await send('a', { 'content-type': 'text/plain' })).statusCode).toBe(415);
    expect((await send('a', { 'content-type': 'application/jsonp' })).statusCode).toBe(415);
    expect((await send(Buffer.alloc(64 * 1024 + 1))).statusCode).toBe(413);
    expect((await send(Buffer.alloc(64 * 1024))).statusCode).toBe(200);
  });
});

describe('what is not there', () => {
  it('is told so, as is the way to ask for what is there', async () => {
    await open();
    const nothing = await post('/api/nothing', { 'content-type': 'text/plain' });
    expect([nothing.statusCode, nothing.json().error]).toEqual([404, 'Not found']);
    const wrong = await get('/api/sync');
    expect([wrong.statusCode, wrong.headers.allow]).toEqual([405, 'POST']);
    const removed = await server.inject({ method: 'DELETE', url: '/api/sync/x', headers: asAnn });
    expect([removed.statusCode, removed.headers.allow]).toEqual([405, 'GET, HEAD']);
  });
});

describe('the document', () => {
  it('is valid, and tells of every route with its errors', async () => {
    await open();
    const document = (await get('/docs/json')).json();
    const verdict = await new Validator().validate(document);
    expect(verdict.errors ?? []).toEqual([]);
    expect(verdict.valid).toBe(true);
    expect(document.openapi).toBe('3.1.0');
    expect(document.info.version).toBe('0.0.0-test');
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining([
        '/healthz',
        '/readyz',
        '/login',
        '/logout',
        '/api/ai/generate-image',
        '/api/ai/image-status',
        '/uploads/images/{user}/{file}',
        '/pictures/{file}',
        '/api/sync',
        '/api/sync/{id}',
        '/api/pause',
        '/api/resume',
        '/api/rows/{id}/retry',
        '/api/providers/{name}/ask-again',
        '/webhooks/notion',
        '/metrics',
        '/api/overview',
        '/api/events',
      ]),
    );
    const generate = document.paths['/api/ai/generate-image'].post;
    expect(Object.keys(generate.responses)).toEqual('200 400 401 403 413 415 422 429 500 502 503 504'.split(' '));
    const { width } = generate.requestBody.content['application/json'].schema.properties;
    expect(width).toMatchObject({
      default: 512,
      anyOf: [{ type: 'integer', minimum: 256, maximum: 2048 }, { type: 'null' }],
    });
    expect(document.paths['/healthz'].get.security).toEqual([]);
    expect(Object.keys(document.components.securitySchemes)).toEqual(['bearer', 'cookie']);
    const tags = new Set(document.tags.map(({ name }: { name: string }) => name));
    for (const methods of Object.values<Record<string, { tags?: string[]; summary?: string }>>(document.paths)) {
      for (const { tags: own = [], summary } of Object.values(methods)) {
        expect(own.every((tag) => tags.has(tag)) && own.length === 1, summary).toBe(true);
      }
    }
  });

  it('is shown on a page whose scripts and styles are ours', async () => {
    await open();
    const page = await get('/docs');
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-security-policy']).toMatch(/default-src 'none'; script-src 'self';/);
    expect(page.headers['content-security-policy']).not.toMatch(/upgrade-insecure|https:/);
    expect((await get('/docs/yaml')).body).toMatch(/^openapi: 3\.1\.0/);
    for (const [, address] of page.body.matchAll(/(?:src|href)="([^"]+)"/g)) {
      expect((await get(address ?? '')).statusCode, address).toBe(200);
    }
  });
});

describe('headers', () => {
  it('keep browsers from what no page of ours asks for', async () => {
    await open();
    const { headers } = await get('/api/ai/image-status');
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none';script-src 'self' 'sha256-[\w+/]{43}=';style-src 'self';img-src 'self' data:;connect-src 'self';form-action 'self';base-uri 'none';frame-ancestors 'none'$/,
    );
    expect(headers['strict-transport-security']).toBeUndefined();
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
    });
  });
});

describe('the log', () => {
  it('has one line for each request, without its address', async () => {
    const lines: object[] = [];
    const keep = (data: object) => void lines.push(data);
    await open({ log: { debug: keep, info: keep, warn() {}, error: keep } });
    lines.length = 0;
    await get('/api/sync/p?token=secret');
    await get('/nothing?token=secret', {});
    expect(lines).toEqual([
      { method: 'GET', route: '/api/sync/:id', status: 404, durationMs: expect.any(Number), userId: 'ann' },
      { method: 'GET', route: 'unknown', status: 404, durationMs: expect.any(Number), userId: undefined },
    ]);
  });
});
