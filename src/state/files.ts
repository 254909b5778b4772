import { randomUUID } from 'node:crypto';
import { link, lstat, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isCode, onDisk } from './disk-error.ts';
import { statePaths } from './paths.ts';

/** Makes the images folder with its state folders and proves that files can be written there. @throws {ConfigError} */
export async function prepareFolder(imagesDir: string): Promise<void> {
  const { root, temporary, journal, retries, cards, spend } = statePaths(imagesDir);
  for (const folder of [imagesDir, root, temporary, journal, retries, cards, spend]) {
    const probe = join(folder, '.write-probe');
    await onDisk(folder, async () => {
      await mkdir(folder, { recursive: true });
      try {
        await writeFile(probe, 'probe', { flush: true });
      } finally {
        await rm(probe, { force: true });
      }
    });
  }
}

/** Replaces a file as a whole; on failure the old one stands and nothing is left in `temporaryFolder`. @throws {ConfigError} */
export async function writeAtomic(
  file: string,
  data: string | Uint8Array,
  temporaryFolder: string = dirname(file),
  mode = 0o666,
): Promise<void> {
  await onDisk(dirname(file), async () => {
    const temporary = join(temporaryFolder, `${basename(file)}.${randomUUID()}.tmp`);
    try {
      await writeFile(temporary, data, { flag: 'wx', flush: true, mode });
      await rename(temporary, file);
    } catch (error) {
      await discard(temporary);
      throw error;
    }
    await syncFolder(dirname(file));
  });
}

/**
 * Gives a finished, flushed file its name, whole or not at all; false when the name is taken, and then the file stays where
 * it is. Where the file system has no hard links, a crash can leave the name reserved by an empty file.
 */
export async function moveExclusive(temporary: string, file: string): Promise<boolean> {
  try {
    await link(temporary, file);
  } catch (error) {
    if (isCode(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS')) return reserveAndRename(temporary, file);
    if (!isCode(error, 'EEXIST')) throw error;
    // On NFS a link whose answer was lost is sent again, and meets itself.
    if (!(await isSameFile(temporary, file))) return false;
  }
  await syncFolder(dirname(file));
  await discard(temporary);
  return true;
}

/** Makes names in a folder survive a power cut. Windows cannot open folders, and needs no such thing. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    // Some network file systems refuse to sync a folder.
    if (!isCode(error, 'EINVAL', 'ENOTSUP', 'ENOSYS')) throw error;
  } finally {
    await handle.close();
  }
}

/** The file's facts, of a link itself where it is one; undefined when there is none. */
export async function statIfPresent(file: string): Promise<Stats | undefined> {
  return undefinedIfAbsent(() => lstat(file));
}

/** The file's bytes; undefined when there is none. */
export async function readIfPresent(file: string): Promise<Buffer | undefined> {
  return undefinedIfAbsent(() => readFile(file));
}

/** Makes a folder, but none above it: where the images folder has gone (an unmounted disk), it is not made anew on the disk below. */
export async function ensureFolder(folder: string): Promise<void> {
  await mkdir(folder).catch((error: unknown) => {
    if (!isCode(error, 'EEXIST')) throw error;
  });
}

/** Removes a file for good; it may be gone already. @throws {ConfigError} */
export async function remove(file: string): Promise<void> {
  await onDisk(dirname(file), async () => {
    await rm(file, { force: true });
    await syncFolder(dirname(file));
  });
}

/** Removes a file that nobody needs any more; what cannot be removed is left to a later sweep. */
export async function discard(file: string): Promise<void> {
  await rm(file, { force: true }).catch(() => undefined);
}

async function reserveAndRename(temporary: string, file: string): Promise<boolean> {
  try {
    await writeFile(file, '', { flag: 'wx' });
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  }
  try {
    await rename(temporary, file);
  } catch (error) {
    await discard(file);
    throw error;
  }
  await syncFolder(dirname(file));
  return true;
}

async function isSameFile(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all(
    [one, other].map((file) => undefinedIfAbsent(() => lstat(file, { bigint: true }))),
  );
  return first !== undefined && first.ino === second?.ino && first.dev === second.dev;
}

async function undefinedIfAbsent<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
