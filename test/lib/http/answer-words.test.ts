import { describe, expect, it } from 'vitest';
import { hideIn } from '../../../src/lib/redact-quotes.ts';
import { type ProviderAnswer, retryAfterMs, saidBy } from '../../../src/lib/http/client.ts';

function answer(body: unknown, headers: Record<string, string> = {}): ProviderAnswer {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return {
    status: 400,
    headers,
    bytes: Buffer.from(text),
    text: () => text,
    json: () => (typeof body === 'string' ? undefined : body),
  };
}

describe('retryAfterMs', () => {
  const now = Date.UTC(2026, 10, 21);

  it.each([
    ['seconds', answer('', { 'retry-after': '12' }), 12_000],
    ['zero', answer('', { 'retry-after': '0' }), 0],
    ['an HTTP date', answer('', { 'retry-after': 'Sat, 21 Nov 2026 00:01:00 GMT' }), 60_000],
    ['RateLimit of the limit that is used up', answer('', { ratelimit: '"a";r=7;t=300, "api";r=0;t=55' }), 55_000],
    ['the longest of all limits when none says it is used up', answer('', { ratelimit: '"a";r=7;t=3, "b";t=5' }), 5000],
    ['retry_after', answer({ retry_after: 3 }), 3000],
    ['estimated_time', answer({ error: 'loading', estimated_time: 20.5 }), 20_500],
    ['retry_after within error', answer({ error: { retry_after: '3' } }), 3000],
    ['the next source when the first is absurd', answer({ retry_after: 3 }, { 'retry-after': 'soon' }), 3000],
  ])('reads %s', (_, given, expected) => {
    expect(retryAfterMs(given, now)).toBe(expected);
  });

  it.each([
    answer('', {}),
    answer('', { 'retry-after': '-5' }),
    answer('', { 'retry-after': 'NaN' }),
    answer('', { 'retry-after': 'Fri, 20 Nov 2026 00:00:00 GMT' }),
    answer('', { 'retry-after': 'rubbish GMT' }),
    answer('', { 'retry-after': String(31 * 24 * 3600) }),
    answer({ retry_after: -1 }),
    answer({ retry_after: null, estimated_time: {} }),
    answer({ estimated_time: 1e300 }),
    answer('', { ratelimit: '"api";r=0' }),
    answer(null),
  ])('makes nothing of rubbish (%#)', (given) => {
    expect(retryAfterMs(given, now)).toBeUndefined();
  });
});

describe('saidBy', () => {
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
    expect(saidBy(answer(body))).toBe(expected);
  });

  it('keeps to one line of 200 characters', () => {
    const line = saidBy(answer({ error: 'one\ntwo '.repeat(100) }));
    expect(line).toMatch(/^one two one two.*…$/);
    expect(line).toHaveLength(200);
  });

  it('hides what it is told to, also where it was cut short', () => {
    const prompt = 'a secret cat that sits on a secret mat';
    expect(saidBy(answer({ error: `"${prompt}" by key-1 is bad` }), [prompt, 'key-1', ''])).toBe('"…" by … is bad');
    expect(saidBy(answer({ error: `bad: ${prompt.slice(0, 30)}...` }), [prompt])).toBe('bad: …');
  });

  it('hides a key also from whoever asks for a piece of it', () => {
    const key = 'hf_abcdefghijklmnopqrstuvwxyz0123456789';
    for (const prompt of ['a', 'abcd', 'efgh', 'hf_abcdefghijklmnopqrstuvwx', '6789 and more', key.slice(4)]) {
      const line = saidBy(answer({ error: `got ${key} for "${prompt}"` }), [prompt, '', key]);
      expect(line).toMatch(/^got … for /);
    }
  });

  it('hides what overlaps, and what a cut would leave of it', () => {
    expect(saidBy(answer({ error: 'one two three' }), ['one two', 'two three'])).toBe('…');
    const key = 'k'.repeat(40);
    const line = saidBy(answer({ error: 'prompt '.repeat(2340) + key.repeat(200) }), ['prompt prompt prompt ', key]);
    expect(line).not.toContain('kkk');
  });

  it('looks at the start of a long answer only', () => {
    const huge = 'ab'.repeat(10_000_000);
    expect(hideIn(huge, [])).toHaveLength(16 * 1024);
    expect(hideIn(huge, ['abab', 'ba'.repeat(2000)])).toMatch(/^…+$/);
  });

  it('bears JSON nested without end', () => {
    const deep = JSON.parse(`${'{"error":'.repeat(3000)}"x"${'}'.repeat(3000)}`);
    expect(saidBy(answer(deep))).toBe('JSON without a message');
  });
});
