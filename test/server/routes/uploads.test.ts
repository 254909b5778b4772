import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ServerSettings } from '../../../src/server/settings.ts';
import { sendRaw } from '../../support/server/raw.ts';
import {
  annToken,
  asAnn,
  asBob,
  fakeParts,
  fakeSettings,
  openServer,
  type OpenServer,
} from '../../support/server/server-rig.ts';

const file = '1795255200000-generated.png';
const address = `/uploads/images/user-ann/${file}`;
const bytes = Buffer.from('\u0089PNG not really, but nobody looks');

let folder: string;
let server: OpenServer;
let thumbnails: string[];

async function open(settings: Partial<ServerSettings> = {}): Promise<void> {
  const folders = { images: folder, uploads: join(folder, 'uploads') };
  const thumbnail = async (path: string) => {
    thumbnails.push(path);
    return path.includes('absent') ? undefined : Buffer.from('webp');
  };
  server = await openServer({ parts: fakeParts({ folders, thumbnail }), settings: fakeSettings(settings) });
}

beforeEach(async () => {
  thumbnails = [];
  folder = await mkdtemp(join(tmpdir(), 'uploads-'));
  const anns = join(folder, 'uploads', 'images', 'user-ann');
  await mkdir(join(anns, '1795255200009-generated.png'), { recursive: true });
  await mkdir(join(folder, 'uploads', 'images', 'user-bob'));
  await writeFile(join(anns, file), bytes);
  await writeFile(join(anns, '1795255200000-generated.json'), '{"prompt":"secret"}');
  await writeFile(join(folder, 'secret.png'), 'secret');
  await symlink(join(folder, 'secret.png'), join(anns, '1795255200001-generated.png'));
  await writeFile(join(folder, 'flux_generated_20261121_100000_1.png'), bytes);
  await writeFile(join(folder, 'flux_generated_20261121_100000_1.json'), '{"prompt":"secret"}');
});

afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

describe('a picture made over HTTP', () => {
  it('is served to whoever asked for it, and kept by their browser for ever', async () => {
    await open();
    const answer = await server.inject({ url: address, headers: asAnn });
    expect(answer.statusCode).toBe(200);
    expect(answer.rawPayload).toEqual(bytes);
    expect(answer.headers).toMatchObject({
      'content-type': 'image/png',
      'content-length': String(bytes.length),
      'content-disposition': 'inline',
      'cache-control': 'private, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
    });
  });

  it('is served by parts, as its head, and not at all when it is known already', async () => {
    await open();
    const whole = await server.inject({ url: address, headers: asAnn });
    const part = await server.inject({ url: address, headers: { ...asAnn, range: 'bytes=1-3' } });
    expect([part.statusCode, part.rawPayload]).toEqual([206, bytes.subarray(1, 4)]);
    const head = await server.inject({ method: 'HEAD', url: address, headers: asAnn });
    expect([head.statusCode, head.body, head.headers['content-length']]).toEqual([200, '', String(bytes.length)]);
    const known = { ...asAnn, 'if-none-match': String(whole.headers.etag) };
    expect((await server.inject({ url: address, headers: known })).statusCode).toBe(304);
  });

  it('is served by the cookie that came with it, which is good for nothing else', async () => {
    await open();
    const made = await server.inject({
      method: 'POST',
      url: '/api/ai/generate-image',
      headers: asAnn,
      payload: { prompt: 'a' },
    });
    const cookie = String(made.headers['set-cookie']).split(';')[0] ?? '';
    expect((await server.inject({ url: made.json().imageUrl, headers: { cookie } })).statusCode).toBe(200);
    const session = cookie.replace('ntf_uploads', 'ntf_session');
    for (const headers of [{ cookie }, { cookie: session }]) {
      for (const url of [
        '/api/ai/image-status',
        `/thumbnails${address}`,
        '/pictures/flux_generated_20261121_100000_1.png',
      ]) {
        expect((await server.inject({ url, headers })).statusCode, url).toBe(401);
      }
    }
    expect((await server.inject({ url: address, headers: { cookie: session } })).statusCode).toBe(401);
  });

  it('is served by the cookie of a login', async () => {
    await open();
    const login = await server.inject({ method: 'POST', url: '/login', payload: { token: annToken } });
    const cookie = String(login.headers['set-cookie']).split(';')[0] ?? '';
    expect((await server.inject({ url: address, headers: { cookie } })).statusCode).toBe(200);
  });

  it('is not there for anybody else', async () => {
    await open();
    const absent = await server.inject({ url: '/uploads/images/user-bob/1795255200005-generated.png', headers: asBob });
    const anns = await server.inject({ url: address, headers: asBob });
    expect([absent.statusCode, anns.statusCode]).toEqual([404, 404]);
    expect(anns.body).toBe(absent.body);
    expect(anns.headers['cache-control']).toBe('no-store');
    expect((await server.inject({ url: address })).statusCode).toBe(401);
  });

  it('is served to everyone where that is configured, also on their pages', async () => {
    await open({ uploadsPublic: true });
    const answer = await server.inject({ url: address });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers).toMatchObject({
      'cache-control': 'public, max-age=31536000, immutable',
      'cross-origin-resource-policy': 'cross-origin',
    });
    expect((await server.inject({ url: `/thumbnails${address}` })).statusCode).toBe(200);
    expect((await server.inject({ url: '/uploads/images/user-..%2f..%2f/1.png' })).statusCode).toBe(404);
    expect((await server.inject({ url: '/pictures/flux_generated_20261121_100000_1.png' })).statusCode).toBe(401);
  });

  it('may be shown by pages of the same site where other origins may call', async () => {
    await open({ corsOrigins: ['https://app.example'] });
    const answer = await server.inject({ url: address, headers: asAnn });
    expect(answer.headers['cross-origin-resource-policy']).toBe('same-site');
  });
});

