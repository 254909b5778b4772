import { opendir } from 'node:fs/promises';

const maxNames = 500;

/** An image's name, and by what it is ordered among the others. */
export interface ImageName {
  stem: string;
  takenAt: number;
  number: number;
}

/** The names of the newest images that have a record. Read in parts, so that a large folder holds nobody up. */
export async function readNewestNames(folder: string): Promise<ImageName[]> {
  let names: ImageName[] = [];
  for await (const { name } of await opendir(folder, { bufferSize: 1024 })) {
    const parsed = name.endsWith('.json') ? parseImageName(name.slice(0, -'.json'.length)) : undefined;
    if (parsed) names.push(parsed);
    if (names.length >= 4 * maxNames) names = newestFirst(names);
  }
  return names;
}

/** Each once, newest first, as many as are remembered. */
export function newestFirst(names: readonly ImageName[]): ImageName[] {
  const byStem = new Map(names.map((name) => [name.stem, name]));
  return [...byStem.values()].toSorted((a, b) => b.takenAt - a.takenAt || b.number - a.number).slice(0, maxNames);
}

/** Reads `<model>_generated_<date>_<time>_<n>` and `<ms>-generated`. */
export function parseImageName(stem: string): ImageName | undefined {
  const [, ms] = /^(\d{1,15})-generated$/.exec(stem) ?? [];
  if (ms !== undefined) return { stem, takenAt: Number(ms), number: 0 };
  const board = /_generated_(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)_(\d+)$/.exec(stem);
  if (!board) return undefined;
  const [year = 0, month = 0, day, hours, minutes, seconds, number = 0] = board.slice(1).map(Number);
  return { stem, takenAt: Date.UTC(year, month - 1, day, hours, minutes, seconds), number };
}
