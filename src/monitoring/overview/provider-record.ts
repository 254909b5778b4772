import type { FailureCode } from '../../core/reactions.ts';
import type { WorkerEvents } from '../../core/events.ts';

/** The last call of a provider that brought no picture. */
export interface LastError {
  /** ISO 8601, UTC. */
  at: string;
  code: FailureCode;
  /** What the provider said, shortened. */
  message: string;
}

/** What this process has seen of the providers. */
export interface ProviderRecord {
  /** `medianMs` is of the last 50 pictures; `lastError` stays when later calls go well. */
  of(name: string): { lastError?: LastError; medianMs?: number; pictures: number };
}

interface Entry {
  lastError?: LastError;
  /** Of the last pictures, in ms. */
  durations: number[];
  pictures: number;
}

const mostDurations = 50;

export function createProviderRecord(events: WorkerEvents): ProviderRecord {
  const entries = new Map<string, Entry>();

  const entryOf = (name: string): Entry => {
    const entry = entries.get(name) ?? { durations: [], pictures: 0 };
    entries.set(name, entry);
    return entry;
  };

  events.on('attempt', ({ provider, outcome, notAsked, durationMs, startedAt, detail }) => {
    if (outcome === 'ok') {
      const entry = entryOf(provider);
      entry.durations = [...entry.durations, durationMs].slice(-mostDurations);
      entry.pictures += 1;
    } else if (outcome !== 'interrupted' && !notAsked) {
      entryOf(provider).lastError = { at: startedAt, code: outcome, message: detail ?? outcome };
    }
  });

  return {
    of(name) {
      const { lastError, durations, pictures } = entries.get(name) ?? { durations: [], pictures: 0 };
      const medianMs = median(durations);
      return { ...(lastError && { lastError }), ...(medianMs !== undefined && { medianMs }), pictures };
    },
  };
}

function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  const high = sorted[Math.floor(sorted.length / 2)];
  return low === undefined || high === undefined ? undefined : Math.round((low + high) / 2);
}
