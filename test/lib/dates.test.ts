import { expect, it } from 'vitest';
import { dayOf, isLessThanADayAway, isoTime, timeOfDay } from '../../src/lib/dates.ts';

const at = Date.UTC(2026, 10, 30, 23, 5);

it('say a day and a time of day in a zone', () => {
  expect([dayOf(at), timeOfDay(at)]).toEqual(['30 Nov', '23:05 UTC']);
  expect([dayOf(at, 'Europe/Berlin'), timeOfDay(at, 'Europe/Berlin')]).toEqual(['1 Dec', '00:05 CET']);
});

it('say the last time they can for what lies beyond', () => {
  expect(isoTime(Number.MAX_VALUE)).toBe('+275760-09-13T00:00:00.000Z');
  expect(dayOf(Number.POSITIVE_INFINITY)).toMatch('13 Sep');
});

it('draw the line at a day', () => {
  expect([isLessThanADayAway(at, at - 86_400_000), isLessThanADayAway(at, at - 86_399_999)]).toEqual([false, true]);
});
