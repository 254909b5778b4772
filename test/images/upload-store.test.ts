import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import type { SavedImage } from '../../src/core/image.ts';
import { checkFolder } from '../../src/state/check-folder.ts';
import { prepareFolder } from '../../src/state/files.ts';
import { createImageStore } from '../../src/images/store.ts';
import { createUploadStore, uploadsFolder, userFolder } from '../../src/images/upload-store.ts';
import { filesIn, imageOf, problemsOf, useFolders } from '../support/images/folder.ts';

const newFolder = useFolders();
const takenAt = 1_795_252_087_123;
const ignore = async () => undefined;

async function setUp(userId = 'ana') {
  const folder = await newFolder();
  await prepareFolder(folder);
  const store = createUploadStore({ folder, workerId: 'w-1', userId });
  const save = (text: string, intend: (image: SavedImage) => Promise<void> = ignore) =>
    store.save(imageOf(text, { takenAt }), intend);
  return { folder, store, save, own: userFolder(folder, userId) };
}

describe('an image asked for over HTTP', () => {
  it('is kept under its time in the folder of its user, with its history beside it', async () => {
    const { folder, store, save, own } = await setUp();
    const intended: SavedImage[] = [];
    const saved = await save('a picture', async (image) => {
      expect(await filesIn(folder)).toEqual([expect.stringMatching(/^\.state\/tmp\/w-1\//)]);
      intended.push(image);
    });
    expect(saved).toMatchObject({ path: `${takenAt}-generated.png`, byteLength: 9, width: 1080, height: 1080 });
    expect(intended).toEqual([saved]);
    expect(await store.saveBeside(saved, '.json', Buffer.from('{}'))).toBe(`${takenAt}-generated.json`);
    expect(await filesIn(folder)).toEqual([
      `uploads/images/user-ana/${takenAt}-generated.json`,
      `uploads/images/user-ana/${takenAt}-generated.png`,
    ]);
    expect(own).toBe(join(uploadsFolder(folder), 'images', 'user-ana'));
    expect(await readFile(join(own, saved.path), 'utf8')).toBe('a picture');
  });

  it('has the next free ms when its own is taken, and tells that before', async () => {
    const { save, own } = await setUp();
    await save('earlier');
    const intended: string[] = [];
    const saved = await save('ours', async ({ path }) => {
      intended.push(path);
      if (intended.length === 2) await writeFile(join(own, path), 'theirs');
    });
    expect(intended).toEqual([0, 1, 2].map((ms) => `${takenAt + ms}-generated.png`));
    expect(saved.path).toBe(intended[2]);
    const texts = await Promise.all(intended.map((name) => readFile(join(own, name), 'utf8')));
    expect(texts).toEqual(['earlier', 'theirs', 'ours']);
  });

  it('has a name of its own when several stores save in one ms', async () => {
    const { folder, own, store } = await setUp();
    const other = createUploadStore({ folder, workerId: 'w-2', userId: 'ana' });
    const twin = createUploadStore({ folder, workerId: 'w-1', userId: 'ana' });
    const stores = [store, other, twin];
    const saved = await Promise.all(
      Array.from({ length: 60 }, (_, index) => index).flatMap((index) =>
        stores.slice(index % 3, (index % 3) + 1).map((one) => one.save(imageOf(`${index}`, { takenAt }), ignore)),
      ),
    );
    expect(new Set(saved.map(({ path }) => path)).size).toBe(60);
    for (const [index, { path }] of saved.entries()) {
      expect(await readFile(join(own, path), 'utf8')).toBe(`${index}`);
    }
  });

  it('leaves nothing behind when its name could not be noted', async () => {
    const { folder, save } = await setUp();
    await expect(save('x', () => Promise.reject(new Error('stop')))).rejects.toThrow('stop');
    expect(await filesIn(folder)).toEqual([]);
  });

  it('is a PNG', async () => {
    const { folder, store } = await setUp();
    await expect(store.save(imageOf('x', { mediaType: 'image/jpeg' }), ignore)).rejects.toThrow('kept as PNG');
    expect(await filesIn(folder)).toEqual([]);
  });
});

describe('the folder of a user', () => {
  it.each(['ana', 'A-1_b.c', '7', 'a'.repeat(64)])('is named after the id %j', (userId) => {
    expect(userFolder('images', userId)).toBe(join('images', 'uploads', 'images', `user-${userId}`));
  });

  it.each(['', '.', '..', 'a..b', '../a', 'a/b', 'a\\b', '-a', 'a b', 'a\0', 'a\n', 'é', 'a'.repeat(65)])(
    'is refused for the id %j',
    (userId) => {
      expect(() => userFolder('images', userId)).toThrow('is not the id of a user');
      expect(() => createUploadStore({ folder: 'images', workerId: 'w-1', userId })).toThrow('is not the id of a user');
    },
  );

  it('is not made anew with the whole images folder when that has gone', async () => {
    const { folder, save } = await setUp();
    await rm(folder, { recursive: true });
    expect(await problemsOf(save('x'))).toEqual([expect.stringContaining(`The folder ${folder} is not there`)]);
    await expect(readdir(folder)).rejects.toThrow('ENOENT');
  });

  it('says so when a file stands in its way', async () => {
    const { folder, own, save } = await setUp();
    await mkdir(join(folder, 'uploads', 'images'), { recursive: true });
    await writeFile(own, '');
    expect(await problemsOf(save('x'))).toEqual([expect.stringContaining(`${own} cannot be a folder`)]);
    expect(await filesIn(folder)).toEqual(['uploads/images/user-ana']);
  });
});

describe('the images folder with uploads in it', () => {
  it('is swept of what a crash left of one, even of an image that a row waits for', async () => {
    const { folder, save } = await setUp();
    const temporary = join(folder, '.state', 'tmp', 'w-1');
    const saved = await save('same bytes', async () => {
      for (const name of await readdir(temporary))
        await copyFile(join(temporary, name), join(temporary, `${name}.left`));
    });
    expect(await filesIn(join(folder, '.state'))).toHaveLength(1);
    const store = createImageStore({ folder, workerId: 'w-1' });
    await store.sweepTemporary(() => true);
    expect(await filesIn(folder)).toEqual([`uploads/images/user-ana/${saved.path}`]);
  });

  it('lets the board keep an image of the same bytes while one is being saved', async () => {
    const { folder, own, save } = await setUp();
    const store = createImageStore({ folder, workerId: 'w-1' });
    const kept = await store.save(imageOf('same bytes'), ignore);
    const saved = await save('same bytes', async () => {
      expect(await store.find(kept)).toEqual(kept);
    });
    expect(await readFile(join(own, saved.path), 'utf8')).toBe('same bytes');
  });

  it('is prepared and found well as before', async () => {
    const { folder, save } = await setUp();
    await save('x');
    await prepareFolder(folder);
    const states = [];
    for await (const { key, state } of checkFolder(folder, systemClock, async () => 2 ** 40)) states.push([key, state]);
    expect(states).toEqual([
      ['folder', 'well'],
      ['disk', 'well'],
      ['lock', 'well'],
    ]);
  });
});
