import { describe, expect, it } from 'vitest';
import { quoteAnswer } from '../../src/providers/quote.ts';
import { httpAnswer } from '../support/http/answer.ts';

describe('quoteAnswer', () => {
  it.each([
    [{ error: 'no' }, 'no'],
    [{ error: { message: 'no', type: 'x' } }, 'no'],
    [{ detail: 'no' }, 'no'],
    [{ detail: [{ loc: ['body'], msg: 'field required', input: 'a cat' }] }, 'field required'],
    [{ title: 'Payment', detail: 'no', status: 402 }, 'Payment: no'],
    [{ errors: ['no', 'never'] }, 'no'],
    [{ errors: [{ message: 'no' }] }, 'no'],
    [{ error: '', message: 'no' }, 'no'],
    [{ status: 1 }, 'JSON without a message'],
    [null, 'JSON without a message'],
    ['', 'an empty answer'],
    ['<!doctype html><p>Bad gateway', 'an HTML page'],
    ['Bad\n\tgateway ', 'Bad gateway'],
    [{ error: 'no\u001b[31m\u202e way' }, 'no [31m way'],
    ['\u0089PNG\u0000', 'data that is not text'],
  ])('finds the words in %j', (body, expected) => {
    expect(quoteAnswer(httpAnswer(body))).toBe(expected);
  });

  it('keeps to one line of 200 characters', () => {
    const line = quoteAnswer(httpAnswer({ error: 'one\ntwo '.repeat(100) }));
    expect(line).toMatch(/^one two one two.*…$/);
    expect(line).toHaveLength(200);
  });

  it('redacts the texts it is given, also where it was cut short', () => {
    const prompt = 'a secret cat that sits on a secret mat';
    expect(quoteAnswer(httpAnswer({ error: `"${prompt}" by key-1 is bad` }), [prompt, 'key-1', ''])).toBe(
      '"…" by … is bad',
    );
    expect(quoteAnswer(httpAnswer({ error: `bad: ${prompt.slice(0, 30)}...` }), [prompt])).toBe('bad: …');
  });

  it('redacts a key also from whoever asks for a piece of it', () => {
    const key = 'hf_abcdefghijklmnopqrstuvwxyz0123456789';
    for (const prompt of ['a', 'abcd', 'efgh', 'hf_abcdefghijklmnopqrstuvwx', '6789 and more', key.slice(4)]) {
      const line = quoteAnswer(httpAnswer({ error: `got ${key} for "${prompt}"` }), [prompt, '', key]);
      expect(line).toMatch(/^got … for /);
    }
  });

  it('redacts what overlaps, and what a cut would leave of it', () => {
    expect(quoteAnswer(httpAnswer({ error: 'one two three' }), ['one two', 'two three'])).toBe('…');
    const key = 'k'.repeat(40);
    const line = quoteAnswer(httpAnswer({ error: 'prompt '.repeat(2340) + key.repeat(200) }), [
      'prompt prompt prompt ',
      key,
    ]);
    expect(line).not.toContain('kkk');
  });

  it('bears JSON nested without end', () => {
    const deep = JSON.parse(`${'{"error":'.repeat(3000)}"x"${'}'.repeat(3000)}`);
    expect(quoteAnswer(httpAnswer(deep))).toBe('JSON without a message');
  });
});
