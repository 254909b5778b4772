import { dirname, join } from 'node:path';
import type { ImageStore } from '../core/image.ts';
import { onDisk } from '../state/disk-error.ts';
import { syncFolder } from '../state/files.ts';
import { createSaving, ensureFolder } from './saving.ts';

/** Whose pictures a store keeps, and where; `folder` is the images folder, made by `prepareFolder`. */
export interface UploadStoreOptions {
  folder: string;
  workerId: string;
  userId: string;
}

/** The folder that `/uploads/` stands for. */
export function uploadsFolder(imagesDir: string): string {
  return join(imagesDir, 'uploads');
}

/** Where one user's pictures are. @throws {Error} when the id is not safe as a part of a path. */
export function userFolder(imagesDir: string, userId: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(userId) || userId.includes('..')) {
    throw new Error(`${JSON.stringify(userId)} is not the id of a user.`);
  }
  return join(uploadsFolder(imagesDir), 'images', `user-${userId}`);
}

/** Keeps the pictures that one user asked for over HTTP, named by the ms at which they were made, or the next that is free. */
export function createUploadStore({
  folder: imagesDir,
  workerId,
  userId,
}: UploadStoreOptions): Pick<ImageStore, 'save' | 'saveBeside'> {
  const folder = userFolder(imagesDir, userId);
  const saving = createSaving(imagesDir, workerId);

  async function ensureFolders(): Promise<void> {
    const images = dirname(folder);
    for (const made of [dirname(images), images, folder]) {
      await ensureFolder(made);
      // Also where another process has just made it, and would be late to say so.
      await syncFolder(dirname(made));
    }
  }

  return {
    async save(picture, intend) {
      if (picture.mediaType !== 'image/png') throw new Error('Pictures asked for over HTTP are kept as PNG.');
      await onDisk(imagesDir, ensureFolders);
      let ms = picture.takenAt;
      const nextStem = async () => `${ms++}-generated`;
      return saving.save(picture, { folder, nextStem, canBeFinished: false }, intend);
    },

    saveBeside: (...file) => saving.saveBeside(folder, ...file),
  };
}
