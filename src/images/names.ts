import { join } from 'node:path';
import { LRUCache } from 'lru-cache';
import type { MediaType } from '../lib/media-type.ts';
import { statIfPresent } from '../state/files.ts';

const endings: Readonly<Record<MediaType, string>> = {
  'image/png': '.png',
  'image/jpeg': '.jpg',
  'image/webp': '.webp',
};

/** Counters kept at most; one that is dropped starts again from what is on disk. */
const maxCounters = 1000;

/**
 * Gives out the names of images, without their ending: such as nothing in the folder has with any image's ending, and as this
 * process never gave before. They count up from 1 within a second; the folder is searched once a second and not once a name.
 */
export function createNames(folder: string): (prefix: string) => Promise<string> {
  const counters = new LRUCache<string, Promise<{ number: number }>>({ max: maxCounters });

  async function isTaken(stem: string): Promise<boolean> {
    const files = await Promise.all(Object.values(endings).map((ending) => statIfPresent(join(folder, stem + ending))));
    return files.some((file) => file !== undefined);
  }

  /** Doubles its steps until a number is free, then halves them back to the first free one. */
  async function firstFree(prefix: string, from: number): Promise<{ number: number }> {
    let step = 1;
    while (await isTaken(`${prefix}${from + step - 1}`)) step *= 2;
    let free = from + step - 1;
    let taken = step === 1 ? free - 1 : from + step / 2 - 1;
    while (free - taken > 1) {
      const middle = Math.floor((free + taken) / 2);
      if (await isTaken(`${prefix}${middle}`)) taken = middle;
      else free = middle;
    }
    return { number: free };
  }

  function count(prefix: string, from: number): Promise<{ number: number }> {
    const counter = firstFree(prefix, from);
    counters.set(prefix, counter);
    counter.catch(() => {
      if (counters.get(prefix) === counter) counters.delete(prefix);
    });
    return counter;
  }

  return async (prefix) => {
    for (;;) {
      const pending = counters.get(prefix) ?? count(prefix, 1);
      const counter = await pending;
      const stem = `${prefix}${counter.number++}`;
      if (!(await isTaken(stem))) return stem;
      // Another process writes in the same second: the first to notice searches on for all.
      if (counters.get(prefix) === pending) void count(prefix, counter.number);
    }
  };
}

/** The start of an image's name: its family, made safe, and its time in UTC. */
export function namePrefix(family: string, takenAt: number): string {
  const safe = family
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 40);
  const [date, time] = new Date(takenAt).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').split('T');
  return `${safe || 'image'}_generated_${date}_${time}_`;
}

/** The ending of an image's file name, with its dot. */
export function endingOf(mediaType: MediaType): string {
  return endings[mediaType];
}

/** The name without its ending. @throws {Error} when it is not the plain name of an image. */
export function stemOf(path: string): string {
  const [, stem] = /^([A-Za-z0-9][\w-]*)\.(?:png|jpg|webp)$/.exec(path) ?? [];
  if (stem === undefined) throw new Error(`${JSON.stringify(path)} is not the name of a picture.`);
  return stem;
}
