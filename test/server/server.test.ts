import { getEventListeners } from 'node:events';
import { connect } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { ConfigError } from '../../src/core/errors.ts';
import { silentLog } from '../../src/lib/log.ts';
import { buildServer } from '../../src/server/build.ts';
import type { ServerSettings } from '../../src/server/settings.ts';
import { listen, startServer } from '../../src/server/server.ts';
import { sendRaw } from '../support/server/raw.ts';
import {
  asAnn,
  asBob,
  fakeParts,
  fakeImage,
  fakeSettings,
  openServer,
  type OpenServer,
  type PartsOverrides,
} from '../support/server/server-rig.ts';

async function open(parts: PartsOverrides = {}, settings: Partial<ServerSettings> = {}): Promise<OpenServer> {
  const server = await openServer({ parts: fakeParts(parts), settings: fakeSettings(settings) });
  onTestFinished(() => server.close());
  return server;
}

function askFor(url: string, signal?: AbortSignal, headers: Record<string, string> = asAnn): Promise<Response> {
  return fetch(`${url}/api/ai/generate-image`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: '{"prompt":"a harbour"}',
    ...(signal && { signal }),
  });
}

/** A promise and what settles it. */
function gate() {
  let release = () => {};
  const opened = new Promise<void>((resolve) => (release = resolve));
  return { opened, release };
}

