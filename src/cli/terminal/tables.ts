import Table from 'cli-table3';
import type { PassSummary } from '../../core/pass.ts';
import type { Attempt } from '../../core/provider.ts';
import { formatCost, formatDuration } from '../../messages/formats.ts';

/** A table of rows under a head. */
export function table(head: string[], rows: (string | number)[][]): string {
  const drawn = new Table({ head, style: { head: [], border: [] } });
  drawn.push(...rows);
  return drawn.toString();
}

/** The summary that a pass ends with on a terminal. */
export function summaryTable(summary: PassSummary): string {
  const { done, failed, skipped, providers, costUsd, possibleUsd, durationMs } = summary;
  const spent = formatCost(costUsd) + (possibleUsd > 0 ? `, maybe ${formatCost(possibleUsd)} more` : '');
  const used = Object.entries(providers).map(([label, images]) => `${label} × ${images}`);
  return table(
    ['Done', 'Failed', 'Skipped', 'Providers used', 'Time', 'Cost'],
    [[done, failed, skipped, used.join('\n') || '–', formatDuration(durationMs), spent]],
  );
}

/** Every attempt at one image, in order. */
export function attemptsTable(attempts: readonly Attempt[]): string {
  const rows = attempts.map(({ label, model, outcome, durationMs, costUsd = 0, possiblySpent, detail }) => [
    label,
    model,
    outcome,
    formatDuration(durationMs),
    possiblySpent ? `maybe ${formatCost(costUsd)}` : outcome === 'ok' ? formatCost(costUsd) : '–',
    detail ?? '',
  ]);
  return table(['Provider', 'Model', 'Outcome', 'Time', 'Cost', 'What it said'], rows);
}
