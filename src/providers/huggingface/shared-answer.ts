import type { Clock } from '../../lib/clock.ts';
import { withDeadline } from '../../lib/deadline.ts';

const askingMs = 5000;

/** Gives the answer that is known, or asks; undefined when the question failed. No single caller's signal ends it for the others. */
export function shareAnswer<T>(question: {
  clock: Clock;
  ask: (signal: AbortSignal) => Promise<T | undefined>;
  /** How long the answer holds; undefined stands for a failure. */
  knownForMs: (answer: T | undefined) => number;
}) {
  const { clock, ask, knownForMs } = question;
  let known: { answer: T | undefined; until: number } | undefined;
  let asking: Promise<T | undefined> | undefined;

  const askOnce = async (): Promise<T | undefined> => {
    const answer = await withDeadline(askingMs, undefined, ask).catch(() => undefined);
    known = { answer, until: clock.monotonic() + knownForMs(answer) };
    asking = undefined;
    return answer;
  };

  return async (signal: AbortSignal): Promise<T | undefined> => {
    signal.throwIfAborted();
    if (known && clock.monotonic() < known.until) return known.answer;
    asking ??= askOnce();
    const answer = asking;
    return withDeadline(Number.POSITIVE_INFINITY, signal, () => answer);
  };
}
