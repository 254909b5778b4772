import { chmod, mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import type { Finding } from '../../src/core/finding.ts';
import { checkFolder } from '../../src/state/check-folder.ts';
import { checkFonts } from '../../src/drawing/check-fonts.ts';
import { createFonts } from '../../src/drawing/fonts.ts';
import { useFolders } from '../support/images/folder.ts';

const newFolder = useFolders();
const isRoot = process.getuid?.() === 0;

async function look(folder: string, freeBytes?: () => Promise<number>): Promise<Record<string, Finding>> {
  const found: Record<string, Finding> = {};
  for await (const finding of checkFolder(folder, systemClock, freeBytes)) found[finding.key] = finding;
  return found;
}

describe('the look at the images folder', () => {
  it('makes the folder and reads how much is free on its disk', async () => {
    const folder = join(await newFolder(), 'images');
    const { folder: rights, disk, lock } = await look(folder);
    expect(rights).toMatchObject({ state: 'well', message: `${folder} can be written to` });
    expect(disk?.message).toMatch(/^(Only )?[\d,]+ MiB free/);
    expect(lock).toMatchObject({ state: 'well', message: 'none' });
  });

  it.each([
    [100 * 1024 ** 2 - 1, 'problem'],
    [100 * 1024 ** 2, 'warning'],
    [1024 ** 3 - 1, 'warning'],
    [1024 ** 3, 'well'],
  ])('judges %d free bytes', async (bytes, state) => {
    expect((await look(await newFolder(), async () => bytes))['disk']?.state).toBe(state);
  });

  it('tells a disk that fails when it is asked', async () => {
    const failure = Object.assign(new Error('i/o error'), { code: 'EIO' });
    const { disk } = await look(await newFolder(), () => Promise.reject(failure));
    expect(disk).toMatchObject({ state: 'problem', message: expect.stringContaining('Check the disk') });
  });

  it.skipIf(isRoot || process.platform === 'win32')('tells a folder that cannot be written to', async () => {
    const folder = await newFolder();
    await chmod(folder, 0o500);
    expect((await look(folder))['folder']).toMatchObject({
      state: 'problem',
      message: expect.stringContaining('cannot be written to (EACCES)'),
    });
  });

  it('tells a lock whose worker is gone, and one that has no holder yet', async () => {
    const folder = await newFolder();
    const file = join(folder, '.state', 'lock');
    await mkdir(join(folder, '.state'));
    await writeFile(file, '');
    expect((await look(folder))['lock']?.message).toMatch(/^One that has just started/);
    await utimes(file, 1, 1);
    expect((await look(folder))['lock']).toMatchObject({
      state: 'note',
      message: expect.stringMatching(/takes it over/),
    });
  });
});

describe('the look at the fonts', () => {
  it('names the scripts that no font draws', async () => {
    const { state, message } = await checkFonts(createFonts([]));
    expect(state).toBe('warning');
    expect(message).toMatch(/None for .*Han.*emoji: .*fonts-noto-cjk/);
    expect(message).not.toMatch(/Latin|Arabic|Hebrew|Cyrillic/);
  });

  it('is content when there is one for each', async () => {
    const fonts = { cover: async () => ({ text: '', families: '', omitted: [], omittedCount: 0 }) };
    expect(await checkFonts(fonts)).toMatchObject({ state: 'well' });
  });
});