describe('listening', () => {
  it('answers with the address', async () => {
    const server = await startServer(fakeParts(), fakeSettings({ host: 'localhost' }));
    onTestFinished(() => server.close());
    const { url } = server;
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  it('says that the port is in use', async () => {
    const first = await open();
    const port = Number(new URL(first.url).port);
    await expect(startServer(fakeParts(), fakeSettings({ port }))).rejects.toThrow(
      new ConfigError(`PORT ${port} is in use: end what uses it, or set PORT to another number.`),
    );
  });

  it('says that the host is not of this machine', async () => {
    await expect(startServer(fakeParts(), fakeSettings({ host: '192.0.2.1' }))).rejects.toThrow(
      /^HOST is "192\.0\.2\.1", which is no address of this machine/,
    );
  });

  it('says that the port may not be used, and passes on what it does not know', async () => {
    const settings = fakeSettings({ port: 80 });
    const fail = (code: string) => Object.assign(new Error(code), { code });
    for (const [code, words] of [
      ['EACCES', /^PORT 80 may not be used/],
      ['EMFILE', /^EMFILE$/],
    ] as const) {
      const app = await buildServer(fakeParts(), settings);
      app.listen = () => Promise.reject(fail(code));
      await expect(listen(app, fakeParts(), settings)).rejects.toThrow(words);
    }
  });

  it('warns of a secret that could be guessed', async () => {
    const warnings: string[] = [];
    const log = { ...silentLog, warn: (_: object, message: string) => void warnings.push(message) };
    const settings = fakeSettings({ tokens: [{ name: 'ann', token: 'short' }] });
    const server = await startServer(fakeParts({ log }), settings);
    onTestFinished(() => server.close());
    expect(warnings).toEqual([expect.stringMatching(/^The token of ann in API_TOKENS has fewer than 16 characters/)]);
  });

  it('gives a request little time to come in, and its answer all it takes', async () => {
    const { app } = await open();
    expect(app.server).toMatchObject({
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      timeout: 0,
      keepAliveTimeout: 65_000,
    });
  });
});

describe('bytes that are no request', () => {
  it.each<[number, string]>([
    [400, 'rubbish\r\n\r\n'],
    [400, 'GET /healthz HTTP/1.1\r\nHost: x\r\nBad Header: x\r\n\r\n'],
    [400, 'GET /healthz\u0000 HTTP/1.1\r\nHost: x\r\n\r\n'],
    [400, 'PLUMP / HTTP/1.1\r\nHost: x\r\n\r\n'],
    [400, 'GET /% HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'],
    [400, 'GET /api/sync/%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'],
    [400, 'POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n'],
    [400, 'POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n'],
    [414, `GET /api/sync/${'x'.repeat(501)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`],
    [431, `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`],
  ])('are answered with %i in the shape of every error: %.60j', async (status, bytes) => {
    const { url } = await open();
    const answer = await sendRaw(url, bytes);
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(head.toLowerCase()).toContain('content-type: application/json');
    expect(Object.keys(JSON.parse(body))).toEqual(['error', 'message']);
  });

  it('are refused without a Host', async () => {
    const { url } = await open();
    expect(await sendRaw(url, 'GET /healthz HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('do no harm to others', async () => {
    const { url } = await open();
    const { port } = new URL(url);
    const reset = connect(Number(port), '127.0.0.1', () => reset.write('GET / HTT'));
    await new Promise((resolve) => reset.once('connect', resolve));
    reset.resetAndDestroy();
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });
});

describe('a caller who goes away', () => {
  it('ends the work', async () => {
    const begun = gate();
    const ended = gate();
    const errors: object[] = [];
    const { url } = await open({
      log: { debug() {}, info() {}, warn() {}, error: (data) => void errors.push(data) },
      generate: async ({ signal }) => {
        begun.release();
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
        ended.release();
        throw signal.reason;
      },
    });
    const leave = new AbortController();
    const asked = askFor(url, leave.signal);
    await begun.opened;
    leave.abort();
    await expect(asked).rejects.toThrow(/abort/);
    await ended.opened;
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect(errors).toEqual([]);
  });

  it('leaves nothing behind, nor does one who stays, nor the server', async () => {
    const { signal } = new AbortController();
    const server = await open({ signal });
    const before = getEventListeners(signal, 'abort').length;
    for (const _ of [1, 2, 3]) expect((await askFor(server.url)).status).toBe(200);
    expect(getEventListeners(signal, 'abort')).toHaveLength(before);
    await server.close();
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

describe('closing', () => {
  it('ends connections that are idle, half open, streaming or waiting for a picture', async () => {
    const begun = gate();
    const aborted = gate();
    const server = await open({
      generate: async ({ signal }) => {
        begun.release();
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
        aborted.release();
        throw signal.reason;
      },
    });
    const { port } = new URL(server.url);
    const silent = connect(Number(port), '127.0.0.1');
    const half = connect(Number(port), '127.0.0.1', () => half.write('GET /healthz HTTP/1.1\r\nHost'));
    const ended = [silent, half].map(
      (socket) => new Promise((resolve) => socket.on('error', () => {}).once('close', resolve)),
    );
    await fetch(`${server.url}/healthz`);
    const stream = await fetch(`${server.url}/api/events`, { headers: asAnn });
    const asked = askFor(server.url).catch((error: unknown) => error);
    await begun.opened;
    await server.close();
    await server.close();
    await aborted.opened;
    await Promise.all(ended);
    expect(await asked).toBeInstanceOf(TypeError);
    await stream.text().catch(() => '');
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow('fetch failed');
  });

  it('lets a picture under way tell that the server stops', async () => {
    const begun = gate();
    const stop = new AbortController();
    const server = await open({
      signal: stop.signal,
      generate: async ({ signal }) => {
        begun.release();
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
        throw signal.reason;
      },
    });
    const asked = askFor(server.url);
    await begun.opened;
    stop.abort(new Error('stopped by a signal'));
    const closed = server.close();
    const answer = await asked;
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ error: 'Stopping' });
    await closed;
  });
});

describe('fifty clients at once', () => {
  it('all get a picture or are told to wait', async () => {
    let running = 0;
    let most = 0;
    const { url } = await open(
      {
        generate: async () => {
          running += 1;
          most = Math.max(most, running);
          await new Promise((resolve) => setImmediate(resolve));
          running -= 1;
          return fakeImage();
        },
      },
      { imagesAtOnce: 4 },
    );
    const answers = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const answer = await askFor(url, undefined, index % 2 === 0 ? asAnn : asBob);
        const body = z.record(z.string(), z.unknown()).parse(await answer.json());
        return { status: answer.status, wait: answer.headers.get('retry-after'), body };
      }),
    );
    expect(answers).toHaveLength(50);
    for (const { status, wait, body } of answers) {
      const isServed = status === 200 && isDeepStrictEqual(Object.entries(body)[0], ['success', true]);
      const isPutOff = status === 429 && /^[1-9]\d*$/.test(wait ?? '');
      expect(isServed || isPutOff, JSON.stringify({ status, wait, body })).toBe(true);
    }
    expect(answers.some(({ status }) => status === 200)).toBe(true);
    expect(most).toBeLessThanOrEqual(8);
    expect(running).toBe(0);
    expect((await askFor(url)).status).toBe(200);
  });

  it('hold up nobody who asks for health', async () => {
    const never = gate();
    const { url } = await open({
      generate: async () => {
        await never.opened;
        return fakeImage();
      },
    });
    const asked = Array.from({ length: 50 }, () => askFor(url));
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    never.release();
    for (const answer of await Promise.all(asked)) expect(answer.status).toBe(200);
  });
});
