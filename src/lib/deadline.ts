/** The reason of a signal that was aborted by a deadline of ours. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
  readonly afterMs: number;

  constructor(afterMs: number) {
    super(`no answer within ${Math.round(afterMs / 1000)} s`);
    this.afterMs = afterMs;
  }
}

/**
 * Runs `work` with a signal that aborts after `ms` or with the parent, and rejects as soon as it does, whether or not
 * `work` listens. Timer and listener are removed in the end: signals joined by `AbortSignal.any` are kept by Node 20 and 24
 * as long as their parent lives (nodejs/node#54614, 2026-11).
 */
export async function withDeadline<T>(
  ms: number,
  parent: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  parent?.throwIfAborted();
  const controller = new AbortController();
  const abort = (reason: unknown) => controller.abort(reason);
  const onParent = () => abort(parent?.reason);
  const timer = Number.isFinite(ms) ? setTimeout(() => abort(new DeadlineError(ms)), Math.max(0, ms)) : undefined;
  parent?.addEventListener('abort', onParent, { once: true });
  try {
    return await Promise.race([work(controller.signal), aborted(controller.signal)]);
  } finally {
    clearTimeout(timer);
    parent?.removeEventListener('abort', onParent);
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- an abort's reason is passed on as it is
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
