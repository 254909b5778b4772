import { listen, type WorkerEvents } from '../../core/events.ts';
import type { FailureCode } from '../../core/reactions.ts';

/** The last call of a provider that brought no image. */
export interface LastError {
  /** ISO 8601, UTC. */
  at: string;
  code: FailureCode;
  /** What the provider said, shortened. */
  message: string;
}

/** How the calls of providers went in this process. */
export type ProviderRecord = ReturnType<typeof createProviderRecord>;

const mostDurations = 50;

/** A record of the providers' calls from now on. */
export function createProviderRecord(events: WorkerEvents) {
  const lastErrors = new Map<string, LastError>();
  /** Of the last images, in ms. */
  const durations = new Map<string, number[]>();

  listen(events, {
    attempt({ provider, outcome, notAsked, durationMs, startedAt, detail }) {
      if (outcome === 'ok') {
        durations.set(provider, [...(durations.get(provider) ?? []), durationMs].slice(-mostDurations));
      } else if (outcome !== 'interrupted' && !notAsked) {
        lastErrors.set(provider, { at: startedAt, code: outcome, message: detail ?? outcome });
      }
    },
  });

  return {
    /** `medianMs` is of the last 50 images; `lastError` stays when later calls go well. */
    of(name: string): { lastError?: LastError; medianMs?: number } {
      const lastError = lastErrors.get(name);
      const medianMs = median(durations.get(name) ?? []);
      return { ...(lastError && { lastError }), ...(medianMs !== undefined && { medianMs }) };
    },
  };
}

function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  const high = sorted[Math.floor(sorted.length / 2)];
  return low === undefined || high === undefined ? undefined : Math.round((low + high) / 2);
}
