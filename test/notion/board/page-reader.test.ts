import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPost, writeClaim } from '../../../src/notion/board/page-reader.ts';
import { boardOf, wholeBoard } from '../../support/notion/board-shape.ts';

const id = '0f8e9d1c-1234-4bcd-9999-0123456789ab';
const text = (...parts: string[]) => parts.map((plain_text) => ({ plain_text }));
const property = (key: string, value: object) => [`Column ${key}`, { id: key, ...value }];

const pageOf = (properties: unknown[][] = [], more: object = {}) => ({
  object: 'page',
  id: id.toUpperCase(),
  url: 'https://www.notion.so/x',
  created_time: '2026-11-21T10:00:00.000Z',
  last_edited_time: '2026-11-21T10:05:00.000Z',
  in_trash: false,
  properties: Object.fromEntries(properties),
  ...more,
});

describe('a page as a post', () => {
  it('has every cell that the worker reads', () => {
    const page = pageOf([
      property('name', { title: text('Autumn ', 'soup ') }),
      property('prompt', { rich_text: text('A bowl', ' of soup') }),
      property('caption', { rich_text: text(' Warm up! ') }),
      property('status', { status: { id: 'option-generating', name: 'In Arbeit' } }),
      property('image', { files: [{ name: 'a.png', type: 'file' }, { type: 'external' }] }),
      property('imageFile', { rich_text: text('a.png') }),
      property('provider', { select: { id: 'p', name: 'placeholder' } }),
      property('error', { rich_text: text('No.') }),
      property('claim', { rich_text: text('w-1 since 2026-11-21T10:00:00.000Z') }),
      property('width', { number: 512.5 }),
      property('height', { number: null }),
      property('format', { select: { id: 'f', name: 'Story' } }),
      property('seed', { number: 0 }),
      property('headline', { rich_text: text('  ') }),
      property('stranger', { formula: { type: 'string', string: 'x' } }),
    ]);
    expect(readPost(page, wholeBoard)).toEqual({
      id,
      url: 'https://www.notion.so/x',
      title: 'Autumn soup',
      prompt: 'A bowl of soup',
      caption: 'Warm up!',
      status: 'generating',
      statusName: 'In Arbeit',
      options: { width: 512.5, format: 'Story', seed: 0 },
      imageNames: ['a.png', ''],
      imageFile: 'a.png',
      provider: 'placeholder',
      error: 'No.',
      claim: { worker: 'w-1', at: Date.UTC(2026, 10, 21, 10) },
      createdAt: '2026-11-21T10:00:00.000Z',
      editedAt: '2026-11-21T10:05:00.000Z',
    });
  });

  it('is empty where the board has nothing but a status, and where the status is an editor’s own', () => {
    const board = boardOf({ status: 'select' });
    const own = pageOf([property('status', { select: { id: 'mine', name: 'Draft' } })]);
    expect(readPost(own, board)).toMatchObject({ status: 'other', statusName: 'Draft', title: '', options: {} });
    const none = pageOf([property('status', { select: null })]);
    expect(readPost(none, board)).toMatchObject({ status: 'other', statusName: '' });
  });

  it('is none for a row in the trash', () => {
    expect(readPost(pageOf([], { in_trash: true }), wholeBoard)).toBeUndefined();
  });

  it('takes a cell of another shape than it ever had for an empty one', () => {
    const odd = fc.oneof(fc.jsonValue(), fc.constant([{ plain_text: 7 }]), fc.constant(Infinity));
    const cell = fc.record(
      { title: odd, rich_text: odd, status: odd, select: odd, number: odd, files: odd },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...Object.keys(wholeBoard.properties)), cell), (cells) => {
        const page = pageOf(Object.entries(cells).map(([key, value]) => property(key, value)));
        const post = readPost(page, wholeBoard);
        for (const side of [post?.options.width, post?.options.seed]) {
          expect(side === undefined || Number.isFinite(side)).toBe(true);
        }
        expect(typeof post?.title).toBe('string');
      }),
    );
  });

  it('is refused when it is no page at all', () => {
    for (const answer of [undefined, null, 'page', [], { id }, pageOf([], { properties: null })]) {
      expect(() => readPost(answer, wholeBoard)).toThrow(/invalid_type/);
    }
  });
});

describe('a claim', () => {
  it('is read back as it was written', () => {
    const workers = fc.string({ unit: fc.constantFrom('a', 'Z', '0', '9', '-', '_'), minLength: 1 });
    const times = fc.integer({ min: 0, max: 4e12 });
    fc.assert(
      fc.property(workers, times, (worker, at) => {
        const page = pageOf([property('claim', { rich_text: text(writeClaim(worker, at)) })]);
        expect(readPost(page, wholeBoard)?.claim).toEqual({ worker, at });
      }),
    );
  });

  it.each(['', 'me', 'since 2026-11-21', 'w-1 since yesterday', 'w-1 since 2026-11-21 and so on'])(
    'is none where Claim says %j',
    (said) => {
      const page = pageOf([property('claim', { rich_text: text(said) })]);
      expect(readPost(page, wholeBoard)?.claim).toBeUndefined();
    },
  );
});
