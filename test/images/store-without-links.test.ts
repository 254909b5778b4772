import type * as promises from 'node:fs/promises';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { prepareFolder } from '../../src/state/files.ts';
import { createImageStore } from '../../src/images/store.ts';
import { filesIn, imageOf, useFolders } from '../support/images/folder.ts';

vi.mock('node:fs/promises', async (original) => ({
  ...(await original<typeof promises>()),
  link: () => Promise.reject(Object.assign(new Error('EPERM: operation not permitted, link'), { code: 'EPERM' })),
}));

const newFolder = useFolders();

describe('a file system without hard links', () => {
  it('keeps images all the same', async () => {
    const folder = await newFolder();
    await prepareFolder(folder);
    const store = createImageStore({ folder, workerId: 'w-1' });
    const saved = await store.save(imageOf('x'), async () => undefined);
    expect(await store.find(saved)).toEqual(saved);
    expect(await filesIn(folder)).toEqual([saved.path]);
  });

  it('overwrites nothing', async () => {
    const folder = await newFolder();
    await prepareFolder(folder);
    const store = createImageStore({ folder, workerId: 'w-1' });
    const intended: string[] = [];
    const saved = await store.save(imageOf('ours'), async ({ path }) => {
      intended.push(path);
      if (intended.length === 1) await writeFile(join(folder, path), 'theirs');
    });
    expect(intended).toHaveLength(2);
    expect(await readFile(join(folder, intended[0] ?? ''), 'utf8')).toBe('theirs');
    expect(await readFile(join(folder, saved.path), 'utf8')).toBe('ours');
  });
});
