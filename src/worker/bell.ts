import type { WorkerEvents } from '../core/events.ts';

/** Hears, during one pass, that somebody says a row was marked. */
export interface Bell extends Disposable {
  /** Has it rung since the last time this was asked? */
  rang(): boolean;
  /** Resolves as soon as it rings or one of these ends, whichever is first. */
  orEndOf(others: Iterable<Promise<unknown>>): Promise<void>;
}

export function createBell(events: WorkerEvents): Bell {
  let hasRung = false;
  let wake: (() => void) | undefined;
  const ring = () => {
    hasRung = true;
    wake?.();
  };
  events.on('marked', ring);
  return {
    rang() {
      const rang = hasRung;
      hasRung = false;
      return rang;
    },
    orEndOf: (others) =>
      new Promise((resolve, reject) => {
        wake = resolve;
        if (hasRung) resolve();
        Promise.race(others).then(() => resolve(), reject);
      }),
    [Symbol.dispose]: () => void events.off('marked', ring),
  };
}
