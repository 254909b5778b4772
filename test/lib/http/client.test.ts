import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { type HttpAnswer, HttpError, type HttpRequest, sendRequest } from '../../../src/lib/http/client.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function listen(server: Server): Promise<string> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

const serve = (listener: RequestListener) => listen(createServer(listener));

function call(url: string, more: Partial<HttpRequest> = {}): Promise<HttpAnswer> {
  return sendRequest({ method: 'GET', url, signal: new AbortController().signal, ...more });
}

async function failure(promise: Promise<unknown>): Promise<HttpError> {
  const error: unknown = await promise.catch((reason: unknown) => reason);
  if (!(error instanceof HttpError)) throw new Error('no HttpError', { cause: error });
  return error;
}

describe('sendRequest', () => {
  it('sends objects as JSON, strings and bytes as they are', async () => {
    const seen: unknown[] = [];
    const url = await serve((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        seen.push([request.method, request.headers['content-type'], Buffer.concat(chunks).toString('latin1')]);
        response.end();
      });
    });
    await call(url, { method: 'POST', body: { a: 'é' } });
    await call(url, { method: 'POST', body: '{"b":1}', headers: { 'Content-Type': 'application/json' } });
    await call(url, { method: 'POST', body: Uint8Array.of(0, 255) });
    expect(seen).toEqual([
      ['POST', 'application/json', Buffer.from('{"a":"é"}').toString('latin1')],
      ['POST', 'application/json', '{"b":1}'],
      ['POST', 'application/octet-stream', '\u0000\u00ff'],
    ]);
  });

  it('hands on any status, with headers by lower-case name', async () => {
    const url = await serve((_, response) => {
      response.writeHead(503, { 'X-Thing': 'yes', 'Set-Cookie': ['a=1', 'b=2'] }).end('{"error":"loading"}');
    });
    const answer = await call(url);
    expect(answer.status).toBe(503);
    expect(answer.headers).toMatchObject({ 'x-thing': 'yes', 'set-cookie': 'a=1, b=2' });
    expect(answer.json()).toEqual({ error: 'loading' });
    expect(answer.text()).toBe('{"error":"loading"}');
  });

  it('follows no redirect', async () => {
    let requests = 0;
    const url = await serve((_, response) => {
      requests += 1;
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    expect((await call(url)).status).toBe(302);
    expect(requests).toBe(1);
  });

  it('unpacks compressed answers', async () => {
    const url = await serve((request, response) => {
      const packed = request.url === '/br' ? brotliCompressSync('hello') : gzipSync('hello');
      response.writeHead(200, { 'content-encoding': request.url === '/br' ? 'br' : 'gzip' }).end(packed);
    });
    expect((await call(`${url}/br`)).text()).toBe('hello');
    expect((await call(`${url}/gzip`)).text()).toBe('hello');
  });

  it('shows at most 4 KiB as text, and no JSON as undefined', async () => {
    const url = await serve((_, response) => response.end(`é${'x'.repeat(9000)}`));
    const answer = await call(url);
    expect(answer.text()).toHaveLength(4095);
    expect(answer.json()).toBeUndefined();
  });

  it('takes an answer of exactly maxBytes and refuses one byte more', async () => {
    const url = await serve((_, response) => response.end('x'.repeat(1000)));
    expect((await call(url, { maxBytes: 1000 })).bytes).toHaveLength(1000);
    expect(await failure(call(url, { maxBytes: 999 }))).toMatchObject({ kind: 'too_large', status: 200 });
  });

  it('counts unpacked bytes, and stops an endless answer', async () => {
    const bomb = gzipSync(Buffer.alloc(1_000_000));
    let closed: Promise<unknown> | undefined;
    const url = await serve((request, response) => {
      if (request.url === '/bomb') return response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
      closed = once(response, 'close');
      const flood = () => {
        while (!response.destroyed && response.write('x'.repeat(10_000)));
      };
      response.on('drain', flood);
      return flood();
    });
    expect(bomb.byteLength).toBeLessThan(5000);
    expect((await failure(call(`${url}/bomb`, { maxBytes: 5000 }))).kind).toBe('too_large');
    expect((await failure(call(`${url}/flood`, { maxBytes: 50_000 }))).kind).toBe('too_large');
    await closed;
  });

  it('tells a refused connection from a lost one', async () => {
    const server = createTcpServer();
    const url = await listen(server);
    server.close();
    await once(server, 'close');
    const error = await failure(call(`${url}/path?secret=1`, { method: 'POST', body: {} }));
    expect(error).toMatchObject({ kind: 'unreachable', code: 'ECONNREFUSED' });
    expect(error.message).toBe(`cannot be reached at ${url.slice(7)} (connection refused)`);
  });

  it('knows an unknown host name as unreachable', async () => {
    expect((await failure(call('http://name.invalid/'))).kind).toBe('unreachable');
  });

  it('knows a failed TLS handshake as unreachable, for nothing was sent', async () => {
    const url = await listen(
      createTcpServer((socket) => void socket.once('data', () => socket.end('HTTP/1.1 400\r\n\r\n'))),
    );
    const error = await failure(call(url.replace('http:', 'https:'), { method: 'POST', body: {} }));
    expect(error).toMatchObject({ kind: 'unreachable' });
  });

  it.each([
    ['before the answer', ''],
    ['after the head', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n'],
    ['within the body', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf'],
    ['within a chunked body', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
    ['within a compressed body', 'HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 100\r\n\r\nhalf'],
  ])('knows a connection lost %s as broken', async (_, head) => {
    for (const end of ['resetAndDestroy', 'destroySoon'] as const) {
      const url = await listen(
        createTcpServer((socket) => {
          socket.once('data', () => socket.write(head, () => socket[end]()));
        }),
      );
      const error = await failure(call(url, { method: 'POST', body: {} }));
      expect(error).toMatchObject({ kind: 'broken' });
    }
  });

  it('knows an answer that is not HTTP as broken', async () => {
    const url = await listen(createTcpServer((socket) => void socket.once('data', () => socket.end('SSH-2.0\r\n'))));
    expect((await failure(call(url))).kind).toBe('broken');
  });

  it('sends nothing when already aborted', async () => {
    let requests = 0;
    const url = await serve((_, response) => {
      requests += 1;
      response.end();
    });
    const reason = new Error('stopped');
    await expect(call(url, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(requests).toBe(0);
  });

  it.each(['/silent', '/drip', '/gzip-drip'])(
    'ends with the reason and closes the socket when aborted at %s',
    async (path) => {
      const controller = new AbortController();
      const reason = new Error('deadline');
      let closed: Promise<unknown> | undefined;
      const url = await serve((request, response) => {
        closed = new Promise((resolve) => request.socket.once('close', resolve));
        if (request.url === '/silent') return controller.abort(reason);
        const isPacked = request.url === '/gzip-drip';
        response.writeHead(200, { 'content-length': '100000', ...(isPacked && { 'content-encoding': 'gzip' }) });
        response.write(gzipSync('drop'), () => setImmediate(() => controller.abort(reason)));
      });
      await expect(call(url + path, { signal: controller.signal })).rejects.toBe(reason);
      await closed;
    },
  );

  it('does not go through a proxy to a loopback host', async () => {
    const before = process.env['http_proxy'];
    process.env['http_proxy'] = 'http://127.0.0.1:9';
    try {
      const url = await serve((_, response) => response.end('direct'));
      expect((await call(url)).text()).toBe('direct');
      expect((await call(url.replace('127.0.0.1', 'localhost'))).text()).toBe('direct');
      expect((await failure(call('http://name.invalid/'))).message).toContain('refused');
    } finally {
      if (before === undefined) delete process.env['http_proxy'];
      else process.env['http_proxy'] = before;
    }
  });
});
