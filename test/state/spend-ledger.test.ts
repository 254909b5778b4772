import { appendFile, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { prepareFolder } from '../../src/state/files.ts';
import { createSpendFiles } from '../../src/state/spend-ledger.ts';
import { problemsOf, useFolders } from '../support/images/folder.ts';

const newFolder = useFolders();
const month = '2026-11';

async function createFiles() {
  const folder = await newFolder();
  await prepareFolder(folder);
  const path = join(folder, '.state', 'spend', `${month}.jsonl`);
  const files = createSpendFiles(folder);
  return { folder, path, files, read: async (from = 0) => Buffer.from(await files.read(month, from)).toString() };
}

describe('the spend files', () => {
  it('read as nothing before the first line and past the last', async () => {
    const { files, read } = await createFiles();
    expect(await read()).toBe('');
    await files.append(month, 'one');
    expect([await read(4), await read(1000)]).toEqual(['', '']);
  });

  it('keep one line after the other, a file for each month, and read on from any byte', async () => {
    const { files, path, read } = await createFiles();
    await files.append(month, 'one');
    await files.append('2026-12', 'other');
    await files.append(month, 'zwölf');
    expect(await readFile(path, 'utf8')).toBe('one\nzwölf\n');
    expect(await read(4)).toBe('zwölf\n');
  });

  it('keep a line apart from a torn one before it', async () => {
    const { files, path, read } = await createFiles();
    await appendFile(path, 'one\ntor');
    await files.append(month, 'two');
    await files.append(month, 'three');
    expect(await read()).toBe('one\ntor\ntwo\nthree\n');
  });

  it('take lines of several writers, whole', async () => {
    const { folder, files, read } = await createFiles();
    const other = createSpendFiles(folder);
    const lines = Array.from({ length: 40 }, (_, index) => `line ${index}`);
    await Promise.all(lines.map((line, index) => (index % 2 === 0 ? files : other).append(month, line)));
    const kept = (await read()).split('\n').filter(Boolean);
    expect(kept.toSorted()).toEqual(lines.toSorted());
  });

  it('tell the operator in words when the disk fails', async () => {
    const { folder, files, path } = await createFiles();
    await mkdir(path);
    expect(await problemsOf(files.read(month, 0))).toHaveLength(1);
    await rm(join(folder, '.state'), { recursive: true });
    expect(await problemsOf(files.append(month, 'one'))).toEqual([
      `The folder ${join(folder, '.state', 'spend')} is not there; bring it back or check that its disk is mounted, then run again.`,
    ]);
  });
});
