import type { ChainExhaustedError } from '../core/errors.ts';
import type { Attempt, OpenCall } from '../core/provider.ts';
import { type Failure, failureForEditor } from './failures.ts';
import { formatCost, formatDuration } from './formats.ts';

/** Why this provider: "Hugging Face out of credit until 1 Dec → Stable Diffusion, 8.2 s, free". */
export function why(attempts: readonly Attempt[], now: number, notes: readonly string[] = []): string {
  const steps = attempts.map((attempt) =>
    isFailed(attempt)
      ? failureForEditor(attempt, now)
      : `${attempt.label}, ${formatDuration(attempt.durationMs)}, ${formatCost(attempt.costUsd ?? 0)}`,
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

/** What a row says when no provider made an image. */
export function noImage(error: ChainExhaustedError, now: number, next: NextStep): string {
  if (error.last.code === 'content_rejected') {
    const refuser = error.attempts.findLast(({ outcome }) => outcome === 'content_rejected')?.label ?? 'The provider';
    return `${refuser} refused the prompt as unsuitable. Reword the prompt, then set Status to "${next.needsImage}".`;
  }
  const failures = error.attempts.filter(isFailed).map((attempt) => failureForEditor(attempt, now));
  const reasons = [...new Set(failures)].join('; ');
  return `No picture could be made${reasons === '' ? '' : `: ${reasons}`}. ${goingOn(next)}`;
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
  return `The worker was interrupted while ${label} made this picture, and ${formatCost(costUsd)} may have been spent. Set Status to "${needsImage}" to have it made again.`;
}

/** What a row says when the board did not take its image. */
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

function isFailed(attempt: Attempt): attempt is Attempt & { outcome: Failure } {
  return attempt.outcome !== 'ok';
}
