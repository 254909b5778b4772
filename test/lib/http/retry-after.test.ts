import { describe, expect, it } from 'vitest';
import { retryAfterMs } from '../../../src/lib/http/retry-after.ts';
import { httpAnswer } from '../../support/http/answer.ts';

describe('retryAfterMs', () => {
  const now = Date.UTC(2026, 10, 21);

  it.each([
    ['seconds', httpAnswer('', 400, { 'retry-after': '12' }), 12_000],
    ['zero', httpAnswer('', 400, { 'retry-after': '0' }), 0],
    ['an HTTP date', httpAnswer('', 400, { 'retry-after': 'Sat, 21 Nov 2026 00:01:00 GMT' }), 60_000],
    [
      'RateLimit of the limit that is used up',
      httpAnswer('', 400, { ratelimit: '"a";r=7;t=300, "api";r=0;t=55' }),
      55_000,
    ],
    [
      'the longest of all limits when none says it is used up',
      httpAnswer('', 400, { ratelimit: '"a";r=7;t=3, "b";t=5' }),
      5000,
    ],
    ['retry_after', httpAnswer({ retry_after: 3 }), 3000],
    ['estimated_time', httpAnswer({ error: 'loading', estimated_time: 20.5 }), 20_500],
    ['retry_after within error', httpAnswer({ error: { retry_after: '3' } }), 3000],
    ['the next source when the first is absurd', httpAnswer({ retry_after: 3 }, 400, { 'retry-after': 'soon' }), 3000],
  ])('reads %s', (_, given, expected) => {
    expect(retryAfterMs(given, now)).toBe(expected);
  });

  it.each([
    httpAnswer('', 400, {}),
    httpAnswer('', 400, { 'retry-after': '-5' }),
    httpAnswer('', 400, { 'retry-after': 'NaN' }),
    httpAnswer('', 400, { 'retry-after': 'Fri, 20 Nov 2026 00:00:00 GMT' }),
    httpAnswer('', 400, { 'retry-after': 'rubbish GMT' }),
    httpAnswer('', 400, { 'retry-after': String(31 * 24 * 3600) }),
    httpAnswer({ retry_after: -1 }),
    httpAnswer({ retry_after: null, estimated_time: {} }),
    httpAnswer({ estimated_time: 1e300 }),
    httpAnswer('', 400, { ratelimit: '"api";r=0' }),
    httpAnswer(null),
  ])('makes nothing of rubbish (%#)', (given) => {
    expect(retryAfterMs(given, now)).toBeUndefined();
  });
});
