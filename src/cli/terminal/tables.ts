import Table from 'cli-table3';
import type { Finding } from '../../core/finding.ts';
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

const marks = { well: '✓', note: '·', warning: '!', problem: '✗' } as const satisfies Record<Finding['state'], string>;
/** Room for the frame, the mark and the blanks around each cell. */
const frameWidth = 12;
const narrowestSentence = 30;

/** All findings in their order, and their sum: a table as wide as the terminal, or a line each where there is none. */
export function findingsTable(findings: readonly Finding[], columns: number | undefined): string {
  const rows = findings.map(({ state, about, message }) => ({ mark: marks[state], about, message }));
  if (columns === undefined) {
    return [...rows.map(({ mark, about, message }) => `${mark} ${about}: ${message}`), verdict(findings)].join('\n');
  }
  const subjectWidth = Math.max(0, ...rows.map(({ about }) => about.length));
  const sentenceWidth = Math.max(narrowestSentence, columns - subjectWidth - frameWidth);
  const drawn = new Table({
    head: ['', 'What', 'How it is'],
    style: { head: [], border: [], compact: true },
    colWidths: [3, subjectWidth + 2, sentenceWidth + 2],
    wordWrap: true,
  });
  drawn.push(...rows.map(({ mark, about, message }) => [mark, about, message]));
  return `${drawn.toString()}\n${verdict(findings)}`;
}

function verdict(findings: readonly Finding[]): string {
  const count = (wanted: Finding['state']) => findings.filter(({ state }) => state === wanted).length;
  const [problems, warnings] = [count('problem'), count('warning')];
  const counted = [
    ...(problems > 0 ? [problems === 1 ? '1 problem (✗)' : `${problems} problems (✗)`] : []),
    ...(warnings > 0 ? [warnings === 1 ? '1 warning (!)' : `${warnings} warnings (!)`] : []),
  ];
  return counted.length === 0 ? 'All is well.' : `${counted.join(' and ')}.`;
}
