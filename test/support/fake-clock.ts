import type { Clock } from '../../src/lib/clock.ts';

/** A clock that tests turn by hand. */
export interface FakeClock extends Clock {
  advance(ms: number): void;
  /** Every wait asked for, in ms. */
  readonly sleeps: number[];
}

/** Its sleeps advance it and end at once; `start` is wall-clock ms. */
export function createFakeClock(start = Date.UTC(2026, 10, 21, 10, 0, 0)): FakeClock {
  let passedMs = 0;
  const sleeps: number[] = [];
  const advance = (ms: number) => void (passedMs += ms);
  return {
    now: () => start + passedMs,
    monotonic: () => passedMs,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      sleeps.push(ms);
      advance(Math.max(0, ms));
    },
    advance,
    sleeps,
  };
}
