import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { sendRaw } from '../support/server/raw.ts';
import { annToken, asAnn, fakeParts, fakeSettings, openServer, type OpenServer } from '../support/server/server-rig.ts';
import { runs } from '../support/runs.ts';

const secret = 'another-users-file';
const fieldNames = [
  'prompt',
  'negativePrompt',
  'width',
  'height',
  'steps',
  'cfgScale',
  'seed',
  'sampler',
  'allowPlaceholder',
];

let folder: string;
let server: OpenServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fuzz-'));
  const bobs = join(folder, 'uploads', 'images', 'user-bob');
  await mkdir(bobs, { recursive: true });
  await writeFile(join(bobs, '1795255200000-generated.png'), secret);
  await writeFile(join(folder, 'secret.txt'), secret);
  // Counters would answer most of it.
  const tokens = Array.from({ length: 50 }, (_, index) => ({ name: `ann${index}`, token: tokenOf(index) }));
  const parts = fakeParts({ folders: { images: folder, uploads: join(folder, 'uploads') } });
  server = await openServer({ parts, settings: fakeSettings({ tokens }) });
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

function tokenOf(index: number): string {
  return `${annToken}-${index}`;
}

/** Another user each time, so that no limit is met. */
let asked = 0;
function headersOfOne(): { authorization: string } {
  asked += 1;
  return { authorization: `Bearer ${tokenOf(asked % 50)}` };
}

/** What is wrong with an answer: a fault of ours, a trace of the code, another user's file, an error in no known shape. */
function faultOf(status: number, body: string, hasBody = true): string {
  if (/\n {4}at |node_modules|\.ts:\d/.test(body)) return 'a trace of the code';
  if (body.includes(secret)) return "another user's file";
  if (status < 400 || !hasBody) return 'none';
  const { success, data } = z.object({ error: z.string(), message: z.string() }).safeParse(JSON.parse(body));
  if (!success) return 'an error in no known shape';
  // The status page is there after a build only.
  return status < 500 || data.error === 'No page' ? 'none' : `a fault: ${status}`;
}

