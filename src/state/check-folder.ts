import { statfs } from 'node:fs/promises';
import type { Clock } from '../lib/clock.ts';
import { errorsToFindings, type Finding } from '../core/finding.ts';
import { formatDate } from '../messages/formats.ts';
import { onDisk } from './disk-error.ts';
import { prepareFolder } from './files.ts';
import { readLock } from './lock-file.ts';
import { statePaths } from './paths.ts';

const mebibyte = 1024 * 1024;
const scarceBytes = 1024 * mebibyte;
const tooFewBytes = 100 * mebibyte;

/** Checks that images can be kept in the folder, that there is room, and who holds it; no lock is taken. */
export async function* checkFolder(
  folder: string,
  clock: Clock,
  freeBytes: (folder: string) => Promise<number> = freeOn,
): AsyncGenerator<Finding> {
  const rights = { key: 'folder', about: 'Images folder' };
  const prepared = yield* errorsToFindings(rights, async () => {
    await prepareFolder(folder);
    return true;
  });
  if (!prepared) return;
  yield { ...rights, state: 'well', message: `${folder} can be written to` };
  const space = { key: 'disk', about: 'Disk space' };
  const free = yield* errorsToFindings(space, () => onDisk(folder, () => freeBytes(folder)));
  if (free !== undefined) yield { ...space, ...judgeSpace(free, folder) };
  const lock = { key: 'lock', about: 'Worker on the folder' };
  const holder = yield* errorsToFindings(lock, () => onDisk(folder, () => describeLock(folder, clock)));
  if (holder !== undefined) yield { ...lock, ...holder };
}

function judgeSpace(free: number, folder: string): Pick<Finding, 'state' | 'message'> {
  const left = `${Math.floor(free / mebibyte).toLocaleString('en')} MiB free`;
  if (free >= scarceBytes) return { state: 'well', message: left };
  const step = `free some space on the disk that holds ${folder}, or choose another folder with IMAGES_DIR`;
  return free < tooFewBytes
    ? { state: 'problem', message: `Only ${left}, too few to go on with: ${step}.` }
    : { state: 'warning', message: `Only ${left}: ${step}.` };
}

async function describeLock(folder: string, clock: Clock): Promise<Pick<Finding, 'state' | 'message'>> {
  const found = await readLock(statePaths(folder).lock, clock);
  if (!found) return { state: 'well', message: 'none' };
  if (found.isStale) {
    return { state: 'note', message: 'It ended without giving the folder free; the next one takes it over by itself.' };
  }
  const { holder } = found;
  const who = holder
    ? `Process ${holder.pid} on host ${holder.host}, since ${formatDate(Date.parse(holder.startedAt), clock.now())}`
    : 'One that has just started';
  return { state: 'note', message: `${who}: a second one on this folder would be refused.` };
}

async function freeOn(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
