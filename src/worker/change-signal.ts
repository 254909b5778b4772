import { listen, type WorkerEvents } from '../core/events.ts';

/** Says, during one pass, that somebody marked rows. */
export interface ChangeSignal extends Disposable {
  /** Has a row been marked since the last `take`? */
  readonly isSet: boolean;
  /** The rows that were marked since the last call, as far as they were named; undefined when none was marked. */
  take(): readonly string[] | undefined;
  /** Resolves as soon as a row is marked or one of these ends, whichever is first. A mark wakes but once. */
  orEndOf(others: Iterable<Promise<unknown>>): Promise<void>;
}

export function createChangeSignal(events: WorkerEvents): ChangeSignal {
  let marked: string[] | undefined;
  /** Has it woken nobody yet? Those who wait need not be those who take. */
  let isNew = false;
  let wake: (() => void) | undefined;
  const end = listen(events, {
    marked(postId) {
      marked = [...(marked ?? []), ...(postId === undefined ? [] : [postId])];
      isNew = true;
      wake?.();
    },
  });
  return {
    get isSet() {
      return marked !== undefined;
    },
    take() {
      const named = marked;
      marked = undefined;
      return named;
    },
    async orEndOf(others) {
      const mark = new Promise<void>((resolve) => {
        wake = resolve;
        if (isNew) resolve();
      });
      await Promise.race([mark, ...others]);
      isNew = false;
    },
    [Symbol.dispose]: end,
  };
}
