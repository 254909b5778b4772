import * as fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { ProviderError } from '../../../src/core/errors.ts';
import { readInfo, readImage } from '../../../src/providers/automatic1111/answer.ts';
import type { ProviderAnswer } from '../../../src/lib/http/client.ts';
import { failureOf } from '../../support/fakes/automatic1111-provider.ts';

const png = await sharp({ create: { width: 64, height: 32, channels: 3, background: 'teal' } })
  .png()
  .toBuffer();
const other = await sharp({ create: { width: 16, height: 16, channels: 3, background: 'red' } })
  .png()
  .toBuffer();
const [picture, overview] = [png.toString('base64'), other.toString('base64')];

function answer(body: unknown): ProviderAnswer {
  const text = typeof body === 'string' ? body : (JSON.stringify(body) ?? '');
  return {
    status: 200,
    headers: {},
    bytes: Buffer.from(text),
    text: () => text.slice(0, 4096),
    json: () => {
      try {
        return JSON.parse(text);
      } catch {
        return undefined;
      }
    },
  };
}

const read = (body: unknown) => readImage('Stable Diffusion', answer(body));

describe('the picture in an answer', () => {
  it.each([
    ['plain', picture],
    ['with a data: prefix', `data:image/png;base64,${picture}`],
    ['in lines', picture.replaceAll(/.{76}/g, '$&\r\n')],
    ['without padding', picture.replaceAll('=', '')],
  ])('is read from base64 %s', async (_, image) => {
    expect(await read({ images: [image], info: '' })).toEqual({
      bytes: png,
      mediaType: 'image/png',
      width: 64,
      height: 32,
    });
  });

  it('is the one that info points to, else the first', async () => {
    const images = [overview, picture];
    const width = async (info: unknown) => (await read({ images, info })).width;
    expect(await width('{"index_of_first_image": 1}')).toBe(64);
    expect(await width({ index_of_first_image: 1 })).toBe(64);
    for (const info of ['{"index_of_first_image": 9}', '{"index_of_first_image": -1}', 'rubbish', null, undefined]) {
      expect(await width(info)).toBe(16);
    }
  });

  it.each([
    ['no list', {}],
    ['a list of nothing', { images: 'x' }],
    ['a page', '<html>hello</html>'],
    ['no answer', ''],
    ['a number', { images: [7] }],
    ['text', { images: ['hello world!'] }],
    ['a drawing', { images: [Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>').toString('base64')] }],
    ['a page in base64', { images: [Buffer.from('<html>hello</html>').toString('base64')] }],
    ['damaged base64', { images: [`${picture.slice(0, 40)}!!!${picture.slice(40)}`] }],
    ['only the start of a picture', { images: [png.subarray(0, 20).toString('base64')] }],
  ])('is missing from %s', async (_, body) => {
    expect(await failureOf(read(body))).toMatchObject({ code: 'bad_image', facts: { status: 200, sent: true } });
  });

  it('is refused when it is too large', async () => {
    const { message } = await failureOf(read({ images: ['A'.repeat(36 * 1024 * 1024)] }));
    expect(message).toBe('Stable Diffusion sent a picture of more than 25 MiB');
  });

  it('is missing without a fault of its own when the server made none', async () => {
    for (const images of [[], null, [null], ['']]) {
      expect(await failureOf(read({ images }))).toMatchObject({ code: 'unavailable' });
    }
  });

  it('is refused when it has too many pixels', async () => {
    const header = Buffer.from(png);
    header.writeUInt32BE(60_000, 16);
    header.writeUInt32BE(60_000, 20);
    expect(await failureOf(read({ images: [header.toString('base64')] }))).toMatchObject({ code: 'bad_image' });
  });

  it('ends in a picture or a ProviderError, whatever the images are', async () => {
    const hostile = fc.oneof(
      fc.jsonValue(),
      fc.string(),
      fc.base64String(),
      fc.uint8Array({ maxLength: 400 }).map((tail) => Buffer.concat([png.subarray(0, 33), tail]).toString('base64')),
      fc.nat(png.length).map((length) => png.subarray(0, length).toString('base64')),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(hostile, { maxLength: 3 }), fc.jsonValue(), async (images, info) => {
        const result: unknown = await read({ images, info }).catch((error: unknown) => error);
        expect(
          result instanceof ProviderError || (typeof result === 'object' && result !== null && 'bytes' in result),
        ).toBe(true);
      }),
    );
  });
});

describe('info', () => {
  it('tells the seed and the checkpoint', () => {
    expect(readInfo('{"seed": 7, "sd_model_name": "xl", "sd_model_hash": "31e35c80fc"}')).toEqual({
      seed: 7,
      sd_model_name: 'xl',
      sd_model_hash: '31e35c80fc',
      index_of_first_image: 0,
    });
  });

  it('keeps what makes sense beside what does not', () => {
    expect(readInfo('{"seed": "7", "sd_model_name": "xl"}')).toMatchObject({ seed: undefined, sd_model_name: 'xl' });
  });

  it('is read without a fault, whatever it is', () => {
    const value = fc.oneof(fc.anything(), fc.json(), fc.string());
    const fields = fc.record({ seed: value, sd_model_name: value, sd_model_hash: value, index_of_first_image: value });
    fc.assert(
      fc.property(
        fc.oneof(
          value,
          fields,
          fields.map((object) => JSON.stringify(object, replaceBigInt)),
        ),
        (info) => {
          const { seed = 0, sd_model_name: name = 'x', index_of_first_image: index } = readInfo(info);
          expect(Number.isInteger(seed) && Number.isInteger(index) && index >= 0).toBe(true);
          expect(name.length).toBeGreaterThan(0);
        },
      ),
    );
  });
});

function replaceBigInt(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
