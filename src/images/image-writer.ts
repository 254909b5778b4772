import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageStore, EncodedImage, SavedImage } from '../core/image.ts';
import { onDisk } from '../state/disk-error.ts';
import { discard, ensureFolder, moveExclusive, syncFolder, writeAtomic } from '../state/files.ts';
import { sha256 } from '../lib/hash.ts';
import { endingOf, stemOf } from './names.ts';
import { statePaths } from '../state/paths.ts';

/** How a store names its images. */
export interface Naming {
  folder: string;
  /** The next name to try, without its ending. */
  nextStem: () => Promise<string>;
  /** Will a save that was cut off be finished? Then its bytes stay, in a file whose name starts with their hash. */
  canBeFinished: boolean;
}

/** How often others may take the name that was to be given before a save gives up. */
const maxCollisions = 1000;

/** Writes one worker's images: first to a folder of its own, then under their names; `prepareFolder` has made `imagesDir`. */
export function createImageWriter(imagesDir: string, workerId: string) {
  if (!/^[\w-]+$/.test(workerId)) throw new Error(`${JSON.stringify(workerId)} is not a worker's id.`);
  const ownFolder = join(statePaths(imagesDir).temporary, workerId);
  const inUse = new Set<string>();

  /** Writes a temporary file and works with it; afterwards it is removed, unless it is still wanted. */
  async function withTemporary<T>(
    name: string,
    bytes: Uint8Array,
    work: (file: string) => Promise<T>,
    isWanted = () => false,
  ): Promise<T> {
    const file = join(ownFolder, name);
    inUse.add(file);
    try {
      await onDisk(imagesDir, async () => {
        await ensureFolder(ownFolder);
        await writeFile(file, bytes, { flag: 'wx', flush: true });
        await syncFolder(ownFolder);
      });
      return await work(file);
    } finally {
      if (!isWanted()) await discard(file);
      inUse.delete(file);
    }
  }

  return {
    withTemporary,

    isInUse: (file: string) => inUse.has(file),

    /** As `ImageStore.save`, under the names of one store. */
    async save(
      { bytes, mediaType, width, height }: EncodedImage,
      { folder, nextStem, canBeFinished }: Naming,
      intend: (image: SavedImage) => Promise<void>,
    ): Promise<SavedImage> {
      const ending = endingOf(mediaType);
      const facts = { sha256: sha256(bytes), byteLength: bytes.byteLength, mediaType, width, height };
      const temporaryName = `${canBeFinished ? facts.sha256 : 'picture'}.${randomUUID()}${ending}`;
      let isIntended = false;
      const giveName = async (temporary: string): Promise<SavedImage> => {
        for (let collisions = 0; collisions < maxCollisions; collisions++) {
          const image = { path: (await onDisk(folder, nextStem)) + ending, ...facts };
          await intend(image);
          isIntended = true;
          if (await onDisk(folder, () => moveExclusive(temporary, join(folder, image.path)))) return image;
        }
        throw new Error(`No free name was to be had in ${folder}, in ${maxCollisions} tries.`);
      };
      return withTemporary(temporaryName, bytes, giveName, () => canBeFinished && isIntended);
    },

    /** As `ImageStore.saveBeside`, in this folder. */
    async saveBeside(
      folder: string,
      ...[image, extension, bytes]: Parameters<ImageStore['saveBeside']>
    ): Promise<string> {
      const name = stemOf(image.path) + extension;
      if (!/^(?:\.[a-z0-9]+)+$/.test(extension) || name === image.path) {
        throw new Error(`${JSON.stringify(extension)} is not an ending for a file beside ${image.path}.`);
      }
      await onDisk(imagesDir, () => ensureFolder(ownFolder));
      await writeAtomic(join(folder, name), bytes, ownFolder);
      return name;
    },
  };
}
