import { describe, expect, it } from 'vitest';
import {
  formatCost,
  formatDate,
  formatDuration,
  formatMinutes,
  formatMoney,
  formatTime,
} from '../../src/messages/formats.ts';

describe('formats', () => {
  it.each([
    [0, 'free'],
    [0.003, '$0.003'],
    [0.0025, '$0.0025'],
    [0.05, '$0.05'],
    [1, '$1.00'],
    [12.3, '$12.30'],
  ])('say %d as %s', (usd, words) => expect(formatCost(usd)).toBe(words));

  it('call no sum free that is only nothing yet', () => expect(formatMoney(0)).toBe('$0.00'));

  it.each([
    [0, '0 ms'],
    [340.4, '340 ms'],
    [999.7, '1.0 s'],
    [8200, '8.2 s'],
    [300_000, '300.0 s'],
    [725_400, '12 min 5 s'],
  ])('say %d ms as %s', (ms, words) => expect(formatDuration(ms)).toBe(words));

  it.each([
    [0, 'a minute'],
    [89_999, 'a minute'],
    [90_000, '2 minutes'],
  ])('say %d ms as about %s', (ms, words) => expect(formatMinutes(ms)).toBe(words));

  it('say the time of day of what is less than a day away', () => {
    const now = Date.UTC(2026, 10, 30);
    const next = Date.UTC(2026, 11, 1);
    expect([formatDate(next, now), formatTime(next, now)]).toEqual(['1 Dec', '1 Dec']);
    expect([formatDate(next, now + 1), formatTime(next, now + 1)]).toEqual(['1 Dec 00:00 UTC', '00:00 UTC']);
  });
});
