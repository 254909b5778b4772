import { describe, expect, it } from 'vitest';
import { redactQuotes } from '../../src/lib/redact-quotes.ts';

describe('redactQuotes', () => {
  it('reads the start of long words only', () => {
    const huge = 'ab'.repeat(10_000_000);
    expect(redactQuotes(huge, [])).toHaveLength(16 * 1024);
    expect(redactQuotes(huge, ['abab', 'ba'.repeat(2000)])).toMatch(/^…+$/);
  });
});
