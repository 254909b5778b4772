import { randomBytes, randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { onDisk } from './disk-error.ts';
import { moveExclusive, readIfPresent } from './files.ts';
import { statePaths } from './paths.ts';

/** The short name that workers on this folder show on the board; made once. */
export async function loadWorkerId(folder: string): Promise<string> {
  const { root, workerId: file } = statePaths(folder);
  return onDisk(root, async () => {
    for (let tries = 0; tries < 3; tries++) {
      const existing = (await readIfPresent(file))?.toString().trim();
      if (existing !== undefined && /^w-[0-9a-f]{8}$/.test(existing)) return existing;
      if (existing !== undefined) await rm(file, { force: true });
      const id = `w-${randomBytes(4).toString('hex')}`;
      const temporary = `${file}.${randomUUID()}.tmp`;
      await writeFile(temporary, `${id}\n`, { flag: 'wx', flush: true });
      if (await moveExclusive(temporary, file)) return id;
      await rm(temporary, { force: true });
    }
    throw new Error(`The worker's id cannot be kept in ${file}.`);
  });
}
