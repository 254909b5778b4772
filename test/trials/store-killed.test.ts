import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { SavedImage } from '../../src/core/image.ts';
import { prepareFolder } from '../../src/state/files.ts';
import { createImageStore } from '../../src/images/store.ts';
import { filesIn, useFolders } from '../support/images/folder.ts';

const newFolder = useFolders();
const child = fileURLToPath(new URL('../support/images/children/save-images.ts', import.meta.url));

/** Runs the child until it has said so many words, then kills it wherever it is. */
async function saveUntilKilled(folder: string, notes: string, words: number): Promise<void> {
  const saving = spawn(process.execPath, ['--import', 'tsx', child, folder, notes], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(saving, 'exit');
  let heard = 0;
  saving.stdout.on('data', (chunk: Buffer) => {
    heard += chunk.toString().split('\n').length - 1;
    if (heard >= words) saving.kill('SIGKILL');
  });
  expect(await ended).toEqual([null, 'SIGKILL']);
}

/** The last picture that was intended for each post. */
async function intendedIn(notes: string): Promise<Map<string, SavedImage>> {
  const lines = (await readFile(notes, 'utf8')).trimEnd().split('\n');
  return new Map(
    lines.map((line) => {
      const { post, image }: { post: string; image: SavedImage } = JSON.parse(line);
      return [post, image];
    }),
  );
}

describe('a process killed in the middle of its saves', () => {
  it('loses no picture that was named, and leaves none in pieces', async () => {
    const folder = await newFolder();
    const notes = join(await newFolder(), 'notes');
    await prepareFolder(folder);
    await writeFile(notes, '');
    for (const words of [1, 2, 9, 25, 40, 77]) {
      await saveUntilKilled(folder, notes, words);
      const pictures = (await filesIn(folder)).filter((name) => name.endsWith('.png') && !name.startsWith('.state'));
      const intended = await intendedIn(notes);
      const byPath = new Map([...intended.values()].map((image) => [image.path, image]));
      const store = createImageStore({ folder, workerId: 'w-next' });
      for (const name of pictures) {
        const bytes = await readFile(join(folder, name));
        expect(bytes.byteLength).toBe(byPath.get(name)?.byteLength);
      }
      for (const image of intended.values()) expect(await store.find(image)).toEqual(image);
      const paths = [...intended.values()].map((image) => image.path);
      expect(new Set(paths).size).toBe(paths.length);
      await store.sweepTemporary(() => false);
      for (const image of intended.values()) {
        expect(await store.find(image)).toEqual(image);
        await store.forget(image);
      }
      expect(await filesIn(folder)).toEqual([]);
      await writeFile(notes, '');
    }
  });
});
