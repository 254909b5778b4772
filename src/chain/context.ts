import type { ProviderContext } from '../core/provider.ts';

/** The same context with some parts replaced; `deadlineAt` stays a getter, because the row's deadline moves. */
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
