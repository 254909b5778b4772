import { readFile } from 'node:fs/promises';
import { LRUCache } from 'lru-cache';
import pLimit from 'p-limit';
import type { Log } from '../lib/log.ts';
import { statIfPresent } from '../state/files.ts';
import { maxImageBytes, openImage } from './inspect.ts';

/** A WebP of at most 480 pixels on its longer side; undefined when the file is absent, no plain file, or no image. */
export type Thumbnails = (file: string) => Promise<Uint8Array | undefined>;

const longerSide = 480;
const quality = 75;
const cacheBytes = 16 * 1024 * 1024;

/**
 * So many are rendered at a time. sharp takes every thread of the pool that also serves the disk: with forty at once, a file's
 * read waited 620 ms (sharp 0.35, 2026-11).
 */
const renderedAtOnce = 2;

/** Renders thumbnails and caches the last ones, as far as 16 MiB go. */
export function createThumbnails({ log }: { log: Log }): Thumbnails {
  const limit = pLimit(renderedAtOnce);
  const cache = new LRUCache<string, Uint8Array, string>({
    maxSize: cacheBytes,
    sizeCalculation: (bytes) => bytes.byteLength,
    fetchMethod: (_key, _stale, { context: file }) => limit(render, file),
    // One that is pushed out while it is rendered is still wanted by whoever asked for it.
    ignoreFetchAbort: true,
  });

  return async (file) => {
    try {
      const facts = await statIfPresent(file);
      if (!facts?.isFile() || facts.size > maxImageBytes) return undefined;
      return await cache.fetch(`${file}\n${facts.mtimeMs}\n${facts.size}`, { context: file });
    } catch (error) {
      log.warn({ file, error: String(error) }, 'a picture cannot be made small');
      return undefined;
    }
  };
}

async function render(file: string): Promise<Uint8Array> {
  return openImage(await readFile(file))
    .resize({ width: longerSide, height: longerSide, fit: 'inside', withoutEnlargement: true })
    .webp({ quality })
    .toBuffer();
}
