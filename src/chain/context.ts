import type { ProviderContext } from '../core/provider.ts';

/** The same context with some parts replaced; `deadlineAt` stays a getter, because the row's deadline moves. */
export function deriveContext(context: ProviderContext, changes: Partial<ProviderContext>): ProviderContext {
  return {
    ...context,
    get deadlineAt() {
      return context.deadlineAt;
    },
    ...changes,
  };
}
