import { randomUUID } from 'node:crypto';
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageStore, SavedImage } from '../core/image.ts';
import { sha256 } from '../lib/hash.ts';
import { type Log, silentLog } from '../lib/log.ts';
import { onDisk } from '../state/disk-error.ts';
import { discard, statIfPresent, moveExclusive, readIfPresent, syncFolder } from '../state/files.ts';
import { createNames, endingOf, namePrefix, stemOf } from './names.ts';
import { createImageWriter } from './image-writer.ts';
import { statePaths } from '../state/paths.ts';
import { type IsUnfinished, sweepTemporary } from '../state/sweep.ts';

/** The images in one folder of a disk, which several workers may share. */
export interface FolderImageStore extends ImageStore {
  /** Removes what crashes have left; to be called before the first save. */
  sweepTemporary(isUnfinished: IsUnfinished): Promise<void>;
}

/** Keeps images in a folder made by `prepareFolder`: first as temporary files, then, once the caller knows a file's name, under that name. */
export function createImageStore(options: { folder: string; workerId: string; log?: Log }): FolderImageStore {
  const { folder, workerId, log = silentLog } = options;
  const { temporary: temporaryRoot } = statePaths(folder);
  const writer = createImageWriter(folder, workerId);
  const nextName = createNames(folder);

  /** The temporary files of an image, of any worker. */
  async function* temporaryFiles(image: SavedImage): AsyncGenerator<string> {
    for (const worker of await readdir(temporaryRoot)) {
      const workerFolder = join(temporaryRoot, worker);
      const files = (await statIfPresent(workerFolder))?.isDirectory() ? await readdir(workerFolder) : [];
      for (const name of files) if (name.startsWith(`${image.sha256}.`)) yield join(workerFolder, name);
    }
  }

  async function findTemporary(image: SavedImage): Promise<Buffer | undefined> {
    for await (const file of temporaryFiles(image)) {
      const bytes = await readMatching(file, image);
      if (bytes) return bytes;
    }
    return undefined;
  }

  /** Removes what ended processes have left of an image that is safe by now. */
  async function discardLeftovers(image: SavedImage): Promise<void> {
    for await (const file of temporaryFiles(image)) if (!writer.isInUse(file)) await discard(file);
  }

  /** Finishes an interrupted save. The leftover is copied, never moved: it may belong to a running save of the same bytes. */
  async function finish(image: SavedImage, isReserved: boolean): Promise<SavedImage | undefined> {
    const bytes = await findTemporary(image);
    if (!bytes) return undefined;
    return writer.withTemporary(
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
    async save(image, intend) {
      const prefix = namePrefix(image.family, image.takenAt);
      const nextStem = () => nextName(prefix);
      return writer.save(image, { folder, nextStem, canBeFinished: true }, intend);
    },

    async find(image) {
      const file = join(folder, checkedPath(image));
      return onDisk(folder, async () => {
        const present = await statIfPresent(file);
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

    saveBeside: (...file) => writer.saveBeside(folder, ...file),

    async forget(image) {
      const beside = `${stemOf(image.path)}.`;
      await onDisk(folder, async () => {
        const files = (await readdir(folder)).filter((name) => name.startsWith(beside) && name !== image.path);
        // The image goes last: as long as it is there, a removal that was interrupted can be seen.
        for (const name of [...files, image.path]) await rm(join(folder, name), { force: true });
        await syncFolder(folder);
      });
    },

    sweepTemporary: (isUnfinished) => onDisk(folder, () => sweepTemporary(folder, isUnfinished, log)),
  };
}

async function readMatching(file: string, image: SavedImage): Promise<Buffer | undefined> {
  const facts = await statIfPresent(file);
  if (!facts?.isFile() || facts.size !== image.byteLength) return undefined;
  const bytes = await readIfPresent(file);
  return bytes && sha256(bytes) === image.sha256 ? bytes : undefined;
}

function checkedPath({ path }: SavedImage): string {
  stemOf(path);
  return path;
}
