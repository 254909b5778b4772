import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../src/state/journal-schema.ts';
import { ConfigError } from '../../src/core/errors.ts';
import { silentLog } from '../../src/lib/log.ts';
import { prepareFolder } from '../../src/state/files.ts';
import { createJournal } from '../../src/state/journal.ts';
import { claimedEntry, generatedFile, settledEntry } from '../support/journal.ts';
import { filesIn, useFolders } from '../support/images/folder.ts';

const newFolder = useFolders();
const postId = '0f8e9d1c-1234-abcd-9999-0123456789ab';
const small = claimedEntry(postId);
const attempts: JournalEntry['attempts'] = [
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
];
const call = {
  provider: 'replicate',
  label: 'Replicate',
  model: 'm',
  startedAt: '2026-11-21T09:08:12Z',
  costUsd: 0.003,
};
const image = generatedFile;
const { saved } = image;
const jpeg = { ...saved, path: 'flux_generated_20261121_090807_1.jpg', mediaType: 'image/jpeg' as const };
const shown = { kind: 'image' as const, at: 2, path: 'a.png', healAt: 3 };
const whole: JournalEntry = { ...settledEntry(postId, shown), attempts, image };
const everyStep: JournalEntry[] = [
  small,
  { ...small, task: { kind: 'heal', placeholder: shown }, interruptions: 1 },
  { ...small, step: 'generating', openCalls: [call], jobs: { replicate: 'j' } },
  { ...small, step: 'generated', image },
  { ...small, step: 'uploading', image, upload: { id: 'u', file: jpeg }, pendingWrite: shown },
  { ...small, step: 'failing', pendingWrite: { kind: 'failure', at: 1, error: 'No.', retryAt: 2 } },
  whole,
];

const idOf = (digit: number) => `${digit}`.repeat(8) + postId.slice(8);
const imageOf = (digit: number) => ({ ...image, saved: { ...saved, sha256: `${digit}`.repeat(64) } });

async function newJournal() {
  const folder = await newFolder();
  await prepareFolder(folder);
  const warnings: object[] = [];
  const journal = createJournal({ folder, log: { ...silentLog, warn: (data) => warnings.push(data) } });
  return { journal, warnings, files: join(folder, '.state', 'journal') };
}

describe('a journal', () => {
  it.each(everyStep)('reads back what it wrote ($step)', async (entry) => {
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
    ['torn', '{"version":2,"postId"'],
    ['torn in the old form', '{"version":1,"postId"'],
    ['empty', ''],
    ['of a version that never was', JSON.stringify({ ...small, version: 0 })],
    ['of a step without its fields', JSON.stringify({ ...small, step: 'uploading' })],
    ["another row's", JSON.stringify({ ...small, postId: '11111111-1234-abcd-9999-0123456789ab' })],
    ['with an unknown outcome', JSON.stringify({ ...whole, attempts: [{ ...attempts[0], outcome: 'toString' }] })],
    ['with null', JSON.stringify({ ...whole, image: null })],
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
    const provenance = { ...image.provenance, costUsd: Number.NaN };
    await expect(journal.write({ ...whole, image: { saved, provenance } })).rejects.toThrow('NaN');
    expect(await filesIn(files)).toEqual([]);
  });

  it('refuses an entry of a newer version in one sentence, and leaves it where it is', async () => {
    const { journal, warnings, files } = await newJournal();
    const file = join(files, `${postId}.json`);
    const text = JSON.stringify({ ...small, version: 3 });
    await writeFile(file, text);
    const refused = journal.read(postId);
    await expect(refused).rejects.toThrow(ConfigError);
    await expect(refused).rejects.toThrow(
      /newer version of the worker \(version 3 of the file; this worker reads up to 2\)/,
    );
    expect(await readFile(file, 'utf8')).toBe(text);
    expect(warnings).toEqual([]);
  });

  it('knows the images of rows that are not settled', async () => {
    const { journal, files } = await newJournal();
    const generated = { ...small, step: 'generated' as const };
    await journal.write({ ...small, postId: idOf(1) });
    await journal.write({ ...generated, postId: idOf(2), image: imageOf(2) });
    const upload = { id: 'u', file: saved };
    await journal.write({
      ...small,
      step: 'uploading',
      postId: idOf(3),
      image: imageOf(3),
      upload,
      pendingWrite: shown,
    });
    await journal.write({ ...whole, postId: idOf(4), image: imageOf(4) });
    await writeFile(join(files, `${idOf(5)}.json`), 'torn');
    await writeFile(join(files, 'notes.json'), '{}');
    await writeFile(join(files, `${idOf(6)}.json.corrupt-1`), 'torn');
    const hashes = [1, 2, 3, 4, 5, 6].map((digit) => `${digit}`.repeat(64));
    const unfinished = await Promise.all(hashes.map((hash) => journal.isUnfinished(hash)));
    expect(hashes.filter((_, index) => unfinished[index])).toEqual(['2'.repeat(64), '3'.repeat(64)]);
  });
});
