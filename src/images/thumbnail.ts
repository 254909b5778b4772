import { readFile } from 'node:fs/promises';
import { LRUCache } from 'lru-cache';
import type { Log } from '../lib/log.ts';
import { look } from '../state/files.ts';
import { maxImageBytes, openImage } from './inspect.ts';

/** A WebP of at most 480 pixels on its longer side; undefined when the file is absent, no plain file, or no picture. */
export type Thumbnails = (file: string) => Promise<Uint8Array | undefined>;

const longerSide = 480;
const quality = 75;
const cacheBytes = 16 * 1024 * 1024;

/**
 * So many are rendered at a time. sharp takes every thread of the pool that also serves the disk: with forty at once, a file's
 * read waited 620 ms (sharp 0.35, 2026-11).
 */
const lanes = 2;

/** Keeps what it rendered, as far as 16 MiB go. */
export function createThumbnails({ log }: { log: Log }): Thumbnails {
  const rendered = new LRUCache<string, Uint8Array>({
    maxSize: cacheBytes,
    sizeCalculation: (bytes) => bytes.byteLength,
  });
  const underWay = new Map<string, Promise<Uint8Array>>();
  const inLane = createLanes(lanes);

  const render = (key: string, file: string): Promise<Uint8Array> =>
    inLane(async () => {
      const thumbnail = await openImage(await readFile(file))
        .resize({ width: longerSide, height: longerSide, fit: 'inside', withoutEnlargement: true })
        .webp({ quality })
        .toBuffer();
      rendered.set(key, thumbnail);
      return thumbnail;
    }).finally(() => underWay.delete(key));

  return async (file) => {
    try {
      const facts = await look(file);
      if (!facts?.isFile() || facts.size > maxImageBytes) return undefined;
      const key = `${file}\n${facts.mtimeMs}\n${facts.size}`;
      const kept = rendered.get(key) ?? underWay.get(key);
      if (kept) return await kept;
      const rendering = render(key, file);
      underWay.set(key, rendering);
      return await rendering;
    } catch (error) {
      log.warn({ file, error: String(error) }, 'a picture cannot be made small');
      return undefined;
    }
  };
}

/** Runs so many pieces of work at a time, the others in turn. */
function createLanes(count: number): <T>(work: () => Promise<T>) => Promise<T> {
  const ends = Array.from({ length: count }, () => Promise.resolve<unknown>(undefined));
  let started = 0;
  return (work) => {
    const lane = started++ % count;
    const turn = (ends[lane] ?? Promise.resolve()).then(work);
    ends[lane] = turn.catch(() => undefined);
    return turn;
  };
}
