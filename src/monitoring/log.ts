import type { BoardFacts } from '../core/board.ts';
import type { BudgetState } from '../core/budget.ts';
import type { WorkerEvents } from '../core/events.ts';
import type { Outcome } from '../core/outcome.ts';
import type { PassSummary } from '../core/pass.ts';
import type { Log } from '../lib/log.ts';
import { formatCost, formatDuration, formatMoney } from '../messages/formats.ts';
import { describeClockSkew } from '../notion/client/clock-skew.ts';

/** Writes the log lines that tell a person what the worker does. `clockSkewMs`: by how much Notion's clock differs. */
export function logEvents(
  events: WorkerEvents,
  { log, clockSkewMs }: { log: Log; clockSkewMs: () => number | undefined },
): void {
  let isBoardKnown = false;
  let isClockWarned = false;
  events.on('boardOpened', (facts) => {
    if (!isBoardKnown) logBoard(log, facts);
    isBoardKnown = true;
    isClockWarned ||= warnOfClock(log, clockSkewMs());
  });
  events.on('outcome', (outcome) => logOutcome(log, outcome));
  events.on('pass', ({ summary }) => summary && logSummary(log, summary));
  events.on('budget', (state) => logBudget(log, state));
}

/** Warns of a clock that differs from Notion's; true when it did. */
export function warnOfClock(log: Log, skewMs: number | undefined): boolean {
  const trouble = describeClockSkew(skewMs);
  if (trouble !== undefined) log.warn({ skewMs }, trouble);
  return trouble !== undefined;
}

function logBoard(log: Log, { title, url, missing }: BoardFacts): void {
  log.info({ url }, `Board "${title}"`);
  if (missing.length > 0) log.info({ missing }, `The board lacks optional properties: ${missing.join(', ')}`);
}

function logOutcome(log: Log, outcome: Outcome): void {
  const { post } = outcome;
  const row = { post: post.id, title: post.title };
  if (outcome.kind === 'done') {
    const { image, provider, model, costUsd, durationMs, attempts } = outcome;
    const data = { ...row, file: image.path, provider, model, costUsd, durationMs, attempts };
    const made = `${image.path} by ${outcome.label}, ${formatDuration(durationMs)}, ${formatCost(costUsd)}`;
    log.info(data, `"${post.title}": ${made}`);
  } else if (outcome.kind === 'failed') {
    log.warn({ ...row, attempts: outcome.attempts }, `"${post.title}": failed. ${outcome.error}`);
  } else {
    const what = outcome.again ? 'taken again' : 'left alone';
    log[outcome.quiet ? 'debug' : 'info'](row, `"${post.title}": ${what}, ${outcome.reason}`);
  }
}

function logSummary(log: Log, summary: PassSummary): void {
  const { done, failed, skipped, costUsd, possibleUsd, durationMs } = summary;
  const counts = `${done} done, ${failed} failed, ${skipped} skipped`;
  const cost = `${formatCost(costUsd)}${maybeCost(possibleUsd)}`;
  log.info(summary, `Pass finished: ${counts}, ${formatDuration(durationMs)}, ${cost}`);
}

/** Without a cap there is nothing to say. */
function logBudget(log: Log, { month, capUsd, spentUsd, possibleUsd, openUsd }: BudgetState): void {
  if (!capUsd) return;
  const spent = `${formatMoney(spentUsd)}${maybeCost(possibleUsd)} of ${formatMoney(capUsd)} spent`;
  log.info({ month, capUsd, spentUsd, possibleUsd, openUsd }, `Budget of ${month}: ${spent}`);
}

function maybeCost(usd: number): string {
  return usd > 0 ? ` and maybe ${formatCost(usd)}` : '';
}
