import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { referenceIn } from '../../../src/providers/localai/answer.ts';
import { httpAnswer } from '../../support/http/answer.ts';

const read = (body: unknown) => referenceIn(httpAnswer(body));

describe('the image in an answer', () => {
  it.each([
    ['as LocalAI sends it', { data: [{ embedding: null, index: 0, b64_json: 'iVBO' }] }, 'iVBO'],
    ['as OpenAI sends it', { data: [{ b64_json: 'iVBO', url: null, revised_prompt: 'a fox' }] }, 'iVBO'],
    ['as a data address', { data: [{ url: 'data:image/png;base64,iVBO' }] }, 'data:image/png;base64,iVBO'],
    ['beside an empty address', { data: [{ b64_json: 'iVBO', url: '' }, { b64_json: 'other' }] }, 'iVBO'],
    [
      'by its address',
      { data: [{ b64_json: '', url: 'http://10.0.0.7:8080/b64.png' }] },
      'http://10.0.0.7:8080/b64.png',
    ],
  ])('is found %s', (_, body, reference) => {
    expect(read(body)).toBe(reference);
  });

  it.each([undefined, null, [], {}, { data: [] }, { data: null }, { data: [{}] }, { data: [{ b64_json: 3 }] }])(
    'is not there in %j',
    (body) => {
      expect(read(body)).toBeUndefined();
    },
  );

  it('is a text or not there, whatever the JSON', () => {
    const item = fc.record({ b64_json: fc.oneof(fc.base64String(), fc.jsonValue()) });
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.record({ data: fc.array(item) })), (body) => {
        expect(['string', 'undefined']).toContain(typeof read(body));
      }),
    );
  });
});
