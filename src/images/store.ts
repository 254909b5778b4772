import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageStore, SavedImage } from '../core/image.ts';
import { silentLog } from '../core/log.ts';
import type { Log } from '../core/log.ts';
import { isCode, onDisk } from './disk-error.ts';
import { discard, look, moveExclusive, readIfPresent, syncFolder, writeAtomic } from './files.ts';
import { createNames, endingOf, namePrefix, stemOf } from './names.ts';
import { statePaths } from './state.ts';
import { sweepTemporary } from './sweep.ts';
import type { SweepOptions } from './sweep.ts';

/** Where a store keeps its pictures; `folder` has been made by `prepareFolder`. */
export interface ImageStoreOptions {
  folder: string;
  workerId: string;
  log?: Log;
}

/** The pictures in one folder of a disk, which several workers may share. */
export interface FolderImageStore extends ImageStore {
  /** Removes what crashes have left; to be called before the first save. */
  sweepTemporary(options: SweepOptions): Promise<void>;
}

/** Names that another process may take from under us before a save gives up. */
const maxCollisions = 1000;

/** Keeps pictures in a folder: first as a temporary file, then, once its name is known to the caller, under that name. */
export function createImageStore({ folder, workerId, log = silentLog }: ImageStoreOptions): FolderImageStore {
  if (!/^[\w-]+$/.test(workerId)) throw new Error(`${JSON.stringify(workerId)} is not a worker's id.`);
  const { temporary: temporaryRoot } = statePaths(folder);
  const ownTemporary = join(temporaryRoot, workerId);
  const names = createNames(folder);
  /** Temporary files of saves that are under way. */
  const live = new Set<string>();

  async function ensureOwnTemporary(): Promise<void> {
    // Not recursive: where the images folder has gone (an unmounted disk), it is not made anew on the disk below.
    await mkdir(ownTemporary).catch((error: unknown) => {
      if (!isCode(error, 'EEXIST')) throw error;
    });
  }

  /** Every save has a file of its own, whose name starts with the hash so that `find` can recognise it. */
  async function writeTemporary(bytes: Uint8Array, sha256: string, ending: string): Promise<string> {
    await ensureOwnTemporary();
    const temporary = join(ownTemporary, `${sha256}.${randomUUID()}${ending}`);
    live.add(temporary);
    try {
      await writeFile(temporary, bytes, { flag: 'wx', flush: true });
      await syncFolder(ownTemporary);
    } catch (error) {
      live.delete(temporary);
      await discard(temporary);
      throw error;
    }
    return temporary;
  }

  async function findTemporary(image: SavedImage): Promise<Buffer | undefined> {
    for (const worker of await readdir(temporaryRoot)) {
      const workerFolder = join(temporaryRoot, worker);
      const files = (await look(workerFolder))?.isDirectory() ? await readdir(workerFolder) : [];
      for (const name of files.filter((file) => file.startsWith(`${image.sha256}.`))) {
        const bytes = await readMatching(join(workerFolder, name), image);
        if (bytes) return bytes;
      }
    }
    return undefined;
  }

  /** Takes away what ended processes have left of a picture that is safe by now. */
  async function discardLeftovers({ sha256 }: SavedImage): Promise<void> {
    for (const worker of await readdir(temporaryRoot)) {
      const workerFolder = join(temporaryRoot, worker);
      const files = (await look(workerFolder))?.isDirectory() ? await readdir(workerFolder) : [];
      for (const name of files.filter((file) => file.startsWith(`${sha256}.`))) {
        const file = join(workerFolder, name);
        if (!live.has(file)) await discard(file);
      }
    }
  }

  /** The leftover is copied, never moved: it may belong to a live save of the same bytes. */
  async function finish(image: SavedImage, isReserved: boolean): Promise<SavedImage | undefined> {
    const bytes = await findTemporary(image);
    if (!bytes) return undefined;
    const temporary = await writeTemporary(bytes, image.sha256, endingOf(image.mediaType));
    try {
      if (isReserved) {
        await rename(temporary, join(folder, image.path));
        await syncFolder(folder);
        return image;
      }
      return (await moveExclusive(temporary, join(folder, image.path))) ? image : undefined;
    } finally {
      live.delete(temporary);
      await discard(temporary);
    }
  }

  return {
    async save({ bytes, mediaType, width, height, family, takenAt }, intend) {
      const prefix = namePrefix(family, takenAt);
      const ending = endingOf(mediaType);
      const facts = { sha256: hashOf(bytes), byteLength: bytes.byteLength, mediaType, width, height };
      const temporary = await onDisk(folder, () => writeTemporary(bytes, facts.sha256, ending));
      let isIntended = false;
      try {
        for (let collisions = 0; collisions < maxCollisions; collisions++) {
          const stem = await onDisk(folder, () => names.next(prefix));
          const image = { path: stem + ending, ...facts };
          await intend(image);
          isIntended = true;
          if (await onDisk(folder, () => moveExclusive(temporary, join(folder, image.path)))) return image;
        }
        throw new Error(`No free name ${prefix}… was to be had in ${maxCollisions} tries.`);
      } catch (error) {
        // Once the caller knows of the picture, `find` has to be able to finish it.
        if (!isIntended) await discard(temporary);
        throw error;
      } finally {
        live.delete(temporary);
      }
    },

    async find(image) {
      const file = join(folder, checkedPath(image));
      return onDisk(folder, async () => {
        const present = await look(file);
        // An empty file is a name that was reserved when the crash came.
        const isMissing = !present || (present.isFile() && present.size === 0);
        const found = isMissing
          ? await finish(image, present !== undefined)
          : (await readMatching(file, image)) && image;
        if (found) await discardLeftovers(image);
        return found || undefined;
      });
    },

    async read(image) {
      const file = join(folder, checkedPath(image));
      const bytes = await onDisk(folder, () => readIfPresent(file));
      if (!bytes) throw new Error(`The picture ${image.path} is no longer in ${folder}.`);
      return bytes;
    },

    async saveBeside(image, extension, bytes) {
      const name = stemOf(image.path) + extension;
      if (!/^(?:\.[a-z0-9]+)+$/.test(extension) || name === image.path) {
        throw new Error(`${JSON.stringify(extension)} is not an ending for a file beside ${image.path}.`);
      }
      await onDisk(folder, ensureOwnTemporary);
      await writeAtomic(join(folder, name), bytes, ownTemporary);
      return name;
    },

    async forget(image) {
      const beside = `${stemOf(image.path)}.`;
      await onDisk(folder, async () => {
        const files = (await readdir(folder)).filter((name) => name.startsWith(beside) && name !== image.path);
        // The picture goes last: as long as it is there, a removal that was interrupted can be seen.
        for (const name of [...files, image.path]) await rm(join(folder, name), { force: true });
        await syncFolder(folder);
      });
    },

    sweepTemporary: (options) => onDisk(folder, () => sweepTemporary(folder, options, log)),
  };
}

async function readMatching(file: string, image: SavedImage): Promise<Buffer | undefined> {
  const facts = await look(file);
  if (!facts?.isFile() || facts.size !== image.byteLength) return undefined;
  const bytes = await readIfPresent(file);
  return bytes && hashOf(bytes) === image.sha256 ? bytes : undefined;
}

function checkedPath({ path }: SavedImage): string {
  stemOf(path);
  return path;
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
