import type { ChainExhaustedError } from '../core/errors.ts';
import type { Attempt, OpenCall } from '../core/provider.ts';

/** "8.2 s", "340 ms". */
export function duration(ms: number): string {
  return Math.round(ms) < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** "free", "$0.003". */
export function cost(usd: number): string {
  return usd === 0 ? 'free' : `$${usd.toFixed(4).replace(/0{1,2}$/, '')}`;
}

/** "1 Dec", and with the time of day when it is less than a day away: "21 Nov 14:05 UTC". */
function dateWords(iso: string, now: number): string {
  const at = new Date(iso);
  const near = at.getTime() - now < 24 * 3_600_000;
  const day = at.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });
  const time = at.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: 'UTC' });
  return near ? `${day} ${time} UTC` : day;
}

const failureWords: Readonly<Record<Exclude<Attempt['outcome'], 'ok'>, string>> = {
  interrupted: 'interrupted',
  out_of_credit: 'out of credit',
  unauthorized: 'refused the key',
  retired: 'no longer offers the model',
  rate_limited: 'too busy',
  loading: 'still starting',
  unreachable: 'not reachable',
  unavailable: 'had a fault',
  timeout: 'did not answer in time',
  invalid_request: 'did not accept the request',
  content_rejected: 'refused the prompt',
  bad_image: 'sent no usable picture',
  over_budget: 'left out, the budget is reached',
  circuit_open: 'left out after recent trouble',
};

/** One attempt that failed, for editors: "Hugging Face out of credit until 1 Dec". */
function failedAttempt(attempt: Attempt, now: number): string {
  if (attempt.outcome === 'ok') return attempt.label;
  // That a month's budget lasts until the month ends need not be said.
  const date = attempt.outcome === 'over_budget' ? undefined : attempt.until;
  const until = date === undefined ? '' : ` until ${dateWords(date, now)}`;
  const spent = attempt.possiblySpent ? ` (maybe ${cost(attempt.costUsd ?? 0)} spent)` : '';
  return `${attempt.label} ${failureWords[attempt.outcome]}${until}${spent}`;
}

/** Why this provider: "Hugging Face out of credit until 1 Dec → Stable Diffusion, 8.2 s, free". */
export function why(attempts: readonly Attempt[], now: number, notes: readonly string[] = []): string {
  const steps = attempts.map((attempt) =>
    attempt.outcome === 'ok'
      ? `${attempt.label}, ${duration(attempt.durationMs)}, ${cost(attempt.costUsd ?? 0)}`
      : failedAttempt(attempt, now),
  );
  const line = steps.filter((step, index) => step !== steps[index - 1]).join(' → ');
  return [line, ...notes].join('; ');
}

/** What a row says of how it goes on. */
export interface NextStep {
  /** The status option that puts a row back in the queue, as editors read it. */
  needsImage: string;
  /** When the worker tries again by itself: "at 14:05 UTC", "at the next run"; undefined when it does not. */
  nextTry?: string | undefined;
}

/** What a row says when no provider made a picture. */
export function noPicture(error: ChainExhaustedError, now: number, next: NextStep): string {
  if (error.last.code === 'content_rejected') {
    const refuser = error.attempts.findLast(({ outcome }) => outcome === 'content_rejected')?.label ?? 'The provider';
    return `${refuser} refused the prompt as unsuitable. Reword the prompt, then set Status to "${next.needsImage}".`;
  }
  const told = [...new Set(error.attempts.map((attempt) => failedAttempt(attempt, now)))].join('; ');
  return `No picture could be made${told === '' ? '' : `: ${told}`}. ${goingOn(next)}`;
}

/** Mistakes in the row itself, each with what to do about it. */
export const mistakes = {
  nothingToShow: 'Prompt, Name and Caption are all empty: write what the picture is to show.',
  unknownFormat: (given: string, known: readonly string[]) =>
    `Format is "${given}": choose ${known.join(', ')} or leave it empty.`,
  outOfRange: (name: string, given: number, min: number, max: number) =>
    `${name} is ${given}: give a number from ${min} to ${max} or leave it empty.`,
};

/** What a row says about a mistake in the row itself. */
export function rowMistake(mistake: string, { needsImage }: NextStep): string {
  return `${mistake} Then set Status to "${needsImage}".`;
}

/** What a row says when the process ended, more than once or while much money was at stake, before a paid call was answered. */
export function interruptedCall({ label, costUsd }: OpenCall, { needsImage }: NextStep): string {
  return `The worker was interrupted while ${label} made this picture, and ${cost(costUsd)} may have been spent. Set Status to "${needsImage}" to have it made again.`;
}

/** What a row says when the board did not take its picture. */
export function notTaken(said: string, next: NextStep): string {
  return `The picture is made, but Notion did not take it: ${said} ${goingOn(next)}`;
}

/** What a row says when the board refused even the claim on it. */
export function notLetTake(said: string, next: NextStep): string {
  return `Notion does not let the worker write to this row: ${said} ${goingOn(next)}`;
}

/** What a row says after a fault that nobody foresaw; the log has the rest. */
export function unforeseen(next: NextStep): string {
  return `Something went wrong that the worker does not know; its log says more. ${goingOn(next)}`;
}

/** What is said of a pass that ended for a reason that nobody foresaw; the log has the rest. */
export const unforeseenPass = 'The pass ended early, and the worker does not know why; its log says more.';

function goingOn({ needsImage, nextTry }: NextStep): string {
  return nextTry === undefined
    ? `Set Status to "${needsImage}" to try again, or ask the operator if it stays so.`
    : `The worker tries again ${nextTry}; set Status to "${needsImage}" to try at once.`;
}
