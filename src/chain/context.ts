import type { ProviderContext } from '../core/provider.ts';

/** The same context with another signal, ledger or way to open calls; the deadline stays the row's own, which moves. */
export function deriveContext(
  context: ProviderContext,
  changes: Partial<Pick<ProviderContext, 'signal' | 'asking' | 'record' | 'open'>>,
): ProviderContext {
  return {
    signal: context.signal,
    get deadlineAt() {
      return context.deadlineAt;
    },
    waited: (ms) => context.waited(ms),
    asking: (provider) => context.asking(provider),
    record: (attempt) => context.record(attempt),
    open: (call) => context.open(call),
    job: context.job,
    log: context.log,
    ...changes,
  };
}
