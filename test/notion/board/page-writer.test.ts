import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReadySettlement } from '../../../src/core/board.ts';
import { settlementValues, statusValues } from '../../../src/notion/board/page-writer.ts';
import { boardOf, wholeBoard } from '../../support/notion/board-shape.ts';

const ready: ReadySettlement = {
  kind: 'image-ready',
  image: {
    path: 'flux_generated_20261121_100000_1.png',
    sha256: 'ab'.repeat(32),
    byteLength: 9,
    mediaType: 'image/png',
    width: 256,
    height: 256,
  },
  uploadId: 'upload-1',
  provider: 'huggingface',
  model: 'black-forest-labs/FLUX.1-schnell',
  why: 'Hugging Face, 8.2 s, $0.003',
  costUsd: 0.003,
  generatedAt: Date.UTC(2026, 10, 21, 10),
};
const words = (content: string) => ({ rich_text: [{ type: 'text', text: { content } }] });

describe('what is written to a row', () => {
  it('is the picture and everything about it', () => {
    expect(settlementValues(wholeBoard, ready)).toEqual({
      status: { status: { id: 'option-image-ready' } },
      claim: { rich_text: [] },
      image: { files: [{ type: 'file_upload', file_upload: { id: 'upload-1' }, name: ready.image.path }] },
      imageFile: words(ready.image.path),
      model: { select: { name: ready.model } },
      provider: { select: { name: 'huggingface' } },
      error: { rich_text: [] },
      generatedAt: { date: { start: '2026-11-21T10:00:00.000Z' } },
      why: words(ready.why),
      cost: { number: 0.003 },
    });
  });

  it('is neither Status nor Claim where a card makes way', () => {
    const values = settlementValues(wholeBoard, { ...ready, keepsStatus: true });
    expect(Object.keys(values)).not.toContain('status');
    expect(Object.keys(values)).not.toContain('claim');
    expect(values['provider']).toEqual({ select: { name: 'huggingface' } });
  });

  it('is only the reason where there is no picture, so that an earlier one stays', () => {
    expect(settlementValues(wholeBoard, { kind: 'failed', error: 'No.', why: 'x' })).toEqual({
      status: { status: { id: 'option-failed' } },
      claim: { rich_text: [] },
      error: words('No.'),
      why: words('x'),
    });
  });

  it('leaves out what the board lacks, and fits a status that is a select', () => {
    const board = boardOf({ status: 'select', image: 'files' });
    expect(settlementValues(board, ready)).toEqual({
      status: { select: { id: 'option-image-ready' } },
      image: { files: [expect.objectContaining({ name: ready.image.path })] },
    });
    expect(statusValues(board, 'generating', 'w-1 since 2026')).toEqual({
      status: { select: { id: 'option-generating' } },
    });
  });

  it('never breaks a limit or a character of Notion, whatever the words', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.nat(2100).map((length) => `${'x'.repeat(length)}${'🎉'.repeat(2100)}`),
    );
    fc.assert(
      fc.property(text, (why) => {
        const values = settlementValues(wholeBoard, { ...ready, why, model: why });
        const { why: written, model } = values;
        const items = written && 'rich_text' in written && Array.isArray(written.rich_text) ? written.rich_text : [];
        const contents = items.map((item) => ('text' in item && item.text ? item.text.content : ''));
        for (const content of contents) {
          expect(content.length).toBeGreaterThan(0);
          expect(content.length).toBeLessThanOrEqual(2000);
          expect(content).not.toMatch(/\p{Surrogate}/u);
        }
        expect(contents.join('')).toBe(why.replaceAll(/\p{Surrogate}/gu, ''));
        const name = model && 'select' in model && model.select && 'name' in model.select ? model.select.name : 'none';
        expect(name).toSatisfy((option: string) => option.length > 0 && option.length <= 100);
        expect(name).not.toMatch(/,|\p{Surrogate}/u);
      }),
    );
  });

  it('ends after the hundred items that Notion takes', () => {
    const { error } = settlementValues(wholeBoard, { kind: 'failed', error: 'x'.repeat(300_000), why: '' });
    expect(error && 'rich_text' in error && error.rich_text).toHaveLength(100);
  });
});
