import * as fc from 'fast-check';
import nock from 'nock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProviderError } from '../../../src/core/errors.ts';
import { readImage } from '../../../src/providers/localai/answer.ts';
import type { ProviderAnswer } from '../../../src/lib/http/client.ts';
import { drawPng } from '../../support/fakes/automatic1111-picture.ts';
import { failureOf } from '../../support/fakes/automatic1111-provider.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { bomb } from '../../support/images/pictures.ts';

const png = await drawPng({ width: 64, height: 48, seed: 1, parameters: '' });
const base64 = png.toString('base64');
const trustedUrl = 'http://10.0.0.7:8080/v1';

beforeAll(() => nock.disableNetConnect());
afterAll(() => nock.restore());

function read(body: unknown, signal = new AbortController().signal) {
  const text = JSON.stringify(body) ?? '';
  const answer: ProviderAnswer = {
    status: 200,
    headers: {},
    bytes: Buffer.from(text),
    text: () => text,
    json: () => body,
  };
  return readImage(answer, { trustedUrl, signal, clock: createFakeClock() });
}

describe('the picture in an answer', () => {
  const picture = { bytes: png, mediaType: 'image/png', width: 64, height: 48 };

  it.each([
    ['as LocalAI sends it', { data: [{ embedding: null, index: 0, b64_json: base64 }] }],
    ['as OpenAI sends it', { data: [{ b64_json: base64, url: null, revised_prompt: 'a fox' }] }],
    ['with line breaks', { data: [{ b64_json: base64.replaceAll(/(.{76})/g, '$1\n') }] }],
    ['as a data address', { data: [{ url: `data:image/png;base64,${base64}` }] }],
    ['beside an empty address', { data: [{ b64_json: base64, url: '' }, { b64_json: 'other' }] }],
  ])('is read %s', async (_, body) => {
    expect(await read(body)).toEqual(picture);
  });

  it('is fetched from the server itself, also by plain http', async () => {
    const served = nock('http://10.0.0.7:8080').get('/generated-images/b64.png').reply(200, png);
    expect(await read({ data: [{ b64_json: '', url: 'http://10.0.0.7:8080/generated-images/b64.png' }] })).toEqual(
      picture,
    );
    expect(served.isDone()).toBe(true);
  });

  it.each([
    'http://10.0.0.8:8080/b64.png',
    'http://10.0.0.7:8081/b64.png',
    'https://169.254.169.254/latest/meta-data',
    'http://public.example/b64.png',
    'https://user:pass@public.example/b64.png',
  ])('is not fetched from %s', async (url) => {
    const failure = await failureOf(read({ data: [{ url }] }));
    expect(failure).toMatchObject({ code: 'bad_image', facts: { sent: true } });
    expect(failure.message).toContain('not public https');
  });

  it.each([undefined, null, [], {}, { data: [] }, { data: null }, { data: [{}] }, { data: [{ b64_json: 3 }] }])(
    'is not there in %j',
    async (body) => {
      expect(await read(body)).toBeUndefined();
    },
  );

  it.each([
    ['text', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>').toString('base64'), 'other than a PNG'],
    ['damaged', `${base64.slice(0, 40)}!!${base64.slice(40)}`, 'damaged picture data'],
    ['no more than a beginning', base64.slice(0, 16), 'cannot be read'],
    ['of too many pixels', bomb(5000, 5000).toString('base64'), 'cannot be read'],
    ['too large', 'AAAA'.repeat(9 * 1024 * 1024), 'more than 25 MiB'],
  ])('is refused when it is %s', async (_, b64_json, words) => {
    const failure = await failureOf(read({ data: [{ b64_json }] }));
    expect(failure).toMatchObject({ code: 'bad_image', facts: { status: 200, sent: true } });
    expect(failure.message).toContain(words);
  });

  it('or a failure, or nothing, is all that comes of any JSON', async () => {
    const item = fc.record({ b64_json: fc.oneof(fc.base64String(), fc.jsonValue()) });
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.jsonValue(), fc.record({ data: fc.array(item) })), async (body) => {
        const outcome: unknown = await read(body).catch((error: unknown) => error);
        expect(outcome === undefined || outcome instanceof ProviderError).toBe(true);
      }),
    );
  });
});
