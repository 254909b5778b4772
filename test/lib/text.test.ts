import { describe, expect, it } from 'vitest';
import { oneLine, shortened } from '../../src/lib/text.ts';

describe('shortened', () => {
  it('leaves a text that fits, and counts by characters', () => {
    expect(shortened('three', 5)).toBe('three');
    expect(shortened('🍞🍞🍞', 3)).toBe('🍞🍞🍞');
  });

  it('cuts no character in two', () => {
    expect(shortened('🍞🍞🍞🍞', 3)).toBe('🍞🍞…');
  });
});

describe('oneLine', () => {
  it('leaves no break, control or invisible character', () => {
    expect(oneLine(' one\r\n\ttwo\u2028three\u202Efour\u0000 ')).toBe('one two three four');
  });

  it('cuts what is left', () => {
    expect(oneLine('\n'.repeat(9) + 'five words are too many', 10)).toBe('five word…');
  });
});
