import { claimedEntry } from '../support/journal.ts';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { SavedImage } from '../../src/core/image.ts';
import { silentLog } from '../../src/lib/log.ts';
import { prepareFolder, writeAtomic } from '../../src/state/files.ts';
import { createJournal } from '../../src/state/journal.ts';
import { createImageStore } from '../../src/images/store.ts';
import { filesIn, imageOf, problemsOf } from '../support/images/folder.ts';

const mounted: string[] = [];

function mountDisk(options: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'disk-'));
  try {
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'ignore' });
  } catch (error) {
    rmSync(folder, { recursive: true });
    throw error;
  }
  mounted.push(folder);
  return folder;
}

function unmountAll(): void {
  for (const folder of mounted.splice(0)) {
    execFileSync('/bin/umount', [folder]);
    rmSync(folder, { recursive: true });
  }
}

function canMount(): boolean {
  try {
    mountDisk('size=64k');
    return true;
  } catch {
    return false;
  } finally {
    unmountAll();
  }
}

afterEach(unmountAll);

const fullSentence = (folder: string) =>
  `The disk that holds ${folder} is full; free some space, then run again. Nothing was lost.`;

async function fill(folder: string): Promise<void> {
  await expect(writeFile(join(folder, 'ballast'), Buffer.alloc(4_000_000))).rejects.toThrow('ENOSPC');
}

describe.skipIf(!canMount())('a disk in trouble (skipped where this user may not mount one)', () => {
  it('keeps the old file when it is full', async () => {
    const folder = mountDisk('size=1m');
    const file = join(folder, 'note.json');
    await writeAtomic(file, 'old');
    await fill(folder);
    expect(await problemsOf(writeAtomic(file, Buffer.alloc(50_000)))).toEqual([fullSentence(folder)]);
    expect(await readFile(file, 'utf8')).toBe('old');
    expect(await filesIn(folder)).toEqual(['ballast', 'note.json']);
  });

  it('refuses a picture when it is full, and takes it once there is room', async () => {
    const folder = mountDisk('size=1m');
    await prepareFolder(folder);
    const store = createImageStore({ folder, workerId: 'w-1' });
    const picture = imageOf('x'.repeat(100_000));
    await fill(folder);
    const intended: SavedImage[] = [];
    const save = () =>
      store.save(picture, async (image) => {
        intended.push(image);
      });
    expect(await problemsOf(save())).toEqual([fullSentence(folder)]);
    expect(intended).toEqual([]);
    expect(await filesIn(folder)).toEqual(['ballast']);
    await rm(join(folder, 'ballast'));
    const saved = await save();
    expect(await store.find(saved)).toEqual(saved);
  });

  it('finishes a picture later when the disk took its bytes but not its name', async () => {
    // This disk has room for eleven names: eight folders, the temporary file, and the ballast.
    const folder = mountDisk('size=1m,nr_inodes=11');
    await prepareFolder(folder);
    const store = createImageStore({ folder, workerId: 'w-1' });
    const intended: SavedImage[] = [];
    const save = store.save(imageOf('paid for'), async (image) => {
      intended.push(image);
      await writeFile(join(folder, 'ballast-1'), '');
      await writeFile(join(folder, 'ballast-2'), '');
    });
    expect(await problemsOf(save)).toEqual([fullSentence(folder)]);
    await rm(join(folder, 'ballast-1'));
    await rm(join(folder, 'ballast-2'));
    expect(intended).toHaveLength(1);
    for (const image of intended) expect(await store.find(image)).toEqual(image);
  });

  it('keeps the journal entry that stands when it is full', async () => {
    const folder = mountDisk('size=1m');
    await prepareFolder(folder);
    const journal = createJournal({ folder, log: silentLog });
    const entry = claimedEntry();
    await journal.write(entry);
    await fill(folder);
    await expect(journal.write({ ...entry, fingerprint: 'b'.repeat(50_000) })).rejects.toThrow(
      'is full; free some space',
    );
    expect(await journal.read(entry.postId)).toEqual(entry);
  });

  it('says that it is read-only', async () => {
    const folder = mountDisk('size=1m,ro');
    expect(await problemsOf(prepareFolder(folder))).toEqual([
      `The folder ${folder} cannot be written to (EROFS); allow it, or choose another folder with IMAGES_DIR.`,
    ]);
    expect((await stat(folder)).isDirectory()).toBe(true);
  });
});
