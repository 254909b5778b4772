import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { onDisk } from './disk-error.ts';
import { discard, statIfPresent } from './files.ts';
import { holderOf, staleAfterMs, takeLockFile, touch } from './lock-file.ts';
import { thisHolder } from './lock-holder.ts';
import { statePaths } from './paths.ts';

/** The images folder's lock, held. */
export type FolderLock = Awaited<ReturnType<typeof acquireLock>>;

interface LockOptions {
  /** Made by `prepareFolder`. */
  folder: string;
  clock: Clock;
  log: Log;
  /** Called once when the folder is no longer this worker's, which then has to stop. */
  onLost: () => void;
}

const heartbeatMs = 5_000;

/** Takes the folder for this worker alone. @throws {LockedError} while a live worker holds it. */
export async function acquireLock({ folder, clock, log, onLost }: LockOptions) {
  const { root, lock: file } = statePaths(folder);
  const holder = await thisHolder(clock.now());
  await onDisk(root, async () => {
    await takeLockFile(file, { folder, lock: file, holder, clock, log });
    await removeLeftovers(root, file, clock);
  });

  let isHeld = true;
  let timer: NodeJS.Timeout | undefined;
  let beat = Promise.resolve();
  const isOurs = async () => (await holderOf(file))?.token === holder.token;
  const schedule = () => {
    timer = setTimeout(() => {
      beat = heartbeat();
    }, heartbeatMs).unref();
  };
  async function heartbeat(): Promise<void> {
    try {
      if (await isOurs()) {
        await touch(file, clock);
      } else if (isHeld) {
        isHeld = false;
        log.error({ folder }, 'the lock on the images folder is lost: another worker took it over, or it was removed');
        onLost();
      }
    } catch (error) {
      log.warn({ folder, reason: String(error) }, 'the heartbeat of the lock on the images folder failed');
    }
    if (isHeld) schedule();
  }
  schedule();

  return {
    /** Gives the folder free, unless another worker has it by now. */
    async release() {
      if (!isHeld) return;
      isHeld = false;
      clearTimeout(timer);
      await beat;
      try {
        if (await isOurs()) await rm(file, { force: true });
      } catch (error) {
        // It hinders nobody: once this process is gone, the next worker takes it over.
        log.warn({ folder, reason: String(error) }, 'the lock on the images folder could not be removed');
      }
    },
  };
}

/** Removes the files of workers that died while they were starting. */
async function removeLeftovers(root: string, lock: string, clock: Clock): Promise<void> {
  for (const name of await readdir(root)) {
    if (!name.startsWith(`${basename(lock)}.`)) continue;
    const facts = await statIfPresent(join(root, name));
    if (facts && Math.abs(clock.now() - facts.mtimeMs) > staleAfterMs) await discard(join(root, name));
  }
}
