import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formats, type Post, type PostOptions } from '../../src/core/post.ts';
import { headlineOf, RowMistake, toImageRequest } from '../../src/generation/request.ts';
import { fingerprintOf } from '../../src/posts/fingerprint.ts';
import { fakePost } from '../support/fake-post.ts';

const id = '0f8e9d1c-1234-4bcd-9999-0123456789ab';

const postOf = (options: PostOptions = {}, words: Partial<Post> = {}): Post =>
  fakePost({ id, title: 'Autumn soup', prompt: 'A bowl of soup', caption: 'Warm up!', options, ...words });

const loneSurrogate = /\p{Surrogate}/u;
const anyNumber = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(NaN, Infinity, -Infinity, -0, 1e308));
const anyText = fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), fc.string({ unit: 'grapheme', maxLength: 60 }));
const anyPost = fc
  .record({
    prompt: anyText,
    title: anyText,
    caption: anyText,
    options: fc.record(
      {
        negativePrompt: anyText,
        format: fc.oneof(anyText, fc.constantFrom(...Object.keys(formats), 'story')),
        width: anyNumber,
        height: anyNumber,
        steps: anyNumber,
        cfgScale: anyNumber,
        sampler: anyText,
        seed: anyNumber,
        headline: anyText,
        preferredProvider: anyText,
      },
      { requiredKeys: [] },
    ),
  })
  .map(({ options, ...words }) => postOf(options, words));

/** Undefined for a mistake that is told. */
function requestOrMistake(post: Post, generation: number) {
  try {
    return toImageRequest(post, generation);
  } catch (error) {
    if (error instanceof RowMistake) return undefined;
    throw error;
  }
}

