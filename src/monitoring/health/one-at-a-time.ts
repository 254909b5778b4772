/** Runs `work`, which never fails, one at a time; calls that come while a run waits its turn share that run. */
export function oneAtATime(work: () => Promise<void>): () => Promise<void> {
  let last = Promise.resolve();
  let next: Promise<void> | undefined;
  return () => {
    if (next) return next;
    next = last.then(() => {
      next = undefined;
      return work();
    });
    last = next;
    return next;
  };
}
