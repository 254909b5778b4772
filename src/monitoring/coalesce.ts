import pLimit from 'p-limit';

/** Runs `work`, which never fails, one at a time; calls that come while a run waits for its turn share that run. */
export function coalesce(work: () => Promise<void>): () => Promise<void> {
  const oneAtATime = pLimit(1);
  let waiting: Promise<void> | undefined;
  return () =>
    (waiting ??= oneAtATime(() => {
      waiting = undefined;
      return work();
    }));
}
