import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { referenceIn } from '../../../src/providers/runpod/answer.ts';

const png = Buffer.from('\x89PNG\r\n\x1A\n', 'latin1').toString('base64');

describe('referenceIn', () => {
  it.each([
    [{ image_url: 'https://image.runpod.ai/a.png' }, 'https://image.runpod.ai/a.png'],
    [{ prompt: 'https://example.com/', images: [png] }, png],
    [{ message: 'done', image: png }, png],
    [{ images: ['', null, { url: 'https://a.example/b' }] }, 'https://a.example/b'],
    [{ output: { result: [{ data: png }] } }, png],
    [`data:image/png;base64,${png}`, `data:image/png;base64,${png}`],
  ])('finds the image in %j', (output, reference) => {
    expect(referenceIn(output)).toBe(reference);
  });

  it.each([
    [undefined],
    [null],
    [7],
    [''],
    [{}],
    [[]],
    [{ prompt: 'https://example.com/' }],
    ['see https://example.com/ for help'],
    ['ftp://example.com/a.png'],
    [`https://example.com/${'a'.repeat(5000)}`],
    ['plain words, as many as there may be, are no image'],
    [{ images: [[[[[[[png]]]]]]] }],
  ])('finds nothing in %j', (output) => {
    expect(referenceIn(output)).toBeUndefined();
  });

  it('answers with a text or nothing, whatever it is given', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (output) => {
        expect(['string', 'undefined']).toContain(typeof referenceIn(output));
      }),
    );
  });
});
