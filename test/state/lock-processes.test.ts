import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { silentLog } from '../../src/lib/log.ts';
import { prepareFolder } from '../../src/state/files.ts';
import { acquireLock } from '../../src/state/lock.ts';
import { filesIn, useFolders } from '../support/images/folder.ts';
import { startLockProcess } from '../support/state/lock-process.ts';

const newFolder = useFolders();

async function newImagesDir(): Promise<string> {
  const folder = await newFolder();
  await prepareFolder(folder);
  return folder;
}

const acquire = (folder: string) =>
  acquireLock({ folder, clock: systemClock, log: silentLog, onLost: () => undefined });

describe('locks between processes', () => {
  it('keep others out while the holder lives, and end with it', async () => {
    const folder = await newImagesDir();
    const worker = await startLockProcess();
    expect(await worker.take(folder)).toBe('held');
    await expect(acquire(folder)).rejects.toThrow(`(process ${worker.pid} on host`);
    await worker.end();
    expect(await filesIn(folder)).toEqual([]);
  });

  it('are taken over at once from a worker that was killed', async () => {
    const folder = await newImagesDir();
    const worker = await startLockProcess();
    expect(await worker.take(folder)).toBe('held');
    await worker.kill();
    await (await acquire(folder)).release();
    expect(await filesIn(folder)).toEqual([]);
  });
});
