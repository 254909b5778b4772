import { describe, expect, it, vi } from 'vitest';

import { ConfigError } from '../../../src/core/errors.ts';
import { type Log, silentLog } from '../../../src/lib/log.ts';
import { createNotionClient, type NotionClient } from '../../../src/notion/client/client.ts';
import { createFakeClock, createManualClock } from '../../support/fake-clock.ts';
import {
  type Act,
  type FaultServer,
  hang,
  json,
  ok,
  page,
  refusal,
  reset,
  slowBody,
  until,
} from '../../support/notion/fault-server.ts';
import { failure, me, okAt, pageId, rateLimited, setUp, token } from '../../support/notion/setup.ts';

describe('a request that succeeds', () => {
  it('carries token, version and path, and uses one slot', async () => {
    const clock = createFakeClock();
    const { server, notion } = await setUp([ok], { clock });
    expect(await me(notion)).toMatchObject({ id: 'bot' });
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]).toMatchObject({
      method: 'GET',
      path: '/v1/users/me',
      headers: { authorization: `Bearer ${token}`, 'notion-version': '2026-03-11' },
    });
    expect(notion.limiter.free()).toBe(999);
    await clock.sleep(60_000);
    expect(notion.limiter.free()).toBe(1000);
  });

  it('accepts an API address that ends in slashes', async () => {
    const { server, notion } = await setUp([ok], { clock: createFakeClock() });
    const other = createNotionClient({
      token,
      apiUrl: `${server.url}//`,
      requestsPerMinute: 10,
      clock: createFakeClock(),
      random: () => 0,
      log: silentLog,
      signal: new AbortController().signal,
    });
    await me(other);
    expect(server.requests[0]?.path).toBe('/v1/users/me');
    expect(notion.clockSkewMs()).toBeUndefined();
  });

  it('sends a file again in full when the first attempt is answered with 409', async () => {
    const { server, notion } = await setUp([refusal(409, 'conflict_error', 'Conflict'), ok], {
      clock: createFakeClock(),
    });
    await notion.call({ doing: 'upload', repeatable: false }, (client) =>
      client.fileUploads.send({
        file_upload_id: pageId,
        file: { filename: 'a.png', data: new Blob(['PIXELS'], { type: 'image/png' }) },
      }),
    );
    expect(server.requests.map(({ body }) => body.includes('PIXELS'))).toEqual([true, true]);
  });

  it('takes its slots from the permit first, and its own after that', async () => {
    const { notion } = await setUp([ok], { clock: createFakeClock(), requestsPerMinute: 5 });
    const permit = await notion.limiter.acquire(2);
    await me(notion, { permit });
    await me(notion, { permit });
    expect(permit.left).toBe(0);
    expect(notion.limiter.free()).toBe(3);
    await me(notion, { permit });
    expect(notion.limiter.free()).toBe(2);
  });

  it('tells how far the clocks are apart, by the latest answer', async () => {
    const { notion } = await setUp([okAt(90_000), okAt(-5000), json(200, {}, { date: 'nonsense' })], {
      clock: createFakeClock(),
    });
    await me(notion);
    expect(notion.clockSkewMs()).toBe(90_000);
    await me(notion);
    expect(notion.clockSkewMs()).toBe(-5000);
    await me(notion);
    expect(notion.clockSkewMs()).toBe(-5000);
  });

  it('lets the errors of the caller’s own code through', async () => {
    const { server, notion } = await setUp([ok], { clock: createFakeClock() });
    const own = new TypeError('mine');
    const work = notion.call({ doing: 'x' }, async (client) => {
      await client.users.me({});
      throw own;
    });
    expect(await failure(work)).toBe(own);
    expect(server.requests).toHaveLength(1);
  });

  it('is refused outside of a call', async () => {
    const { server, notion } = await setUp([ok], { clock: createFakeClock() });
    const client = await notion.call({ doing: 'x' }, async (client) => client);
    await expect(client.users.me({})).rejects.toThrow('outside of a call');
    expect(server.requests).toHaveLength(0);
  });
});

