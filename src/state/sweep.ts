import { readdir, rm } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { Log } from '../lib/log.ts';
import { statIfPresent } from './files.ts';
import { statePaths } from './paths.ts';

/** Is an image with this hash still to be finished? Asked only of those that were left. */
export type IsUnfinished = (sha256: string) => boolean | Promise<boolean>;

/** Removes the temporary files that crashes have left under `.state/`, but for images that are to be finished. */
export async function sweepTemporary(imagesDir: string, isUnfinished: IsUnfinished, log: Log): Promise<void> {
  const { root } = statePaths(imagesDir);
  let removed = 0;
  for (const path of await readdir(root, { recursive: true })) {
    const [top, , name] = path.split(sep);
    const isImage = top === 'tmp' && name !== undefined && !name.endsWith('.tmp');
    if (!isImage && !path.endsWith('.tmp')) continue;
    const file = join(root, path);
    const facts = await statIfPresent(file);
    if (!facts?.isFile()) continue;
    const sha256 = isImage ? /^[0-9a-f]{64}(?=\.)/.exec(name)?.[0] : undefined;
    if (sha256 !== undefined && (await isUnfinished(sha256))) continue;
    await rm(file, { force: true });
    removed++;
  }
  if (removed > 0) log.info({ removed }, 'removed temporary files of an earlier run');
}
