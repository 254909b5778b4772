import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../../src/lib/log.ts';
import { type JournalEntry, journalEntrySchema } from '../../src/state/journal-schema.ts';
import { fromVersion1, version1Schema } from '../../src/state/journal-version-1.ts';
import { createJournal } from '../../src/state/journal.ts';
import { useFolders } from '../support/images/folder.ts';

const newFolder = useFolders();
const fixtures: Record<string, unknown> = JSON.parse(
  await readFile(new URL('../fixtures/journal-version-1.json', import.meta.url), 'utf8'),
);
const read = (name: string): JournalEntry => fromVersion1(version1Schema.parse(fixtures[name]));
const path = 'freeapi_generated_20261127_013229_1.png';

describe('a journal entry of version 1', () => {
  it.each(Object.keys(fixtures))('is read as a legal entry of today: %s', (name) => {
    const entry = read(name);
    expect(journalEntrySchema.parse(entry)).toEqual(entry);
  });

  it.each([
    ['claimed', { step: 'claimed', task: { kind: 'generate', retries: 0 }, interruptions: 0 }],
    ['generating with an open call', { step: 'generating', openCalls: [{ costUsd: 0.003 }], jobs: {} }],
    [
      'generating with a job elsewhere',
      { step: 'generating', openCalls: [{ provider: 'replicate' }], jobs: { replicate: 'job-1' }, interruptions: 1 },
    ],
    ['saving', { step: 'generated', image: { provenance: { provider: 'huggingface', seed: 198644932 } } }],
    ['uploading', { step: 'uploading', upload: { id: expect.any(String) }, pendingWrite: { kind: 'image' } }],
    ['uploading a placeholder', { step: 'uploading', pendingWrite: { path, healAt: 1795743150000 } }],
    ['tried again', { step: 'claimed', task: { retries: 2, earlier: { retryAt: 1795743150733 } } }],
    ['healing', { step: 'generating', task: { kind: 'heal', placeholder: { path, healAt: 1795764750903 } } }],
    ['healing, image made', { step: 'generated', task: { kind: 'heal' } }],
    ['settled', { step: 'settled', result: { kind: 'image' }, image: { saved: { width: 256 } } }],
    ['settled placeholder', { step: 'settled', result: { kind: 'image', path, healAt: 1795764750903 } }],
    ['settled failure', { step: 'settled', retries: 0, result: { kind: 'failure', retryAt: 1795743150733 } }],
    [
      'settled failure with an image that was not taken',
      { step: 'settled', retries: 1, result: { kind: 'failure' }, image: { provenance: { provider: 'huggingface' } } },
    ],
  ])('keeps what it says: %s', (name, expected) => {
    expect(read(name)).toMatchObject(expected);
  });

  it('keeps its fingerprint, its generation and its ledger', () => {
    expect(read('settled failure')).toMatchObject({
      generation: 0,
      fingerprint: '1:961df91ddf375bf643516aa380a172dfcf5d85156f0491c06c6a2d0bdfb02dba',
      attempts: [{ outcome: 'unavailable', possiblySpent: true }],
    });
  });

  it('is read from disk, and written in the new form', async () => {
    const folder = await newFolder();
    const files = join(folder, '.state', 'journal');
    for (const name of ['journal', 'retries', 'cards']) await mkdir(join(folder, '.state', name), { recursive: true });
    const entry = read('settled');
    const file = join(files, `${entry.postId}.json`);
    await writeFile(file, JSON.stringify(fixtures['settled']));
    const journal = createJournal({ folder, log: silentLog });
    expect(await journal.read(entry.postId)).toEqual(entry);
    await journal.write(entry);
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(entry);
  });
});
