import type { Log } from '../lib/log.ts';
import type { Outcome } from '../core/outcome.ts';
import type { PassSummary } from '../core/pass.ts';
import { formatCost, formatDuration } from '../messages/formats.ts';

/** Logs what became of one row. */
export function logOutcome(log: Log, outcome: Outcome): void {
  const { post } = outcome;
  const row = { post: post.id, title: post.title };
  if (outcome.kind === 'done') {
    const { image, provider, model, costUsd, durationMs, attempts } = outcome;
    const data = { ...row, file: image.path, provider, model, costUsd, durationMs, attempts };
    log.info(
      data,
      `"${post.title}": ${image.path} by ${outcome.label}, ${formatDuration(durationMs)}, ${formatCost(costUsd)}`,
    );
  } else if (outcome.kind === 'failed') {
    log.warn({ ...row, attempts: outcome.attempts }, `"${post.title}": failed. ${outcome.error}`);
  } else {
    log[outcome.quiet ? 'debug' : 'info'](
      row,
      `"${post.title}": ${outcome.again ? 'taken again' : 'left alone'}, ${outcome.reason}`,
    );
  }
}

/** Logs what a pass did. */
export function logSummary(log: Log, summary: PassSummary): void {
  const { done, failed, skipped, costUsd, possibleUsd, durationMs } = summary;
  const maybe = possibleUsd > 0 ? ` and maybe ${formatCost(possibleUsd)}` : '';
  const counts = `${done} done, ${failed} failed, ${skipped} skipped`;
  log.info(summary, `Pass finished: ${counts}, ${formatDuration(durationMs)}, ${formatCost(costUsd)}${maybe}`);
}

/** Logs how the month's money stands, where it has a cap. */
export function logBudget(
  log: Log,
  budget: { month: string; capUsd?: number; spentUsd: number; possibleUsd: number },
): void {
  const { month, capUsd, spentUsd, possibleUsd } = budget;
  if (!capUsd) return;
  const maybe = possibleUsd > 0 ? ` and maybe ${formatCost(possibleUsd)}` : '';
  log.info(budget, `Budget of ${month}: $${spentUsd.toFixed(2)}${maybe} of $${capUsd.toFixed(2)} spent`);
}
