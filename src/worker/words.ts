import type { ChainExhaustedError, FailureCode } from '../core/errors.ts';
import type { Attempt } from '../core/provider.ts';

/** "8.2 s", "340 ms". */
export function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
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

const failureWords: Readonly<Record<FailureCode, string>> = {
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
  const until = attempt.until === undefined ? '' : ` until ${dateWords(attempt.until, now)}`;
  return `${attempt.label} ${failureWords[attempt.outcome]}${until}`;
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

/** The words of the option that puts a row back in the queue. */
export interface NextStep {
  needsImage: string;
}

/** What a row says when no provider made a picture. */
export function noPicture(error: ChainExhaustedError, now: number, { needsImage }: NextStep): string {
  if (error.last.code === 'content_rejected') {
    const refuser = error.attempts.findLast(({ outcome }) => outcome === 'content_rejected')?.label ?? 'The provider';
    return `${refuser} refused the prompt as unsuitable. Reword the prompt, then set Status to "${needsImage}".`;
  }
  const told = [...new Set(error.attempts.map((attempt) => failedAttempt(attempt, now)))].join('; ');
  return `No picture could be made${told === '' ? '' : `: ${told}`}. Set Status to "${needsImage}" to try again, or ask the operator if it stays so.`;
}

/** What a row says about a mistake in the row itself. */
export function rowMistake(mistake: string, { needsImage }: NextStep): string {
  return `${mistake} Then set Status to "${needsImage}".`;
}

/** What a row says when the board did not take its picture. */
export function notTaken(said: string, { needsImage }: NextStep): string {
  return `The picture is made, but Notion did not take it: ${said} Set Status to "${needsImage}" to try again.`;
}

/** What a row says after a fault that nobody foresaw; the log has the rest. */
export function unforeseen({ needsImage }: NextStep): string {
  return `Something went wrong that the worker does not know. Set Status to "${needsImage}" to try again, or ask the operator to look at the log.`;
}
