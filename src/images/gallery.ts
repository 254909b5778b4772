import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../lib/clock.ts';
import type { ImageRecord } from '../core/image.ts';
import type { Log } from '../lib/log.ts';
import { isCode } from '../state/disk-error.ts';
import { look } from '../state/files.ts';
import { readImageRecord } from './image-record.ts';
import { newest, type Place, placeOf, placesIn } from './places.ts';
import { userFolder } from './upload-store.ts';

/** The last pictures of one folder. */
export interface Gallery {
  /** Newest first; of the newest 500 in the folder. */
  latest(count: number): Promise<ImageRecord[]>;
  /** A picture has been saved with its history: it is among the latest at once. */
  added(file: string): void;
}

/** The last pictures that each user asked for over HTTP. */
export interface UserGalleries {
  /** Newest first. @throws {Error} when the id is not safe as a part of a path. */
  latest(userId: string, count: number): Promise<ImageRecord[]>;
  added(userId: string, file: string): void;
}

/** What a gallery looks at. */
export interface GalleryOptions {
  folder: string;
  /** Does a file of this name belong to the gallery? */
  isPicture: (file: string) => boolean;
  clock: Clock;
  log: Log;
}

/** Names beyond those asked for that are tried where a history is of no use. */
const spareNames = 50;
/** A folder that changes all the time is read again no sooner. */
const restMs = 30_000;
const maxUsers = 200;

/** Is it the name of a picture of the board? */
export function isBoardImage(file: string): boolean {
  return /^[a-z0-9][a-z0-9-]*_generated_\d{8}_\d{6}_\d+\.(?:png|jpg|webp)$/.test(file);
}

/** Is it the name of a picture that was asked for over HTTP? */
export function isUploadedImage(file: string): boolean {
  return /^\d{1,15}-generated\.png$/.test(file);
}

/** Looks at a folder that may hold a hundred thousand pictures: its names are read seldom, and only the newest histories, once each. */
export function createGallery({ folder, isPicture, clock, log }: GalleryOptions): Gallery {
  let places: Place[] = [];
  /** What comes while the folder is read, which the reading may have passed by. */
  let meanwhile: Place[] = [];
  let reading: Promise<void> | undefined;
  let readAtMs = -Infinity;
  let changedAtMs: number | undefined;
  const known = new Map<string, ImageRecord>();

  async function readAgain(): Promise<void> {
    meanwhile = [];
    if (clock.monotonic() - readAtMs < restMs) return;
    const mtimeMs = await changeOf(folder);
    if (mtimeMs === changedAtMs) return;
    changedAtMs = undefined;
    const found = mtimeMs === undefined ? [] : await placesIn(folder);
    places = newest([...found, ...meanwhile]);
    changedAtMs = mtimeMs;
    // A folder that is not there yet costs nothing to look for.
    if (mtimeMs !== undefined) readAtMs = clock.monotonic();
    const stems = new Set(places.map(({ stem }) => stem));
    for (const stem of known.keys()) if (!stems.has(stem)) known.delete(stem);
  }

  function tell(error: unknown): void {
    readAtMs = clock.monotonic();
    log.warn({ folder, error: String(error) }, 'the folder of pictures cannot be read; what is known of it is shown');
  }

  async function find(stem: string): Promise<ImageRecord | undefined> {
    try {
      const picture = known.get(stem) ?? (await readImageRecord(folder, stem));
      if (!picture || !isPicture(picture.file)) return undefined;
      known.set(stem, picture);
      return (await look(join(folder, picture.file)))?.isFile() ? picture : undefined;
    } catch (error) {
      log.debug({ folder, stem, error: String(error) }, 'the history of a picture cannot be read');
      return undefined;
    }
  }

  return {
    async latest(count) {
      await (reading ??= readAgain()
        .catch(tell)
        .finally(() => (reading = undefined)));
      const pictures: ImageRecord[] = [];
      for (const { stem } of places.slice(0, count + spareNames)) {
        if (pictures.length >= count) break;
        const picture = await find(stem);
        if (picture) pictures.push(picture);
      }
      return pictures;
    },

    added(file) {
      const place = isPicture(file) ? placeOf(file.replace(/\.[a-z]+$/, '')) : undefined;
      if (!place) return;
      if (reading) meanwhile.push(place);
      places = newest([...places, place]);
    },
  };
}

/** A gallery for each user who asks, in the images folder made by `prepareFolder`. */
export function createUserGalleries(
  imagesDir: string,
  { clock, log }: Pick<GalleryOptions, 'clock' | 'log'>,
): UserGalleries {
  const galleries = new LRUCache<string, Gallery>({ max: maxUsers });
  const galleryOf = (userId: string): Gallery => {
    const gallery =
      galleries.get(userId) ??
      createGallery({ folder: userFolder(imagesDir, userId), isPicture: isUploadedImage, clock, log });
    galleries.set(userId, gallery);
    return gallery;
  };
  return {
    latest: async (userId, count) => galleryOf(userId).latest(count),
    added: (userId, file) => galleryOf(userId).added(file),
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
