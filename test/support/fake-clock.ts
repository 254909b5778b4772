import { setImmediate as settled } from 'node:timers/promises';
import type { Clock } from '../../src/lib/clock.ts';

/** Where the test clocks start: 2026-11-21T10:00:00Z, in ms. */
export const testStart = Date.UTC(2026, 10, 21, 10);

/** A clock that tests turn by hand. */
export interface FakeClock extends Clock {
  advance(ms: number): void;
  /** Every wait asked for, in ms. */
  readonly sleeps: number[];
}

/** Its sleeps advance it and end at once; `start` is wall-clock ms. */
export function createFakeClock(start = testStart): FakeClock {
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

/** A clock that stands still until it is advanced; its sleeps last until then. */
export function createManualClock() {
  let now = 0;
  const sleepers = new Set<{ at: number; wake: () => void }>();
  const next = () => [...sleepers].toSorted((a, b) => a.at - b.at)[0];

  const clock: Clock = {
    now: () => testStart + now,
    monotonic: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const leave = () => {
          sleepers.delete(sleeper);
          reject(signal?.reason);
        };
        const wake = () => {
          sleepers.delete(sleeper);
          signal?.removeEventListener('abort', leave);
          resolve();
        };
        const sleeper = { at: now + Math.max(0, ms), wake };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', leave, { once: true });
      }),
  };

  return {
    ...clock,
    /** Moves the time, waking each sleeper at its own time and letting it act before the next. */
    async advance(ms: number) {
      const until = now + ms;
      await settled();
      for (let first = next(); first && first.at <= until; first = next()) {
        now = Math.max(now, first.at);
        first.wake();
        await settled();
      }
      now = until;
    },
    sleeping: () => sleepers.size,
    nextAt: () => next()?.at,
  };
}