describe('a row as a request', () => {
  it('is within every range, or is told as a mistake, whatever stands in the row', () => {
    fc.assert(
      fc.property(anyPost, fc.nat(1000), (post, generation) => {
        const request = requestOrMistake(post, generation);
        if (!request) return;
        for (const side of [request.width, request.height]) {
          expect(Number.isInteger(side) && side >= 256 && side <= 2048).toBe(true);
        }
        expect(Number.isInteger(request.seed) && request.seed >= 0 && request.seed < 2 ** 31).toBe(true);
        expect(request.steps ?? 10).toSatisfy((steps: number) => Number.isInteger(steps) && steps >= 10 && steps <= 50);
        expect(request.cfgScale ?? 1).toSatisfy((scale: number) => scale >= 1 && scale <= 20);
        expect(request.prompt).not.toBe('');
        for (const words of [request.prompt, request.negativePrompt ?? '']) {
          expect(words).not.toMatch(loneSurrogate);
          expect(words).not.toMatch(/\p{Cc}/u);
        }
      }),
      { numRuns: 500 },
    );
  });

  it.each<[PostOptions, { width: number; height: number }]>([
    [{}, formats.Square],
    [{ format: 'landscape' }, formats.Landscape],
    [{ format: 'Story' }, formats.Story],
    [
      { width: 540, format: 'Story' },
      { width: 540, height: 960 },
    ],
    [
      { height: 675, format: 'Portrait' },
      { width: 540, height: 675 },
    ],
    [
      { width: 300.6, height: 2048 },
      { width: 301, height: 2048 },
    ],
    [
      { width: 2048, format: 'Story' },
      { width: 2048, height: 2048 },
    ],
  ])('%j asks for %j', (options, size) => expect(toImageRequest(postOf(options), 0)).toMatchObject(size));

  it.each<[PostOptions, string]>([
    [{ width: 255 }, 'Width is 255: give a number from 256 to 2048 or leave it empty.'],
    [{ height: 2048.5 }, 'Height is 2048.5: give a number from 256 to 2048 or leave it empty.'],
    [{ steps: -3 }, 'Steps is -3: give a number from 10 to 50 or leave it empty.'],
    [{ cfgScale: NaN }, 'Guidance is NaN: give a number from 1 to 20 or leave it empty.'],
    [{ seed: Infinity }, 'Seed is Infinity: give a number from -1 to 2147483647 or leave it empty.'],
    [{ format: 'Poster' }, 'Format is "Poster": choose Square, Landscape, Portrait, Story or leave it empty.'],
  ])('%j is a mistake, told with its remedy', (options, sentence) => {
    expect(() => toImageRequest(postOf(options), 0)).toThrow(new RowMistake(sentence));
  });

  it('cuts no character in half where it shortens what an editor wrote', () => {
    fc.assert(
      fc.property(fc.nat(60), (start) => {
        const format = `${'x'.repeat(start)}${'🎉'.repeat(40)}`;
        expect(() => toImageRequest(postOf({ format }), 0)).toThrow(
          expect.toSatisfy((error: Error) => !loneSurrogate.test(error.message)),
        );
      }),
    );
  });

  it('sends no more of a prompt than anyone reads, cut between words', () => {
    const { prompt } = toImageRequest(postOf({}, { prompt: 'soup '.repeat(4000) }), 0);
    expect(prompt.length).toBeLessThanOrEqual(4000);
    expect(prompt).toMatch(/ soup$/);
    const emoji = toImageRequest(postOf({}, { prompt: `x${'🎉'.repeat(3000)}` }), 0).prompt;
    expect(emoji).not.toMatch(loneSurrogate);
    expect(emoji.length).toBeGreaterThan(3700);
  });

  it.each([
    [{ prompt: '', title: 'Soup', caption: 'Warm up' }, 'Soup. Warm up'],
    [{ prompt: ' \u0000\u2028 ', title: 'Soup', caption: '' }, 'Soup'],
    [{ prompt: '\ud800', title: '', caption: 'Warm up' }, 'Warm up'],
  ])('makes a prompt of name and caption where there is none: %j', (words, prompt) => {
    expect(toImageRequest(postOf({}, words), 0).prompt).toBe(prompt);
  });

  it('says so when there is nothing to draw', () => {
    expect(() => toImageRequest(postOf({}, { prompt: '', title: '', caption: '\n' }), 0)).toThrow(
      'Prompt, Name and Caption are all empty: write what the picture is to show.',
    );
  });

  it('has the same seed for the same row and generation, another for every other', () => {
    const seedOf = (generation: number, words: Partial<Post> = {}) =>
      toImageRequest(postOf({}, words), generation).seed;
    expect(seedOf(0)).toBe(seedOf(0, { prompt: 'Another', title: 'Other' }));
    expect(new Set([seedOf(0), seedOf(1), seedOf(2), seedOf(0, { id: id.replace('0', '1') })]).size).toBe(4);
  });

  it.each([
    [7, 7],
    [7.9, 7],
    [0, 0],
    [2 ** 31 - 1, 2 ** 31 - 1],
  ])('takes the seed %d of the row as %d', (seed, asked) => {
    expect(toImageRequest(postOf({ seed }), 3).seed).toBe(asked);
  });

  it('makes its own seed where the row gives -1', () => {
    expect(toImageRequest(postOf({ seed: -1 }), 3).seed).toBe(toImageRequest(postOf(), 3).seed);
  });
});

describe('a fingerprint', () => {
  const changes: Partial<Post>[] = [
    { prompt: 'Other' },
    { options: { width: 300 } },
    { options: { seed: 1 } },
    { options: { negativePrompt: 'text' } },
    { options: { sampler: 'DDIM' } },
    { options: { preferredProvider: 'replicate' } },
  ];
  it.each(changes)('changes with %j', (change) => {
    expect(fingerprintOf({ ...postOf(), ...change })).not.toBe(fingerprintOf(postOf()));
  });

  it.each<Partial<Post>>([
    { title: 'Other' },
    { caption: 'Other' },
    { status: 'generating' },
    { options: { headline: 'Other' } },
    { prompt: '  A bowl\nof soup ' },
    { error: 'x', imageFile: 'y.png', editedAt: '2026-11-22T10:00:00.000Z' },
  ])('stays with %j', (change) => {
    expect(fingerprintOf({ ...postOf(), ...change })).toBe(fingerprintOf(postOf()));
  });

  it('changes with name and caption where the prompt is made from them', () => {
    const made = postOf({}, { prompt: '' });
    expect(fingerprintOf({ ...made, caption: 'Other' })).not.toBe(fingerprintOf(made));
  });

  it('does not depend on the order of the options', () => {
    expect(fingerprintOf(postOf({ width: 300, steps: 20 }))).toBe(fingerprintOf(postOf({ steps: 20, width: 300 })));
  });

  it('leaves the headline to the card, which shows the name without one', () => {
    expect([headlineOf(postOf()), headlineOf(postOf({ headline: 'Soup!' }))]).toEqual(['Autumn soup', 'Soup!']);
  });
});
