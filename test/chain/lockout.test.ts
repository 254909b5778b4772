import { describe, expect, it } from 'vitest';
import type { ProviderErrorFacts } from '../../src/core/errors.ts';
import type { FailureCode } from '../../src/core/reactions.ts';
import type { Lockout } from '../../src/state/provider-memory.ts';
import { isDue, lockoutAfter } from '../../src/chain/lockout.ts';
import { failure } from '../support/chain/rig.ts';

const now = Date.UTC(2026, 10, 21, 10);
const secondMs = 1000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

const learn = (code: FailureCode, facts: ProviderErrorFacts = {}, earlier?: Lockout, chance = 0): Lockout =>
  lockoutAfter(failure(code, facts), earlier, { now, random: () => chance });

describe('lockoutAfter', () => {
  it.each<[FailureCode, ProviderErrorFacts, number]>([
    ['out_of_credit', { until: now + 5 * dayMs }, now + 5 * dayMs],
    ['out_of_credit', {}, Date.UTC(2026, 11, 1)],
    ['out_of_credit', { until: now - 1 }, Date.UTC(2026, 11, 1)],
    ['out_of_credit', { until: now + 400 * dayMs }, now + 40 * dayMs],
    ['unauthorized', {}, now + hourMs],
    ['retired', {}, now + dayMs],
    ['rate_limited', {}, now + 60 * secondMs],
    ['rate_limited', { retryAfterMs: 7 * secondMs }, now + 7 * secondMs],
    ['rate_limited', { retryAfterMs: 0 }, now + secondMs],
    ['rate_limited', { until: now + 9 * secondMs }, now + 9 * secondMs],
    ['loading', { retryAfterMs: 20 * secondMs }, now + 300 * secondMs],
    ['unavailable', {}, now + 30 * secondMs],
  ])('leaves a provider alone after %s with %o', (code, facts, until) => {
    expect(learn(code, facts)).toEqual({ code, until, since: now, strikes: 1 });
  });

  it('comes back some minutes after the credit', () => {
    const until = Date.UTC(2026, 11, 1);
    expect(learn('out_of_credit', {}, undefined, 0.999).until).toBeGreaterThan(until + 4 * 60_000);
    expect(learn('out_of_credit', {}, undefined, 0.999).until).toBeLessThan(until + 5 * 60_000);
  });

  it('names the first of January in December', () => {
    const december = Date.UTC(2026, 11, 31, 23);
    const { until } = lockoutAfter(failure('out_of_credit'), undefined, { now: december, random: () => 0 });
    expect(until).toBe(Date.UTC(2027, 0, 1));
  });

  it('doubles the pause after weak failures up to ten minutes', () => {
    let lockout: Lockout | undefined;
    const pauses: number[] = [];
    for (const code of [
      'timeout',
      'unreachable',
      'unavailable',
      'bad_image',
      'timeout',
      'timeout',
      'timeout',
    ] as const) {
      lockout = learn(code, {}, lockout);
      pauses.push((lockout.until - now) / secondMs);
    }
    expect(pauses).toEqual([30, 60, 120, 240, 480, 600, 600]);
  });

  it('starts to count anew at a lockout of another kind', () => {
    const credit = { ...learn('out_of_credit'), strikes: 20 };
    expect(learn('out_of_credit', {}, credit).strikes).toBe(21);
    expect(learn('timeout', {}, credit)).toMatchObject({ strikes: 1, until: now + 30 * secondMs });
  });
});

describe('isDue', () => {
  const lockout: Lockout = { code: 'out_of_credit', until: now + 10 * dayMs, since: now, strikes: 1 };

  it('is due once a day, and at its end', () => {
    expect(isDue(lockout, now + dayMs - 1)).toBe(false);
    expect(isDue(lockout, now + dayMs)).toBe(true);
    expect(isDue({ ...lockout, since: now + 9.5 * dayMs }, now + 10 * dayMs - 1)).toBe(false);
    expect(isDue({ ...lockout, since: now + 9.5 * dayMs }, now + 10 * dayMs)).toBe(true);
  });

  it('is due when a clock has jumped', () => {
    expect(isDue({ ...lockout, since: now + hourMs }, now)).toBe(true);
    expect(isDue({ ...lockout, until: now + 41 * dayMs }, now)).toBe(true);
  });

  it('is not due because a clock was set right by a second', () => {
    expect(isDue({ ...lockout, until: now + 40 * dayMs }, now - secondMs)).toBe(false);
  });
});
