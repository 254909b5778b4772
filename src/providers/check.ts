import type { ProviderCheck } from '../core/provider.ts';
import { withDeadline } from '../lib/deadline.ts';
import { errorText } from '../lib/text.ts';

const usualTimeoutMs = 10_000;

/** Looks at a provider for nothing, within a time of its own; `explain` says in a sentence what kept it from an answer. */
export async function runCheck(
  signal: AbortSignal,
  look: (signal: AbortSignal) => Promise<ProviderCheck>,
  explain: (error: unknown) => string,
  timeoutMs = usualTimeoutMs,
): Promise<ProviderCheck> {
  try {
    return await withDeadline(timeoutMs, signal, look);
  } catch (error) {
    if (signal.aborted) throw error;
    return problem(explain(error));
  }
}

/** Says that the provider could not be looked at, why, and what to check. */
export function couldNotLook(label: string, toCheck: string): (error: unknown) => string {
  return (error) => `${label} could not be looked at: ${errorText(error)}. Check ${toCheck}.`;
}

export function inOrder(message: string): ProviderCheck {
  return { ok: true, message };
}

export function problem(message: string): ProviderCheck {
  return { ok: false, message };
}
