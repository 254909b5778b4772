import type { ProviderMemory, TroubleOwner } from '../state/provider-memory.ts';
import { troubleWords } from './lockout.ts';

/** What stands against a provider, in words; undefined when nothing does. */
export function recollect(memory: ProviderMemory, owner: TroubleOwner, now: number): string | undefined {
  const trouble = memory.recall(owner);
  return trouble && troubleWords(trouble, now);
}
