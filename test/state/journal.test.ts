import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../src/core/journal.ts';
import { silentLog } from '../../src/lib/log.ts';
import { prepareFolder } from '../../src/state/files.ts';
import { createJournal } from '../../src/state/journal.ts';
import { filesIn, useFolders } from '../support/images/folder.ts';

const newFolder = useFolders();
const postId = '0f8e9d1c-1234-abcd-9999-0123456789ab';
const image = {
  path: 'flux_generated_20261121_090807_1.png',
  sha256: 'ab'.repeat(32),
  byteLength: 9,
  mediaType: 'image/png',
  width: 1080,
  height: 1080,
} as const;
const small: JournalEntry = { version: 1, postId, generation: 0, step: 'generating', fingerprint: 'f', attempts: [] };
const whole: JournalEntry = {
  ...small,
  step: 'settled',
  attempts: [
    {
      provider: 'huggingface',
      label: 'Hugging Face',
      model: 'm',
      startedAt: '2026-11-21T09:08:07Z',
      durationMs: 4523,
      outcome: 'out_of_credit',
      costUsd: 0,
      possiblySpent: false,
      until: '2026-12-01T00:00:00Z',
      detail: 'no credit',
    },
    { provider: 'sd', label: 'SD', model: 'm', startedAt: '2026-11-21T09:08:12Z', durationMs: 1, outcome: 'ok' },
  ],
  image,
  facts: { provider: 'sd', model: 'm', seed: 1, costUsd: 0, generatedAt: 1, warnings: ['steps ignored'] },
  rendition: { ...image, path: 'flux_generated_20261121_090807_1.jpg', mediaType: 'image/jpeg' },
  uploadId: 'u',
  settled: { at: 2, image: 'a.png', error: '' },
  jobs: { replicate: 'j' },
};

const idOf = (digit: number) => `${digit}`.repeat(8) + postId.slice(8);
const imageOf = (digit: number) => ({ ...image, sha256: `${digit}`.repeat(64) });

async function newJournal() {
  const folder = await newFolder();
  await prepareFolder(folder);
  const warnings: object[] = [];
  const journal = createJournal({ folder, log: { ...silentLog, warn: (data) => warnings.push(data) } });
  return { journal, warnings, files: join(folder, '.state', 'journal') };
}

describe('journal', () => {
  it.each([small, whole])('reads back what it wrote ($step)', async (entry) => {
    const { journal, files } = await newJournal();
    await journal.write(entry);
    expect(await journal.read(postId)).toEqual(entry);
    expect(await filesIn(files)).toEqual([`${postId}.json`]);
  });

  it('knows nothing of a row it never heard of', async () => {
    const { journal, warnings } = await newJournal();
    expect(await journal.read(postId)).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  it('keeps the writes of one row in order', async () => {
    const { journal } = await newJournal();
    const writes = Array.from({ length: 50 }, (_, generation) => journal.write({ ...small, generation }));
    expect((await journal.read(postId))?.generation).toBe(49);
    await Promise.all(writes);
    expect((await journal.read(postId))?.generation).toBe(49);
  });

  it('writes the entry as it was when it was handed over', async () => {
    const { journal } = await newJournal();
    const entry = { ...small };
    const write = journal.write(entry);
    entry.generation = 7;
    await write;
    expect((await journal.read(postId))?.generation).toBe(0);
  });

  it('goes on after a write that failed', async () => {
    const { journal, files } = await newJournal();
    await rm(files, { recursive: true });
    await expect(journal.write(small)).rejects.toThrow(`The folder ${files} is not there`);
    await prepareFolder(join(files, '..', '..'));
    await journal.write(small);
    expect(await journal.read(postId)).toEqual(small);
  });

  it.each([
    ['torn', '{"version":1,"postId"'],
    ['empty', ''],
    ['of another version', JSON.stringify({ ...small, version: 2 })],
    ["another row's", JSON.stringify({ ...small, postId: '11111111-1234-abcd-9999-0123456789ab' })],
    [
      'with an unknown outcome',
      JSON.stringify({ ...whole, attempts: [{ ...whole.attempts[0], outcome: 'toString' }] }),
    ],
    ['with null', JSON.stringify({ ...whole, uploadId: null })],
  ])('sets aside an entry that is %s, and keeps it', async (_, text) => {
    const { journal, warnings, files } = await newJournal();
    for (const count of [1, 2]) {
      await writeFile(join(files, `${postId}.json`), text);
      expect(await journal.read(postId)).toBeUndefined();
      expect(await readFile(join(files, `${postId}.json.corrupt-${count}`), 'utf8')).toBe(text);
      expect(warnings).toHaveLength(count);
    }
    await journal.write(small);
    expect(await journal.read(postId)).toEqual(small);
  });

  it.each(['../../lock', '', 'x', postId.toUpperCase(), `${postId}/..`, postId.replaceAll('-', '')])(
    'refuses the id %j',
    async (id) => {
      const { journal } = await newJournal();
      await expect(journal.read(id)).rejects.toThrow('is not the id of a post');
      await expect(journal.write({ ...small, postId: id })).rejects.toThrow('is not the id of a post');
    },
  );

  it('refuses an entry that it could not read back', async () => {
    const { journal, files } = await newJournal();
    const facts = { provider: 'sd', model: 'm', costUsd: NaN, generatedAt: 1 };
    await expect(journal.write({ ...small, facts })).rejects.toThrow('NaN');
    expect(await filesIn(files)).toEqual([]);
  });

  it('tells the pictures of rows that are not settled', async () => {
    const { journal, files } = await newJournal();
    await journal.write({ ...small, postId: idOf(1) });
    await journal.write({ ...small, postId: idOf(2), step: 'saving', image: imageOf(2) });
    await journal.write({ ...small, postId: idOf(3), step: 'uploading', image: imageOf(3) });
    await journal.write({ ...whole, postId: idOf(4) });
    await writeFile(join(files, `${idOf(5)}.json`), 'torn');
    await writeFile(join(files, 'notes.json'), '{}');
    await writeFile(join(files, `${idOf(6)}.json.corrupt-1`), 'torn');
    expect(await journal.unfinishedImages()).toEqual(new Set(['2'.repeat(64), '3'.repeat(64)]));
  });
});
