import * as fc from 'fast-check';
import nock from 'nock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProviderError } from '../../src/core/errors.ts';
import { fetchImage, readHeader } from '../../src/providers/image.ts';
import { drawPng } from '../support/fakes/automatic1111-image.ts';
import { failureOf } from '../support/fakes/automatic1111-provider.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { bomb } from '../support/images/images.ts';

const png = await drawPng({ width: 64, height: 48, seed: 1, parameters: '' });
const base64 = png.toString('base64');
const { signal } = new AbortController();
const source = { label: 'Test', trustedUrl: 'http://10.0.0.7:8080/v1', signal, clock: createFakeClock() };
beforeAll(() => nock.disableNetConnect());
afterAll(() => nock.restore());

const read = async (reference: string) => {
  const bytes = await fetchImage(reference, source);
  return { bytes, ...(await readHeader('Test', bytes)) };
};

describe('the image that a reference stands for', () => {
  const image = { bytes: png, mediaType: 'image/png', width: 64, height: 48 };

  it.each([
    ['base64', base64],
    ['a data address', `data:image/png;base64,${base64}`],
    ['base64 in lines', base64.replaceAll(/.{76}/g, '$&\r\n')],
    ['base64 without padding', base64.replaceAll('=', '')],
  ])('is read from %s', async (_, reference) => {
    expect(await read(reference)).toEqual(image);
  });

  it('is fetched from the provider itself, also by plain http', async () => {
    const served = nock('http://10.0.0.7:8080').get('/generated-images/b64.png').reply(200, png);
    expect(await read('http://10.0.0.7:8080/generated-images/b64.png')).toEqual(image);
    expect(served.isDone()).toBe(true);
  });

  it.each([
    'http://10.0.0.8:8080/b64.png',
    'http://10.0.0.7:8081/b64.png',
    'https://169.254.169.254/latest/meta-data',
    'http://public.example/b64.png',
    'https://user:pass@public.example/b64.png',
  ])('is not fetched from %s', async (url) => {
    const failure = await failureOf(read(url));
    expect(failure).toMatchObject({ code: 'bad_image', facts: { sent: true } });
    expect(failure.message).toContain('not public https');
  });

  it('is not fetched from a private host by its name', async () => {
    nock.enableNetConnect('localhost');
    const failure = await failureOf(read('https://localhost:1/a.png'));
    nock.disableNetConnect();
    expect(failure.code).toBe('unavailable');
    expect(failure.message).toContain('the host name leads to no public address');
  });

  it.each([
    ['text', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>').toString('base64'), 'other than a PNG'],
    ['damaged', `${base64.slice(0, 40)}!!${base64.slice(40)}`, 'damaged picture data'],
    ['no more than a beginning', base64.slice(0, 16), 'cannot be read'],
    ['of too many pixels', bomb(5000, 5000).toString('base64'), 'cannot be read'],
    ['too large', 'AAAA'.repeat(9 * 1024 * 1024), 'more than 25 MiB'],
  ])('is refused when it is %s', async (_, reference, words) => {
    const failure = await failureOf(read(reference));
    expect(failure).toMatchObject({ code: 'bad_image', facts: { status: 200, sent: true } });
    expect(failure.message).toContain(words);
  });

  it('is read, or ends in a ProviderError, whatever the text is', async () => {
    const hostile = fc.oneof(
      fc.string(),
      fc.base64String(),
      fc.uint8Array({ maxLength: 400 }).map((tail) => Buffer.concat([png.subarray(0, 33), tail]).toString('base64')),
      fc.nat(png.length).map((length) => png.subarray(0, length).toString('base64')),
    );
    await fc.assert(
      fc.asyncProperty(hostile, async (text) => {
        const result: unknown = await read(text).catch((error: unknown) => error);
        expect(result instanceof ProviderError || Object.hasOwn(Object(result), 'bytes')).toBe(true);
      }),
    );
  });
});
