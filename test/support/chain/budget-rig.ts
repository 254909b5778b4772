import type { SpendFile } from '../../../src/state/spend-ledger.ts';

/** The months' files in memory. */
export interface MemoryFile extends SpendFile {
  readonly texts: Map<string, string>;
  /** The lines of a month, parsed. */
  lines(month: string): { state: string; usd: number; provider: string }[];
}

export function createMemoryFile(texts = new Map<string, string>()): MemoryFile {
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
