import { dirname, join } from 'node:path';
import type { ImageStore } from '../core/image.ts';
import { onDisk } from '../state/disk-error.ts';
import { ensureFolder, syncFolder } from '../state/files.ts';
import { createImageWriter } from './image-writer.ts';

/** The folder that `/uploads/` stands for. */
export function uploadsFolder(imagesDir: string): string {
  return join(imagesDir, 'uploads');
}

/** Where one user's images are. @throws {Error} when the id is not safe as a part of a path. */
export function userFolder(imagesDir: string, userId: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(userId) || userId.includes('..')) {
    throw new Error(`${JSON.stringify(userId)} is not the id of a user.`);
  }
  return join(uploadsFolder(imagesDir), 'images', `user-${userId}`);
}

/**
 * Keeps the images that one user asked for over HTTP, named by the ms at which they were made, or the next that is free;
 * `folder` is the images folder, made by `prepareFolder`.
 */
export function createUploadStore(options: {
  folder: string;
  workerId: string;
  userId: string;
}): Pick<ImageStore, 'save' | 'saveBeside'> {
  const { folder: imagesDir, workerId, userId } = options;
  const folder = userFolder(imagesDir, userId);
  const writer = createImageWriter(imagesDir, workerId);

  async function ensureFolders(): Promise<void> {
    const images = dirname(folder);
    for (const path of [dirname(images), images, folder]) {
      await ensureFolder(path);
      // Also where another process has just made it, and would be late to say so.
      await syncFolder(dirname(path));
    }
  }

  return {
    async save(image, intend) {
      if (image.mediaType !== 'image/png') throw new Error('Pictures asked for over HTTP are kept as PNG.');
      await onDisk(imagesDir, ensureFolders);
      let ms = image.takenAt;
      const nextStem = async () => `${ms++}-generated`;
      return writer.save(image, { folder, nextStem, canBeFinished: false }, intend);
    },

    saveBeside: (...file) => writer.saveBeside(folder, ...file),
  };
}
