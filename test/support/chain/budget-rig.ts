import type { SpendFiles } from '../../../src/state/spend-ledger.ts';

/** The months' files in memory. */
export interface SpendFilesInMemory extends SpendFiles {
  readonly texts: Map<string, string>;
  /** The lines of a month, parsed. */
  lines(month: string): { state: string; usd: number; provider: string }[];
}

export function createSpendFilesInMemory(texts = new Map<string, string>()): SpendFilesInMemory {
  return {
    texts,
    lines: (month) =>
      (texts.get(month) ?? '')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    read: async (month, fromByte) => Buffer.from(texts.get(month) ?? '').subarray(fromByte),
    async append(month, line) {
      texts.set(month, withLine(texts.get(month) ?? '', line));
    },
  };
}

/** The text with one more line, apart from a torn one before it. */
export function withLine(text: string, line: string): string {
  return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`;
}
