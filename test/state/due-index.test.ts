import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createDueIndex } from '../../src/state/due-index.ts';
import { filesIn, useFolders } from '../support/images/folder.ts';

const newFolder = useFolders();
const now = Date.UTC(2026, 10, 21, 10);
const hourMs = 3_600_000;
const open = (folder: string) => createDueIndex(folder, (name) => !name.includes('.'));

describe('an index of what is due', () => {
  it('names a post from its time on, in this process and the next', async () => {
    const folder = await newFolder();
    const index = open(folder);
    await index.set('soup', now + 5000);
    for (const each of [index, open(folder)]) {
      expect(await each.due(now + 4999)).toEqual([]);
      expect(await each.due(now + 5000)).toEqual(['soup']);
    }
  });

  it('forgets a post and its file', async () => {
    const folder = await newFolder();
    const index = open(folder);
    await index.set('soup', now);
    await index.set('soup', undefined);
    expect(await index.due(now)).toEqual([]);
    expect(await filesIn(folder)).toEqual([]);
  });

  it('puts nothing off for a day because the clock was a day ahead', async () => {
    const index = open(await newFolder());
    await index.set('soup', now + 24 * hourMs + 5000);
    await index.set('tea', now + 12 * hourMs);
    expect(await index.due(now)).toEqual(['soup']);
  });

  it('has a look at what it cannot read', async () => {
    const folder = await newFolder();
    await writeFile(join(folder, 'torn'), 'x');
    await writeFile(join(folder, 'note.txt'), 'x');
    expect(await open(folder).due(now)).toEqual(['torn']);
  });
});
