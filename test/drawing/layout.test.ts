import { describe, expect, it } from 'vitest';
import { fillLines, splitIntoPieces } from '../../src/drawing/layout.ts';

const texts = (text: string, breakLongWords = false) =>
  splitIntoPieces(text, breakLongWords).map((piece) => piece.text);

/** Lines of a text in a type whose letters are all one em wide. */
function linesOf(text: string, limit: number, breakLongWords = false): string[] {
  const pieces = splitIntoPieces(text, breakLongWords).map((piece) => ({ ...piece, width: piece.text.length }));
  return fillLines(pieces, 1, limit).map((line) => line.text);
}

describe('splitIntoPieces', () => {
  it('parts a text at its spaces, and only there', () => {
    expect(texts("it's half\u00a0— (and) semi-sweet")).toEqual(["it's", 'half\u00a0—', '(and)', 'semi-sweet']);
  });

  it('parts scripts without spaces at words, and keeps punctuation with them', () => {
    const pieces = texts('夏日促销，「欢迎」光临。');
    expect(pieces.length).toBeGreaterThan(3);
    expect(pieces.join('')).toBe('夏日促销，「欢迎」光临。');
    for (const piece of pieces) {
      expect(piece).not.toMatch(/^[，」。]/u);
      expect(piece).not.toMatch(/「$/u);
    }
  });

  it('breaks a very long word into parts of like length only when asked', () => {
    const word = 'a'.repeat(42);
    expect(texts(word)).toEqual([word]);
    expect(texts(word, true)).toEqual(Array<string>(3).fill('a'.repeat(14)));
    expect(texts('a'.repeat(20), true)).toEqual(['a'.repeat(20)]);
  });
});

describe('fillLines', () => {
  it('puts as many words on a line as fit', () => {
    expect(linesOf('one two three four', 9)).toEqual(['one two', 'three', 'four']);
    expect(linesOf('one two three four', 10)).toEqual(['one two', 'three four']);
  });

  it('gives a word that is too wide a line of its own', () => {
    expect(linesOf('a wonderful day', 5)).toEqual(['a', 'wonderful', 'day']);
  });

  it('shows a hyphen only where a line ends inside a word', () => {
    expect(linesOf(`${'a'.repeat(28)} b`, 16, true)).toEqual([`${'a'.repeat(14)}-`, `${'a'.repeat(14)} b`]);
    expect(linesOf('a'.repeat(28), 28, true)).toEqual(['a'.repeat(28)]);
  });

  it('makes no line of nothing', () => {
    expect(fillLines([], 1, 10)).toEqual([]);
  });
});
