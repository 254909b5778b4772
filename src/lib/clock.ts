import { setTimeout as delay } from 'node:timers/promises';

/** The one source of time. Nothing else in the product reads a clock or sets a wait. */
export interface Clock {
  /** Wall-clock time in ms since 1970, for what people read. It may jump. */
  now(): number;
  /** Monotonic time in ms from an arbitrary start, for durations and deadlines. It never goes back. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason once it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** A number in [0, 1). */
export type Random = () => number;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => {
    signal?.throwIfAborted();
    try {
      await delay(Math.max(0, ms), undefined, signal ? { signal } : {});
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
};

export const systemRandom: Random = () => Math.random();
