import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProviderError } from '../../../src/core/errors.ts';
import { readImage, readInfo } from '../../../src/providers/automatic1111/answer.ts';
import { httpAnswer } from '../../support/http/answer.ts';

const [image, overview] = [Buffer.from('image').toString('base64'), Buffer.from('overview').toString('base64')];

const read = (body: unknown) => readImage('Stable Diffusion', httpAnswer(body));

function failure(body: unknown): unknown {
  try {
    return read(body);
  } catch (error) {
    return error;
  }
}

describe('the image in an answer', () => {
  it('is the one that info points to, else the first', () => {
    const images = [overview, image];
    const bytes = (info: unknown) => String(read({ images, info }).bytes);
    expect(bytes('{"index_of_first_image": 1}')).toBe('image');
    expect(bytes({ index_of_first_image: 1 })).toBe('image');
    for (const info of ['{"index_of_first_image": 9}', '{"index_of_first_image": -1}', 'rubbish', null, undefined]) {
      expect(bytes(info)).toBe('overview');
    }
  });

  it.each([
    ['no list', {}],
    ['a list of nothing', { images: 'x' }],
    ['a page', '<html>hello</html>'],
    ['no answer', ''],
    ['a number', { images: [7] }],
    ['damaged base64', { images: [`${image}!!!${image}`] }],
  ])('is missing from %s', (_, body) => {
    const error = failure(body);
    expect(error).toBeInstanceOf(ProviderError);
    expect(error).toMatchObject({ code: 'bad_image', facts: { status: 200, sent: true } });
  });

  it('is missing without a fault of its own when the server made none', () => {
    for (const images of [[], null, [null], ['']]) expect(failure({ images })).toMatchObject({ code: 'unavailable' });
  });

  it('is read, or ends in a ProviderError, whatever the images are', () => {
    const hostile = fc.oneof(fc.jsonValue(), fc.string(), fc.base64String());
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 3 }), fc.jsonValue(), (images, info) => {
        const result = failure({ images, info });
        expect(result instanceof ProviderError || Object.hasOwn(Object(result), 'bytes')).toBe(true);
      }),
    );
  });
});

describe('info', () => {
  it('has the seed and the checkpoint', () => {
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
