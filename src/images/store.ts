import { randomUUID } from 'node:crypto';
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageStore, SavedImage } from '../core/image.ts';
import { silentLog } from '../lib/log.ts';
import type { Log } from '../lib/log.ts';
import { onDisk } from '../state/disk-error.ts';
import { discard, look, moveExclusive, readIfPresent, syncFolder } from '../state/files.ts';
import { createNames, endingOf, namePrefix, stemOf } from './names.ts';
import { createSaving, hashOf } from './saving.ts';
import { statePaths } from '../state/paths.ts';
import { sweepTemporary } from '../state/sweep.ts';
import type { SweepOptions } from '../state/sweep.ts';

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

/** Keeps pictures in a folder: first as a temporary file, then, once its name is known to the caller, under that name. */
export function createImageStore({ folder, workerId, log = silentLog }: ImageStoreOptions): FolderImageStore {
  const { temporary: temporaryRoot } = statePaths(folder);
  const saving = createSaving(folder, workerId);
  const names = createNames(folder);

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
        if (!saving.isLive(file)) await discard(file);
      }
    }
  }

  /** The leftover is copied, never moved: it may belong to a live save of the same bytes. */
  async function finish(image: SavedImage, isReserved: boolean): Promise<SavedImage | undefined> {
    const bytes = await findTemporary(image);
    if (!bytes) return undefined;
    return saving.withTemporary(
      `${image.sha256}.${randomUUID()}${endingOf(image.mediaType)}`,
      bytes,
      async (temporary) => {
        const file = join(folder, image.path);
        if (!isReserved) return (await moveExclusive(temporary, file)) ? image : undefined;
        await rename(temporary, file);
        await syncFolder(folder);
        return image;
      },
    );
  }

  return {
    async save(picture, intend) {
      const prefix = namePrefix(picture.family, picture.takenAt);
      const nextStem = () => names.next(prefix);
      return saving.save(picture, { folder, nextStem, canBeFinished: true }, intend);
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

    saveBeside: (...file) => saving.saveBeside(folder, ...file),

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
