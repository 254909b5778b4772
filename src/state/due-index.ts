import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { onDisk } from './disk-error.ts';
import { discard, readIfPresent, writeAtomic } from './files.ts';

/** Nothing is put off for longer: a time further away is from a clock that was ahead. */
const longestWaitMs = 12 * 3_600_000;

/**
 * An index of the journal: which posts something is due for, and from when; the journal itself decides in the end. It keeps
 * one small file per post, named by its id, so that a thousand posts cost nothing while one changes.
 */
export function createDueIndex(folder: string, isPostId: (name: string) => boolean) {
  let known: Promise<Map<string, number>> | undefined;

  const read = async (): Promise<Map<string, number>> => {
    const times = new Map<string, number>();
    for (const postId of (await readdir(folder)).filter(isPostId)) {
      const time = Number(await readIfPresent(join(folder, postId)));
      // What cannot be read is due, and is then looked at.
      times.set(postId, Number.isFinite(time) ? time : 0);
    }
    return times;
  };

  const times = () => onDisk(folder, () => (known ??= read()));

  return {
    /** Notes the time, in wall-clock ms, or forgets it. */
    async set(postId: string, time: number | undefined): Promise<void> {
      const all = await times();
      if (all.get(postId) === time) return;
      if (time === undefined) {
        all.delete(postId);
        await onDisk(folder, () => discard(join(folder, postId)));
      } else {
        all.set(postId, time);
        await writeAtomic(join(folder, postId), String(time));
      }
    },
    /** The posts whose time has come. */
    async due(now: number): Promise<string[]> {
      const isDue = (time: number) => time <= now || time - now > longestWaitMs;
      return [...(await times())].flatMap(([postId, time]) => (isDue(time) ? [postId] : []));
    },
  };
}
