import type { ProviderState } from '../../chain/chain.ts';
import type { PassSummary } from '../../core/pass.ts';
import type { FailureCode } from '../../core/reactions.ts';
import { isoTime } from '../../lib/dates.ts';

/** How a pass ended; stopped: somebody asked the process to stop. */
export type PassResult = 'good' | 'failed' | 'stopped';

/** What is known of the worker. Times are ISO 8601, UTC. */
export interface HealthFacts {
  at: string;
  processId: number;
  startedAt: string;
  passes: {
    runningSince?: string;
    lastStartedAt?: string;
    lastEndedAt?: string;
    lastResult?: PassResult;
    lastError?: string;
    lastGoodAt?: string;
    lastGood?: Pick<PassSummary, 'done' | 'failed' | 'skipped'>;
    failedInARow: number;
  };
  /** When the row that waits longest was last changed. */
  oldestWaitingSince?: string;
  oldestWaitingMs?: number;
  providers: { name: string; state: 'closed' | 'open' | 'half-open'; code?: FailureCode; until?: string }[];
  freeDiskBytes?: number;
  /** Keys of the alerts that are raised: their kind, and the provider where it is one's own. */
  alerts: string[];
}

/** The answer to "are you alive?" or "are you ready?". */
export interface Verdict {
  ok: boolean;
  reason: string;
}

/** A provider as the facts have it. */
export function providerFact({ name, breaker }: ProviderState): HealthFacts['providers'][number] {
  if (breaker.kind === 'closed') return { name, state: 'closed' };
  const { code, until } = breaker.lockout;
  return { name, state: breaker.kind, code, until: isoTime(until) };
}
