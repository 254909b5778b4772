import { listen, type WorkerEvents } from '../core/events.ts';

/** Hears, during one pass, that somebody says a row was marked. */
export interface Bell extends Disposable {
  /** Has it rung since the last look? */
  readonly isRinging: boolean;
  /** The rows that it rang for since the last look, as far as they were named; undefined when it did not ring. */
  look(): readonly string[] | undefined;
  /** Resolves as soon as it rings or one of these ends, whichever is first. A ring wakes but once. */
  orEndOf(others: Iterable<Promise<unknown>>): Promise<void>;
}

export function createBell(events: WorkerEvents): Bell {
  let rung: string[] | undefined;
  /** Has it woken nobody yet? Those who wait need not be those who look. */
  let isNews = false;
  let wake: (() => void) | undefined;
  const ring = (postId?: string) => {
    rung = [...(rung ?? []), ...(postId === undefined ? [] : [postId])];
    isNews = true;
    wake?.();
  };
  const end = listen(events, 'marked', ring);
  return {
    get isRinging() {
      return rung !== undefined;
    },
    look() {
      const named = rung;
      rung = undefined;
      return named;
    },
    async orEndOf(others) {
      const rings = new Promise<void>((resolve) => {
        wake = resolve;
        if (isNews) resolve();
      });
      await Promise.race([rings, ...others]);
      isNews = false;
    },
    [Symbol.dispose]: end,
  };
}
