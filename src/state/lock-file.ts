import { open, rename, utimes, writeFile } from 'node:fs/promises';
import type { Clock } from '../lib/clock.ts';
import { LockedError } from '../core/errors.ts';
import { timeOfDay } from '../lib/dates.ts';
import type { Log } from '../lib/log.ts';
import { isCode } from './disk-error.ts';
import { discard, moveExclusive, readIfPresent } from './files.ts';
import { isGone, type LockHolder, parseHolder } from './lock-holder.ts';

/** Who takes a lock, and where. */
export interface LockAttempt {
  folder: string;
  /** The lock's own file, beside which the takeovers' files stand. */
  lock: string;
  holder: LockHolder;
  clock: Clock;
  log: Log;
}

/** How long a lock outlives its last heartbeat. */
export const staleAfterMs = 30_000;

/** Files of other starters that may come and go before this one gives up. */
const maxTries = 100;

/**
 * Makes the file ours. A stale one is replaced only by whoever holds the takeover of that very file, which is a lock of the
 * same kind, named by the token it ends: so of any number of starters one wins, and one that dies here hinders nobody.
 */
export async function takeLockFile(file: string, attempt: LockAttempt): Promise<void> {
  const { folder, lock, holder, clock, log } = attempt;
  const claim = `${file}.${holder.token}.claim`;
  try {
    for (let tries = 0; tries < maxTries; tries++) {
      await writeFile(claim, JSON.stringify(holder), { flush: true });
      await touch(claim, clock);
      if (await moveExclusive(claim, file)) return;
      const found = await readLock(file, clock);
      if (!found) continue;
      if (!found.isStale) throw new LockedError(sentence(folder, found.holder));
      const takeover = `${lock}.${found.key}.takeover`;
      await takeLockFile(takeover, attempt);
      try {
        const current = await readLock(file, clock);
        if (current?.key !== found.key || !current.isStale) continue;
        await rename(claim, file);
        log.info({ folder, previous: found.holder }, 'took over the lock of a worker that is gone');
        return;
      } finally {
        await discard(takeover);
      }
    }
    throw new LockedError(sentence(folder, undefined));
  } finally {
    await discard(claim);
  }
}

/** Who holds the file; undefined when nobody does, or when it is torn. */
export async function holderOf(file: string): Promise<LockHolder | undefined> {
  return parseHolder((await readIfPresent(file))?.toString() ?? '');
}

/** The heartbeat: sets the file's time to the clock's. */
export async function touch(file: string, clock: Clock): Promise<void> {
  const seconds = clock.now() / 1000;
  await utimes(file, seconds, seconds);
}

interface LockState {
  holder: LockHolder | undefined;
  /** Names this very file: its token, or its inode where it is torn. */
  key: string;
  isStale: boolean;
}

/** The lock as it stands; undefined when nobody has it. */
export async function readLock(file: string, clock: Clock): Promise<LockState | undefined> {
  const handle = await open(file).catch((error: unknown) => {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (!handle) return undefined;
  try {
    // Both through the handle: the file under the name may be another one a moment later.
    const { mtimeMs, ino } = await handle.stat();
    const holder = parseHolder(await handle.readFile('utf8'));
    // In either direction: clocks jump.
    const isSilent = Math.abs(clock.now() - mtimeMs) > staleAfterMs;
    const isStale = isSilent || (holder !== undefined && (await isGone(holder)));
    return { holder, key: holder?.token ?? `torn-${ino}`, isStale };
  } finally {
    await handle.close();
  }
}

function sentence(folder: string, holder: LockHolder | undefined): string {
  const who = holder
    ? ` (process ${holder.pid} on host ${holder.host}, since ${timeOfDay(Date.parse(holder.startedAt))})`
    : '';
  return `Another worker${who} is using ${folder}. Stop it first, or give this one a folder of its own with IMAGES_DIR.`;
}
