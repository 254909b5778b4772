import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { ConfigError } from '../../../src/core/errors.ts';
import type { EncodedImage } from '../../../src/core/image.ts';

/** Makes folders that are gone after each test. */
export function useFolders(): () => Promise<string> {
  const made: string[] = [];
  afterEach(async () => {
    for (const folder of made.splice(0)) await rm(folder, { recursive: true, force: true });
  });
  return async () => {
    const folder = await mkdtemp(join(tmpdir(), 'images-'));
    made.push(folder);
    return folder;
  };
}

/** An image whose bytes are the text: the store never looks inside. */
export function imageOf(text: string, changes: Partial<EncodedImage> = {}): EncodedImage {
  return {
    bytes: Buffer.from(text),
    mediaType: 'image/png',
    width: 1080,
    height: 1080,
    family: 'flux',
    takenAt: Date.UTC(2026, 10, 21, 9, 8, 7),
    ...changes,
  };
}

/** Every file under the folder, sorted. */
export async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();
}

/** The sentences of the ConfigError that the work ends with. */
export async function problemsOf(work: Promise<unknown>): Promise<readonly string[]> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ConfigError) return error.problems;
  throw new Error(`not a ConfigError: ${String(error)}`);
}
