import Table from 'cli-table3';
import type { Attempt } from '../../core/provider.ts';

/** A pass in numbers, as `sync` counts it. */
export interface SummaryNumbers {
  done: number;
  failed: number;
  skipped: number;
  providers: Readonly<Record<string, number>>;
  costUsd: number;
  /** Money that may have been spent besides. */
  possibleUsd: number;
  durationMs: number;
}

/** The summary that a pass ends with on a terminal. */
export function summaryTable(summary: SummaryNumbers): string {
  const { done, failed, skipped, providers, costUsd, possibleUsd, durationMs } = summary;
  const spent = costWords(costUsd) + (possibleUsd > 0 ? `, maybe ${costWords(possibleUsd)} more` : '');
  const used = Object.entries(providers).map(([label, pictures]) => `${label} × ${pictures}`);
  const table = new Table({ head: ['Done', 'Failed', 'Skipped', 'Providers used', 'Time', 'Cost'], style: plain });
  table.push([done, failed, skipped, used.join('\n') || '–', timeWords(durationMs), spent]);
  return table.toString();
}

/** A table of rows under a head. */
export function plainTable(head: string[], rows: string[][]): string {
  const table = new Table({ head, style: plain });
  table.push(...rows);
  return table.toString();
}

/** Every attempt at one picture, in order. */
export function ledgerTable(attempts: readonly Attempt[]): string {
  const rows = attempts.map(({ label, model, outcome, durationMs, costUsd = 0, possiblySpent, detail }) => [
    label,
    model,
    outcome,
    timeWords(durationMs),
    possiblySpent ? `maybe ${costWords(costUsd)}` : outcome === 'ok' ? costWords(costUsd) : '–',
    detail ?? '',
  ]);
  return plainTable(['Provider', 'Model', 'Outcome', 'Time', 'Cost', 'What it said'], rows);
}

const plain = { head: [], border: [] };

function timeWords(ms: number): string {
  const seconds = Math.round(ms / 100) / 10;
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

function costWords(usd: number): string {
  return usd === 0 ? 'free' : `$${usd.toFixed(4)}`;
}
