import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { onDisk } from '../../src/state/disk-error.ts';
import { moveExclusive, prepareFolder, writeAtomic } from '../../src/state/files.ts';
import { filesIn, problemsOf, useFolders } from '../support/images/folder.ts';

const newFolder = useFolders();

describe('writeAtomic', () => {
  it('writes a new file and replaces an old one', async () => {
    const folder = await newFolder();
    const file = join(folder, 'note.json');
    await writeAtomic(file, 'one');
    await writeAtomic(file, Buffer.from('two'));
    expect(await readFile(file, 'utf8')).toBe('two');
    expect(await filesIn(folder)).toEqual(['note.json']);
  });

  it('leaves nothing behind when the name cannot be had', async () => {
    const folder = await newFolder();
    await mkdir(join(folder, 'note.json'));
    await expect(writeAtomic(join(folder, 'note.json'), 'one')).rejects.toThrow(`The disk that holds ${folder} failed`);
    expect(await filesIn(folder)).toEqual([]);
  });

  it('says that the folder is not there', async () => {
    const folder = await newFolder();
    expect(await problemsOf(writeAtomic(join(folder, 'gone', 'note.json'), 'one'))).toEqual([
      `The folder ${folder}/gone is not there; bring it back or check that its disk is mounted, then run again.`,
    ]);
  });
});

describe('prepareFolder', () => {
  it('makes the folders and leaves no trace of its probes', async () => {
    const folder = join(await newFolder(), 'deep', 'images');
    await prepareFolder(folder);
    await prepareFolder(folder);
    expect((await stat(join(folder, '.state', 'journal'))).isDirectory()).toBe(true);
    expect((await stat(join(folder, '.state', 'tmp'))).isDirectory()).toBe(true);
    expect(await filesIn(folder)).toEqual([]);
  });

  it.each(['file', 'file/images'])('says that a file stands in the way of %s', async (path) => {
    const folder = await newFolder();
    await writeFile(join(folder, 'file'), '');
    expect(await problemsOf(prepareFolder(join(folder, path)))).toEqual([
      `${join(folder, path)} cannot be a folder because a file stands in its way; move that file, or set IMAGES_DIR to another folder.`,
    ]);
  });
});

describe('moveExclusive', () => {
  it('gives a free name', async () => {
    const folder = await newFolder();
    await writeFile(join(folder, 'a'), 'mine');
    expect(await moveExclusive(join(folder, 'a'), join(folder, 'b'))).toBe(true);
    expect(await filesIn(folder)).toEqual(['b']);
  });

  it('leaves both files alone when the name is taken', async () => {
    const folder = await newFolder();
    await writeFile(join(folder, 'a'), 'mine');
    await writeFile(join(folder, 'b'), 'theirs');
    expect(await moveExclusive(join(folder, 'a'), join(folder, 'b'))).toBe(false);
    expect(await readFile(join(folder, 'a'), 'utf8')).toBe('mine');
    expect(await readFile(join(folder, 'b'), 'utf8')).toBe('theirs');
  });
});

describe('onDisk', () => {
  it('passes on what is not an error of the disk', async () => {
    await expect(onDisk('images', () => Promise.reject(new RangeError('no')))).rejects.toBeInstanceOf(RangeError);
  });

  it.each(['EACCES', 'EPERM', 'EROFS'])('names what to do about %s', async (code) => {
    const refused = Object.assign(new Error('refused'), { code });
    expect(await problemsOf(onDisk('images', () => Promise.reject(refused)))).toEqual([
      `The folder images cannot be written to (${code}); allow it, or choose another folder with IMAGES_DIR.`,
    ]);
  });

  it('keeps the words of an error it does not know', async () => {
    const broken = Object.assign(new Error('EIO: i/o error, write'), { code: 'EIO' });
    expect(await problemsOf(onDisk('images', () => Promise.reject(broken)))).toEqual([
      'The disk that holds images failed: EIO: i/o error, write. Check the disk, then run again.',
    ]);
  });
});
