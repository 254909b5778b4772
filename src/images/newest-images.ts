import { opendir } from 'node:fs/promises';

/** Places remembered of one folder. */
const maxPlaces = 500;

/** A picture's name without its ending, and where it stands among the others. */
export interface Place {
  stem: string;
  takenAt: number;
  number: number;
}

/** The newest pictures that have a history. Read in parts, so that a large folder holds nobody up. */
export async function placesIn(folder: string): Promise<Place[]> {
  let places: Place[] = [];
  for await (const { name } of await opendir(folder, { bufferSize: 1024 })) {
    const place = name.endsWith('.json') ? placeOf(name.slice(0, -'.json'.length)) : undefined;
    if (place) places.push(place);
    if (places.length >= 4 * maxPlaces) places = newest(places);
  }
  return places;
}

/** Each once, newest first, as many as are remembered. */
export function newest(places: readonly Place[]): Place[] {
  const byStem = new Map(places.map((place) => [place.stem, place]));
  return [...byStem.values()].toSorted((a, b) => b.takenAt - a.takenAt || b.number - a.number).slice(0, maxPlaces);
}

/** Reads `<model>_generated_<date>_<time>_<n>` and `<ms>-generated`. */
export function placeOf(stem: string): Place | undefined {
  const [, ms] = /^(\d{1,15})-generated$/.exec(stem) ?? [];
  if (ms !== undefined) return { stem, takenAt: Number(ms), number: 0 };
  const board = /_generated_(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)_(\d+)$/.exec(stem);
  if (!board) return undefined;
  const [year = 0, month = 0, day, hours, minutes, seconds, number = 0] = board.slice(1).map(Number);
  return { stem, takenAt: Date.UTC(year, month - 1, day, hours, minutes, seconds), number };
}