describe('whatever is sent', () => {
  it('as a body is answered decently', async () => {
    const near = fc.oneof(fc.integer(), fc.double(), fc.string(), fc.boolean(), fc.constant(null), fc.jsonValue());
    const request = fc.record(
      Object.fromEntries(fieldNames.map((name) => [name, name === 'prompt' ? fc.oneof(fc.string(), near) : near])),
      { requiredKeys: [] },
    );
    const payload = fc.oneof(
      request.map((value) => JSON.stringify(value)),
      fc.json(),
      fc.string({ unit: 'binary' }),
    );
    await fc.assert(
      fc.asyncProperty(
        payload,
        fc.constantFrom('/api/ai/generate-image', '/login', '/webhooks/notion', '/api/sync'),
        async (body, url) => {
          const headers = { ...headersOfOne(), 'content-type': 'application/json' };
          const remoteAddress = `10.${asked % 250}.${Math.floor(asked / 250) % 250}.1`;
          const answer = await server.inject({ method: 'POST', url, headers, payload: body, remoteAddress });
          expect(faultOf(answer.statusCode, answer.body), body).toBe('none');
        },
      ),
      { numRuns: runs(500) },
    );
  });

  it('as a path is answered decently', async () => {
    const odd = fc.constantFrom(
      '..',
      '.',
      '%2e%2e',
      '%2f',
      '%5c',
      '%00',
      '%',
      '%zz',
      '//',
      '\\',
      ';',
      '?',
      '#',
      'user-bob',
      'user-ann',
      '1795255200000-generated.png',
      'secret.txt',
      'images',
      '*',
      ':id',
      '__proto__',
    );
    const start = fc.constantFrom(
      '/',
      '/uploads/',
      '/uploads/images/',
      '/pictures/',
      '/thumbnails/',
      '/thumbnails/uploads/images/',
      '/page/',
      '/docs/',
      '/docs/static/',
      '/api/sync/',
      '/login?next=',
    );
    const segment = fc.oneof(
      odd,
      odd,
      fc.string({ maxLength: 8 }).map((text) => encodeURIComponent(text.replaceAll(/\p{Surrogate}/gu, ''))),
    );
    const path = fc
      .tuple(start, fc.array(segment, { maxLength: 6 }), fc.constantFrom('/', ''))
      .map(([begin, rest, glue]) => begin + rest.join(glue));
    await fc.assert(
      fc.asyncProperty(
        path,
        fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND'),
        async (url, method) => {
          const { authorization } = headersOfOne();
          const text = await sendRaw(
            server.url,
            `${method} ${url} HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\nConnection: close\r\n\r\n`,
          );
          const [head = '', body = ''] = text.split(/\r\n\r\n(.*)/s);
          const status = Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]);
          expect(faultOf(status, body, method !== 'HEAD'), `${method} ${url}`).toBe('none');
        },
      ),
      { numRuns: runs(500) },
    );
  });

  it('as headers is answered decently', async () => {
    const value = fc.oneof(
      fc.string({ maxLength: 60 }),
      fc.string({ maxLength: 60 }).map((text) => `Bearer ${text}`),
      fc.tuple(fc.base64String(), fc.base64String(), fc.base64String()).map((parts) => `Bearer ${parts.join('.')}`),
      fc.string({ maxLength: 60 }).map((text) => `ntf_session=${text}; ntf_uploads=${text}`),
      fc.constantFrom(
        'bytes=9-1',
        'bytes=-',
        '*/*;q=9',
        'null',
        'http://[',
        'W/"',
        'gzip;q=x',
        'close, upgrade',
        '100-continue',
      ),
    );
    const names = [
      'authorization',
      'cookie',
      'origin',
      'host',
      'accept',
      'range',
      'if-none-match',
      'if-modified-since',
      'content-type',
      'x-forwarded-proto',
      'x-forwarded-for',
      'sec-fetch-site',
      'accept-encoding',
      'accept-version',
    ];
    const headers = fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 5 });
    const urls = [
      '/',
      '/login',
      '/api/sync/x',
      '/uploads/images/user-bob/1795255200000-generated.png',
      '/docs/json',
      '/healthz',
    ];
    await fc.assert(
      fc.asyncProperty(headers, fc.constantFrom(...urls), fc.boolean(), async (given, url, isKnown) => {
        asked += 1;
        const remoteAddress = `10.${asked % 250}.${Math.floor(asked / 250) % 250}.2`;
        const all = { ...given, ...(isKnown && headersOfOne()) };
        const answer = await server.inject({ url, headers: all, remoteAddress });
        expect(faultOf(answer.statusCode, answer.body), JSON.stringify(all)).toBe('none');
      }),
      { numRuns: runs(500) },
    );
  });

  it('takes any form of the login page without a fault, and leads to no other place than ours', async () => {
    const field = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('/docs', '/日', '//x', '/\u0000', ''));
    await fc.assert(
      fc.asyncProperty(field, fc.boolean(), async (next, isRight) => {
        asked += 1;
        const answer = await server.inject({
          method: 'POST',
          url: '/login',
          remoteAddress: `10.${asked % 250}.${Math.floor(asked / 250) % 250}.3`,
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          payload: new URLSearchParams({ token: isRight ? tokenOf(0) : 'guess', next }).toString(),
        });
        expect(answer.statusCode).toBe(isRight ? 303 : 401);
        expect(answer.headers.location ?? '/').toMatch(/^\/(?!\/)/);
      }),
      { numRuns: runs(300) },
    );
  });

  it('finds the file where it is asked for by its owner, so that the above means something', async () => {
    await server.close();
    const parts = fakeParts({ folders: { images: folder, uploads: join(folder, 'uploads') } });
    server = await openServer({ parts, settings: fakeSettings({ tokens: [{ name: 'bob', token: annToken }] }) });
    const answer = await server.inject({ url: '/uploads/images/user-bob/1795255200000-generated.png', headers: asAnn });
    expect(answer.body).toBe(secret);
  });
});
