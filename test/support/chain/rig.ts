import type { Clock } from '../../../src/lib/clock.ts';
import { ProviderError, type ProviderErrorFacts } from '../../../src/core/errors.ts';
import type { FailureCode } from '../../../src/core/reactions.ts';
import type { ImageRequest } from '../../../src/core/image.ts';
import { type Log, silentLog } from '../../../src/lib/log.ts';
import type { Attempt, ProviderContext } from '../../../src/core/provider.ts';

export const request: ImageRequest = { prompt: 'a red fox in the snow', width: 512, height: 384, seed: 42 };

/** A context that shows what was recorded in it. */
export interface TestContext extends ProviderContext {
  readonly attempts: Attempt[];
  readonly waitedMs: number;
}

export function createContext(
  options: { signal?: AbortSignal; clock?: Clock; rowMs?: number; log?: Log } = {},
): TestContext {
  const { signal = new AbortController().signal, clock, rowMs = Number.POSITIVE_INFINITY, log = silentLog } = options;
  const attempts: Attempt[] = [];
  const startedAt = clock?.monotonic() ?? 0;
  let waitedMs = 0;
  return {
    signal,
    get deadlineAt() {
      return startedAt + rowMs + waitedMs;
    },
    get waitedMs() {
      return waitedMs;
    },
    waited: (ms) => void (waitedMs += ms),
    open: async () => async () => undefined,
    attempts,
    asking: () => undefined,
    record: (attempt) => void attempts.push(attempt),
    job: { load: () => Promise.resolve(undefined), save: () => Promise.resolve() },
    log,
  };
}

export function failure(code: FailureCode, facts: ProviderErrorFacts = {}): ProviderError {
  return new ProviderError(code, `it says ${code}`, facts);
}

/** What the promise rejects with. */
export async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('it did not reject');
    },
    (reason: unknown) => reason,
  );
}

/** Lets everything that waits for nothing but its turn go on. */
export function flushPromises(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** A log that keeps its lines, as "level message". */
export function createLines(): Log & { lines: string[] } {
  const lines: string[] = [];
  const keep = (level: string) => (_: object, message: string) => void lines.push(`${level} ${message}`);
  return { lines, debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') };
}