describe('no other path', () => {
  const paths = [
    '/uploads',
    '/uploads/',
    '/uploads/images',
    '/uploads/images/user-ann',
    '/uploads/images/user-ann/',
    '/uploads/images/user-ann/1795255200000-generated.json',
    '/uploads/images/user-ann/1795255200001-generated.png',
    '/uploads/images/user-ann/1795255200009-generated.png',
    '/uploads/images/user-ann/1795255200002-generated.png',
    '/uploads/images/user-ann/1795255200000-generated.png/',
    '/uploads/images/user-ann/1795255200000-generated.png%00',
    '/uploads/images/user-ann/%00',
    '/uploads/images/user-ann/..%2fuser-ann%2f1795255200000-generated.png',
    '/uploads/images/user-ann/../../../secret.png',
    '/uploads/images/user-ann/..%2f..%2f..%2fsecret.png',
    '/uploads/images/user-ann/%2e%2e/%2e%2e/secret.png',
    '/uploads/images/user-ann%2f..%2fuser-ann/1795255200000-generated.png',
    '/uploads/images/..%5cuser-ann/1795255200000-generated.png',
    '/uploads/images/USER-ANN/1795255200000-generated.png',
    '/uploads//images/user-ann/1795255200000-generated.png',
    '/pictures/',
    '/pictures/.state',
    '/pictures/..%2fsecret.png',
    '/pictures/flux_generated_20261121_100000_1.json',
    '/pictures/absent_generated_20261121_100000_1.png',
    '/pictures/uploads%2fimages%2fuser-ann%2f1795255200000-generated.png',
    '/thumbnails/pictures/..%2fsecret.png',
    '/thumbnails/pictures/absent_generated_20261121_100000_1.png',
    '/thumbnails/uploads/images/user-bob/1795255200000-generated.png',
    '/thumbnails/uploads/images/user-ann/1795255200000-generated.json',
  ];

  it('leads to a file', async () => {
    await open();
    for (const url of paths) {
      const answer = await server.inject({ url, headers: asAnn });
      expect(answer.statusCode, url).toBe(404);
      expect(answer.json(), url).toEqual({ error: 'Not found', message: 'Nothing is here: check the address.' });
      expect(answer.headers['content-disposition'], url).toBeUndefined();
    }
    expect(thumbnails).toEqual([join(folder, 'absent_generated_20261121_100000_1.png')]);
  });

  it('leads to a file when it comes as no browser would send it', async () => {
    await open();
    for (const path of [...paths, '/docs/static/..', '/docs/static/../package.json']) {
      const text = await sendRaw(
        server.url,
        `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${annToken}\r\nConnection: close\r\n\r\n`,
      );
      expect(text, path).toMatch(/^HTTP\/1\.1 404 /);
    }
  });
});

describe("a picture of the board's", () => {
  const url = '/pictures/flux_generated_20261121_100000_1.png';

  it('is served to every known caller', async () => {
    await open();
    for (const headers of [asAnn, asBob]) {
      const answer = await server.inject({ url, headers });
      expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'image/png']);
      expect(answer.headers['cache-control']).toBe('private, max-age=31536000, immutable');
    }
    expect((await server.inject({ url })).statusCode).toBe(401);
  });

  it('is served small too', async () => {
    await open();
    const answer = await server.inject({ url: `/thumbnails${url}`, headers: asAnn });
    expect([answer.statusCode, answer.headers['content-type'], answer.body]).toEqual([200, 'image/webp', 'webp']);
    expect(answer.headers['cache-control']).toBe('private, max-age=31536000, immutable');
    const anns = await server.inject({ url: `/thumbnails${address}`, headers: asAnn });
    expect(anns.statusCode).toBe(200);
    expect(thumbnails).toEqual([
      join(folder, 'flux_generated_20261121_100000_1.png'),
      join(folder, 'uploads', 'images', 'user-ann', file),
    ]);
  });
});