describe('an abort', () => {
  interface Wait {
    script: Act[];
    prepare?: (notion: NotionClient) => Promise<unknown>;
    begun: (state: { notion: NotionClient; server: FaultServer; sleeping: number }) => boolean;
  }
  const waits: [string, Wait][] = [
    [
      'a slot',
      {
        script: [ok],
        prepare: (notion) => notion.limiter.acquire(1),
        begun: ({ notion }) => notion.limiter.congested(),
      },
    ],
    [
      'the end of a pause',
      { script: [rateLimited({ 'retry-after': '60' })], begun: ({ notion }) => notion.limiter.congested() },
    ],
    ['headers', { script: [hang], begun: ({ server }) => server.requests.length === 1 }],
    ['the body', { script: [slowBody], begun: ({ server }) => server.requests.length === 1 }],
    ['the next attempt', { script: [page(502, '')], begun: ({ sleeping }) => sleeping === 1 }],
  ];

  it.each(waits)('of a wait for %s by the shutdown rejects with its reason', async (_name, wait) => {
    const { script, prepare, begun } = wait;
    const clock = createManualClock();
    const shutdown = new AbortController();
    const { server, notion } = await setUp(script, { clock, requestsPerMinute: 1, signal: shutdown.signal });
    await prepare?.(notion);
    const work = failure(me(notion));
    await until(() => begun({ notion, server, sleeping: clock.sleeping() }));
    shutdown.abort('any value at all');
    expect(await work).toBe('any value at all');
    expect(clock.sleeping()).toBe(0);
    expect(server.requests.length).toBeLessThanOrEqual(1);
  });

  it('before the call starts nothing', async () => {
    const { server, notion } = await setUp([ok], { clock: createFakeClock(), signal: AbortSignal.abort('down') });
    expect(await failure(me(notion))).toBe('down');
    expect(server.requests).toHaveLength(0);
  });

  it('after the call is not listened to', async () => {
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, 'addEventListener');
    const removed = vi.spyOn(signal, 'removeEventListener');
    const { notion } = await setUp([ok], { clock: createFakeClock(), signal });
    await me(notion);
    const listeners = (spy: typeof added | typeof removed) => spy.mock.calls.map(([, listener]) => listener);
    expect(listeners(added)).not.toEqual([]);
    expect(listeners(removed)).toEqual(listeners(added));
  });
});

describe('silence', () => {
  it('keeps the token out of messages, causes and logs, and the console empty', async () => {
    const written: unknown[] = [];
    const write = (data: object, message: string) => void written.push(JSON.stringify(data), message);
    const log: Log = { debug: write, info: write, warn: write, error: write };
    const consoles = (['log', 'info', 'warn', 'error', 'debug'] as const).map((level) => vi.spyOn(console, level));
    const errors: unknown[] = [];
    for (const act of [refusal(401, 'unauthorized', 'API token is invalid.'), reset, page(502, ''), ok]) {
      const { notion } = await setUp([act], { clock: createFakeClock(), log });
      errors.push(await failure(me(notion)));
      errors.push(await failure(notion.call({ doing: 'x' }, (client) => client.pages.retrieve({ page_id: '..' }))));
    }
    for (const error of errors) {
      for (let cause = error; cause instanceof Error; cause = cause.cause) {
        expect(`${cause.message}${cause.stack}`).not.toContain(token);
      }
    }
    expect(written.length).toBeGreaterThan(0);
    expect(written.join('\n')).not.toContain(token);
    for (const spy of consoles) {
      expect(spy).not.toHaveBeenCalled();
      spy.mockRestore();
    }
  });

  it.each(['', 'ntn_a b', 'ntn_a\n', '“ntn_a”'])('refuses the token %j without quoting it', (token) => {
    const options = { token, apiUrl: 'http://127.0.0.1:1', requestsPerMinute: 1, random: () => 0, log: silentLog };
    const create = () =>
      createNotionClient({ ...options, clock: createFakeClock(), signal: new AbortController().signal });
    expect(create).toThrow(ConfigError);
    expect(create).not.toThrow('ntn_a');
  });
});
