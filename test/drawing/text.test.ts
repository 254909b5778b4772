import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeMarkup, hanLanguage, headlineGraphemes, isRightToLeft } from '../../src/drawing/text.ts';

const line = (headline: string) => headlineGraphemes(headline).join('');

describe('headlineGraphemes', () => {
  it('keeps a short headline as it is', () => {
    expect(line('Five quiet cafés & “more”')).toBe('Five quiet cafés & “more”');
  });

  it('puts everything on one line with single spaces', () => {
    expect(line('  Summer\n\tsale \u2028 starts\r\nMonday ')).toBe('Summer sale starts Monday');
  });

  it('drops control characters, lone surrogates, bidi overrides and invisible letters', () => {
    expect(line('a\u0000b\u001b\u202ec\u2066d\u200fe\ud800f\ufeffg\u3164h\u2800')).toBe('abcdefgh');
  });

  it('keeps the joiners that words and emoji need', () => {
    expect(line('ویژه\u200cی 👩\u200d🚀 ❤\ufe0f')).toBe('ویژه\u200cی 👩\u200d🚀 ❤\ufe0f');
  });

  it('drops a joiner that joins nothing', () => {
    expect(headlineGraphemes('\u200d')).toEqual([]);
  });

  it('shows a keycap as its digit', () => {
    expect(line('1\ufe0f\u20e3 idea')).toBe('1 idea');
  });

  it('keeps a dash beside the word before it', () => {
    expect(line('half — and')).toBe('half\u00a0— and');
  });

  it('cuts a long text at a word and ends it with an ellipsis', () => {
    const cut = line('word, '.repeat(4000));
    expect(cut).toMatch(/^(word, )+word…$/);
    expect(headlineGraphemes(cut).length).toBeLessThanOrEqual(140);
  });

  it('cuts a long text without spaces where the room ends', () => {
    expect(headlineGraphemes('字'.repeat(500))).toEqual([...Array<string>(139).fill('字'), '…']);
  });

  it('never parts a grapheme when it cuts', () => {
    const family = '👨‍👩‍👧‍👦';
    expect(new Set(headlineGraphemes(family.repeat(200)))).toEqual(new Set([family, '…']));
  });

  it('limits the marks piled on one letter', () => {
    expect(line(`z${'\u0301'.repeat(500)}`).length).toBeLessThanOrEqual(12);
  });

  it('answers any text with few graphemes that hold no control characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), (headline) => {
        const graphemes = headlineGraphemes(headline);
        expect(graphemes.length).toBeLessThanOrEqual(140);
        expect(graphemes.join('')).not.toMatch(/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
  });
});

describe('isRightToLeft', () => {
  it.each(['שלום', 'مرحبا بكم', 'Facebook מציגה טיפים חדשים', '5 טיפים'])('is true of %s', (text) => {
    expect(isRightToLeft(text)).toBe(true);
  });

  it.each(['', '2026!', 'Hello', 'Hello שלום world', '你好'])('is false of "%s"', (text) => {
    expect(isRightToLeft(text)).toBe(false);
  });
});

describe('hanLanguage', () => {
  it.each([
    ['夏日促销', 'zh-Hans'],
    ['春の新作', 'ja'],
    ['여름 세일', 'ko'],
    ['Summer', undefined],
  ])('of %s is %s', (text, language) => {
    expect(hanLanguage(text)).toBe(language);
  });
});

describe('escapeMarkup', () => {
  it('leaves no markup', () => {
    expect(escapeMarkup('<b>&amp;</b>')).toBe('&lt;b&gt;&amp;amp;&lt;/b&gt;');
  });
});
