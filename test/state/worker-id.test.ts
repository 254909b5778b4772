import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { prepareFolder } from '../../src/state/files.ts';
import { loadWorkerId } from '../../src/state/worker-id.ts';
import { filesIn, useFolders } from '../support/images/folder.ts';

const newFolder = useFolders();

async function newImagesDir(): Promise<string> {
  const folder = await newFolder();
  await prepareFolder(folder);
  return folder;
}

describe('loadWorkerId', () => {
  it('makes a short name once', async () => {
    const folder = await newImagesDir();
    const made = await loadWorkerId(folder);
    expect(made).toMatch(/^w-[0-9a-f]{8}$/);
    expect(await loadWorkerId(folder)).toBe(made);
    expect(await loadWorkerId(await newImagesDir())).not.toBe(made);
  });

  it('gives all who ask at once the same name', async () => {
    const folder = await newImagesDir();
    const ids = await Promise.all(Array.from({ length: 20 }, () => loadWorkerId(folder)));
    expect(new Set(ids).size).toBe(1);
    expect(await filesIn(folder)).toEqual(['.state/worker-id']);
  });

  it.each(['', '../../etc', 'w-123'])('replaces %j', async (text) => {
    const folder = await newImagesDir();
    await writeFile(join(folder, '.state', 'worker-id'), text);
    const made = await loadWorkerId(folder);
    expect(made).toMatch(/^w-[0-9a-f]{8}$/);
    expect(await loadWorkerId(folder)).toBe(made);
  });

  it('says that the folder is not there', async () => {
    await expect(loadWorkerId(join(await newFolder(), 'gone'))).rejects.toThrow('is not there');
  });
});
