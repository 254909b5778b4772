import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../lib/clock.ts';
import type { ImageRecord } from '../core/image.ts';
import type { Log } from '../lib/log.ts';
import { isCode } from '../state/disk-error.ts';
import { statIfPresent } from '../state/files.ts';
import { readImageRecord } from './image-record.ts';
import { type ImageName, newestFirst, parseImageName, readNewestNames } from './newest-images.ts';
import { userFolder } from './upload-store.ts';

/** The last images of one folder. */
export interface Gallery {
  /** Newest first; of the newest 500 in the folder. */
  latest(count: number): Promise<ImageRecord[]>;
  /** Adds an image that has just been saved with its record. */
  added(file: string): void;
}

/** The last images that each user asked for over HTTP. */
export interface UserGalleries {
  /** Newest first. @throws {Error} when the id is not safe as a part of a path. */
  latest(userId: string, count: number): Promise<ImageRecord[]>;
  added(userId: string, file: string): void;
}

interface GalleryOptions {
  folder: string;
  /** Does a file of this name belong to the gallery? */
  isImage: (file: string) => boolean;
  clock: Clock;
  log: Log;
}

/** Names beyond those asked for that are tried where a record cannot be used. */
const spareNames = 50;
/** How soon a folder that changes all the time is read again. */
const rereadAfterMs = 30_000;
const maxUsers = 200;

/** Is it the name of a board's image? */
export function isBoardImage(file: string): boolean {
  return /^[a-z0-9][a-z0-9-]*_generated_\d{8}_\d{6}_\d+\.(?:png|jpg|webp)$/.test(file);
}

/** Is it the name of an image that was asked for over HTTP? */
export function isUploadedImage(file: string): boolean {
  return /^\d{1,15}-generated\.png$/.test(file);
}

/** Makes a gallery of a folder that may hold a hundred thousand images: its names are read seldom, and only the newest records, once each. */
export function createGallery({ folder, isImage, clock, log }: GalleryOptions): Gallery {
  let names: ImageName[] = [];
  /** Images added while the folder is read, which the reading may have missed. */
  let addedMeanwhile: ImageName[] = [];
  let reading: Promise<void> | undefined;
  let readAtMs = -Infinity;
  let changedAtMs: number | undefined;
  const known = new Map<string, ImageRecord>();

  async function refresh(): Promise<void> {
    addedMeanwhile = [];
    if (clock.monotonic() - readAtMs < rereadAfterMs) return;
    const mtimeMs = await changeOf(folder);
    if (mtimeMs === changedAtMs) return;
    changedAtMs = undefined;
    const found = mtimeMs === undefined ? [] : await readNewestNames(folder);
    names = newestFirst([...found, ...addedMeanwhile]);
    changedAtMs = mtimeMs;
    // A folder that is not there yet costs nothing to look for.
    if (mtimeMs !== undefined) readAtMs = clock.monotonic();
    const stems = new Set(names.map(({ stem }) => stem));
    for (const stem of known.keys()) if (!stems.has(stem)) known.delete(stem);
  }

  function warnUnreadable(error: unknown): void {
    readAtMs = clock.monotonic();
    log.warn({ folder, error: String(error) }, 'the folder of pictures cannot be read; what is known of it is shown');
  }

  async function find(stem: string): Promise<ImageRecord | undefined> {
    try {
      const image = known.get(stem) ?? (await readImageRecord(folder, stem));
      if (!image || !isImage(image.file)) return undefined;
      known.set(stem, image);
      return (await statIfPresent(join(folder, image.file)))?.isFile() ? image : undefined;
    } catch (error) {
      log.debug({ folder, stem, error: String(error) }, 'the history of a picture cannot be read');
      return undefined;
    }
  }

  return {
    async latest(count) {
      await (reading ??= refresh()
        .catch(warnUnreadable)
        .finally(() => (reading = undefined)));
      const images: ImageRecord[] = [];
      for (const { stem } of names.slice(0, count + spareNames)) {
        if (images.length >= count) break;
        const image = await find(stem);
        if (image) images.push(image);
      }
      return images;
    },

    added(file) {
      const name = isImage(file) ? parseImageName(file.replace(/\.[a-z]+$/, '')) : undefined;
      if (!name) return;
      if (reading) addedMeanwhile.push(name);
      names = newestFirst([...names, name]);
    },
  };
}

/** A gallery for each user who asks, in the images folder made by `prepareFolder`. */
export function createUserGalleries(
  imagesDir: string,
  { clock, log }: Pick<GalleryOptions, 'clock' | 'log'>,
): UserGalleries {
  const galleries = new LRUCache<string, Gallery>({
    max: maxUsers,
    memoMethod: (userId) =>
      createGallery({ folder: userFolder(imagesDir, userId), isImage: isUploadedImage, clock, log }),
  });
  return {
    latest: async (userId, count) => galleries.memo(userId).latest(count),
    added: (userId, file) => galleries.memo(userId).added(file),
  };
}

/** When the folder last got or lost a name; undefined when it is not there. */
async function changeOf(folder: string): Promise<number | undefined> {
  try {
    return (await stat(folder)).mtimeMs;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
