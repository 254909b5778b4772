import type { ProviderContext } from '../core/provider.ts';

/** The same context with another signal or ledger; the deadline stays the row's own, which moves. */
export function deriveContext(
  context: ProviderContext,
  changes: Partial<Pick<ProviderContext, 'signal' | 'record'>>,
): ProviderContext {
  return {
    signal: context.signal,
    get deadlineAt() {
      return context.deadlineAt;
    },
    waited: (ms) => context.waited(ms),
    record: (attempt) => context.record(attempt),
    open: (call) => context.open(call),
    job: context.job,
    log: context.log,
    ...changes,
  };
}
