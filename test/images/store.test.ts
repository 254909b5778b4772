import { createHash } from 'node:crypto';
import { copyFile, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SavedImage } from '../../src/core/image.ts';
import { prepareFolder } from '../../src/state/files.ts';
import { createImageStore } from '../../src/images/store.ts';
import { filesIn, imageOf, useFolders } from '../support/images/folder.ts';

const newFolder = useFolders();
const first = 'flux_generated_20261121_090807_1.png';
const second = 'flux_generated_20261121_090807_2.png';
const ignore = async () => undefined;

class Crash extends Error {}

async function newStore() {
  const folder = await newFolder();
  await prepareFolder(folder);
  const store = createImageStore({ folder, workerId: 'w-1' });
  /** Saves, but ends like a process that dies once the image has its name in the journal. */
  const saveAndCrash = async (text: string): Promise<SavedImage> => {
    let intended: SavedImage | undefined;
    const temporary = join(folder, '.state', 'tmp', 'w-1');
    const save = store.save(imageOf(text), async (image) => {
      intended = image;
      for (const name of await readdir(temporary)) await copyFile(join(temporary, name), join(folder, 'kept'));
      throw new Crash();
    });
    await expect(save).rejects.toBeInstanceOf(Crash);
    if (!intended) throw new Error('the picture was never named');
    await copyFile(join(folder, 'kept'), join(temporary, `${intended.sha256}.left.png`));
    await rm(join(folder, 'kept'));
    return intended;
  };
  return { folder, store, saveAndCrash };
}

describe('save', () => {
  it('keeps the bytes under the name it told before', async () => {
    const { folder, store } = await newStore();
    const intended: SavedImage[] = [];
    const saved = await store.save(imageOf('a picture'), async (image) => {
      expect(await filesIn(folder)).toEqual([expect.stringMatching(`^.state/tmp/w-1/${image.sha256}[.]`)]);
      intended.push(image);
    });
    expect(saved).toEqual({
      path: first,
      sha256: createHash('sha256').update('a picture').digest('hex'),
      byteLength: 9,
      mediaType: 'image/png',
      width: 1080,
      height: 1080,
    });
    expect(intended).toEqual([saved]);
    expect(await readFile(join(folder, first), 'utf8')).toBe('a picture');
    expect(await filesIn(folder)).toEqual([first]);
  });

  it.each([
    ['image/png', '.png'],
    ['image/jpeg', '.jpg'],
    ['image/webp', '.webp'],
  ] as const)('names %s as %s', async (mediaType, ending) => {
    const { store } = await newStore();
    const saved = await store.save(imageOf('x', { mediaType, family: 'sd' }), ignore);
    expect(saved.path).toBe(`sd_generated_20261121_090807_1${ending}`);
  });

  it('gives 300 images of one second a name each', async () => {
    const { folder, store } = await newStore();
    const texts = Array.from({ length: 300 }, (_, index) => `picture ${index}`);
    const saved = await Promise.all(texts.map((text) => store.save(imageOf(text), ignore)));
    expect(new Set(saved.map((image) => image.path)).size).toBe(300);
    expect((await filesIn(folder)).length).toBe(300);
    for (const [index, image] of saved.entries()) {
      expect(await readFile(join(folder, image.path), 'utf8')).toBe(texts[index]);
    }
  });

  it('goes straight to the next free name, however many images the second has', async () => {
    const { folder, store } = await newStore();
    for (let number = 1; number <= 500; number++) {
      await writeFile(join(folder, `flux_generated_20261121_090807_${number}.png`), '');
    }
    const intended: string[] = [];
    await store.save(imageOf('one more'), async (image) => {
      intended.push(image.path);
    });
    expect(intended).toEqual(['flux_generated_20261121_090807_501.png']);
  });

  it('gives two posts with the same bytes a file each', async () => {
    const { folder, store } = await newStore();
    const saved = await Promise.all([store.save(imageOf('same'), ignore), store.save(imageOf('same'), ignore)]);
    expect(saved.map((image) => image.path).toSorted()).toEqual([first, second]);
    const [one, other] = saved;
    await store.forget(one);
    expect(await store.find(other)).toEqual(other);
    expect(await filesIn(folder)).toEqual([other.path]);
  });

  it('takes the next name, and tells it, when a stranger takes the first at the last moment', async () => {
    const { folder, store } = await newStore();
    const intended: string[] = [];
    const saved = await store.save(imageOf('ours'), async (image) => {
      intended.push(image.path);
      if (intended.length === 1) await writeFile(join(folder, image.path), 'theirs');
    });
    expect(intended).toEqual([first, second]);
    expect(saved.path).toBe(second);
    expect(await readFile(join(folder, first), 'utf8')).toBe('theirs');
    expect(await readFile(join(folder, second), 'utf8')).toBe('ours');
  });

  it('lets two stores share a folder', async () => {
    const { folder, store } = await newStore();
    const other = createImageStore({ folder, workerId: 'w-2' });
    const saved = await Promise.all(
      Array.from({ length: 60 }, (_, index) => (index % 2 ? store : other).save(imageOf(`${index}`), ignore)),
    );
    expect(new Set(saved.map((image) => image.path)).size).toBe(60);
    for (const [index, image] of saved.entries()) {
      expect(await readFile(join(folder, image.path), 'utf8')).toBe(`${index}`);
    }
  });

  it('leaves nothing behind when the name could not be noted', async () => {
    const { folder, store } = await newStore();
    await expect(store.save(imageOf('x'), () => Promise.reject(new Crash()))).rejects.toBeInstanceOf(Crash);
    expect(await filesIn(folder)).toEqual([]);
  });

  it('does not make the images folder anew when it has gone', async () => {
    const { folder, store } = await newStore();
    await rm(folder, { recursive: true });
    await expect(store.save(imageOf('x'), ignore)).rejects.toThrow(`The folder ${folder} is not there`);
  });

  it('refuses a worker id that is a path', () => {
    expect(() => createImageStore({ folder: 'images', workerId: '../w' })).toThrow('is not a worker');
  });
});

describe('find', () => {
  it('answers with an image that is there unharmed', async () => {
    const { store } = await newStore();
    const saved = await store.save(imageOf('x'), ignore);
    expect(await store.find(saved)).toEqual(saved);
    expect(Buffer.from(await store.read(saved)).toString()).toBe('x');
  });

  it('finishes a save that was interrupted before the image had its name', async () => {
    const { folder, store, saveAndCrash } = await newStore();
    const image = await saveAndCrash('paid for');
    const restarted = createImageStore({ folder, workerId: 'w-2' });
    expect(await restarted.find(image)).toEqual(image);
    expect(await readFile(join(folder, image.path), 'utf8')).toBe('paid for');
    expect(await store.find(image)).toEqual(image);
  });

  it('finishes a name that was reserved by an empty file', async () => {
    const { folder, store, saveAndCrash } = await newStore();
    const image = await saveAndCrash('paid for');
    await writeFile(join(folder, image.path), '');
    expect(await store.find(image)).toEqual(image);
    expect(await readFile(join(folder, image.path), 'utf8')).toBe('paid for');
  });

  it('knows no image of which nothing is left', async () => {
    const { store, folder } = await newStore();
    const saved = await store.save(imageOf('x'), ignore);
    await rm(join(folder, saved.path));
    expect(await store.find(saved)).toBeUndefined();
    await writeFile(join(folder, saved.path), '');
    expect(await store.find(saved)).toBeUndefined();
  });

  it('passes by a torn temporary file', async () => {
    const { folder, store, saveAndCrash } = await newStore();
    const image = await saveAndCrash('paid for');
    await truncate(join(folder, '.state', 'tmp', 'w-1', `${image.sha256}.left.png`), 3);
    await writeFile(join(folder, '.state', 'tmp', 'stray'), '');
    expect(await store.find(image)).toBeUndefined();
    expect(await filesIn(folder)).not.toContain(image.path);
  });

  it.each(['other bytes', 'theirs!!'])('leaves a stranger under the name alone (%s)', async (bytes) => {
    const { folder, store, saveAndCrash } = await newStore();
    const image = await saveAndCrash('paid for');
    await writeFile(join(folder, image.path), bytes);
    expect(await store.find(image)).toBeUndefined();
    expect(await readFile(join(folder, image.path), 'utf8')).toBe(bytes);
  });

  it('follows no link out of the folder', async () => {
    const { folder, store } = await newStore();
    const saved = await store.save(imageOf('x'), ignore);
    await rm(join(folder, saved.path));
    await writeFile(join(folder, 'elsewhere'), 'x');
    await symlink(join(folder, 'elsewhere'), join(folder, saved.path));
    expect(await store.find(saved)).toBeUndefined();
  });

  it('does not disturb a live save of the same bytes', async () => {
    const { store, saveAndCrash } = await newStore();
    const crashed = await saveAndCrash('same');
    const saved = await store.save(imageOf('same', { family: 'sd' }), async () => {
      expect(await store.find(crashed)).toEqual(crashed);
    });
    await store.forget(crashed);
    expect(await store.find(saved)).toEqual(saved);
  });
});

describe('a name that is not plain', () => {
  it.each(['../x.png', '/etc/x.png', 'a/../x.png', '.state/x.png', 'a\\x.png'])('is refused: %s', async (path) => {
    const { folder, store } = await newStore();
    const image = { ...(await store.save(imageOf('x'), ignore)), path };
    const refusal = 'is not the name of a picture';
    await expect(store.find(image)).rejects.toThrow(refusal);
    await expect(store.read(image)).rejects.toThrow(refusal);
    await expect(store.forget(image)).rejects.toThrow(refusal);
    await expect(store.saveBeside(image, '.json', Buffer.from('x'))).rejects.toThrow(refusal);
    expect(await filesIn(folder)).toEqual([first]);
  });
});

describe('read', () => {
  it('says that an image has gone', async () => {
    const { folder, store } = await newStore();
    const saved = await store.save(imageOf('x'), ignore);
    await rm(join(folder, saved.path));
    await expect(store.read(saved)).rejects.toThrow(`The picture ${first} is no longer in ${folder}.`);
  });
});

describe('saveBeside', () => {
  it('writes, and replaces, files with the name of the image', async () => {
    const { folder, store } = await newStore();
    const saved = await store.save(imageOf('x'), ignore);
    await store.saveBeside(saved, '.json', Buffer.from('one'));
    expect(await store.saveBeside(saved, '.json', Buffer.from('two'))).toBe('flux_generated_20261121_090807_1.json');
    expect(await readFile(join(folder, 'flux_generated_20261121_090807_1.json'), 'utf8')).toBe('two');
    expect((await filesIn(folder)).length).toBe(2);
  });

  it.each(['.png', '', 'json', '/../x', '.', '.a/b'])('refuses the ending %j', async (extension) => {
    const { folder, store } = await newStore();
    const saved = await store.save(imageOf('x'), ignore);
    await expect(store.saveBeside(saved, extension, Buffer.from('y'))).rejects.toThrow('is not an ending');
    expect(await readFile(join(folder, first), 'utf8')).toBe('x');
  });

  it('serves a new worker that has saved nothing yet', async () => {
    const { folder, store } = await newStore();
    const saved = await store.save(imageOf('x'), ignore);
    const other = createImageStore({ folder, workerId: 'w-new' });
    expect(await other.saveBeside(saved, '.jpg', Buffer.from('y'))).toBe('flux_generated_20261121_090807_1.jpg');
  });
});

describe('forget', () => {
  it('removes the image and what is beside it, and nothing else', async () => {
    const { folder, store } = await newStore();
    const saved = await store.save(imageOf('x'), ignore);
    await store.saveBeside(saved, '.json', Buffer.from('y'));
    await store.saveBeside(saved, '.jpg', Buffer.from('y'));
    await writeFile(join(folder, 'flux_generated_20261121_090807_10.png'), 'another');
    await store.forget(saved);
    await store.forget(saved);
    expect(await filesIn(folder)).toEqual(['flux_generated_20261121_090807_10.png']);
  });

  it('does not free the name for the next image of that second', async () => {
    const { store } = await newStore();
    await store.forget(await store.save(imageOf('x'), ignore));
    expect((await store.save(imageOf('y'), ignore)).path).toBe(second);
  });
});

describe('sweepTemporary', () => {
  it('removes what crashes have left but for the images to keep', async () => {
    const { folder, store, saveAndCrash } = await newStore();
    const keep = await saveAndCrash('to be finished');
    await saveAndCrash('of no use');
    const state = join(folder, '.state');
    for (const name of [
      'worker-id.1.tmp',
      'journal/a.json.1.tmp',
      'tmp/w-1/a.json.1.tmp',
      'spend/b.tmp',
      'tmp/w-1/odd',
    ]) {
      await writeFile(join(state, name), '');
    }
    for (const name of ['journal/a.json', 'lock']) await writeFile(join(state, name), '');
    await store.sweepTemporary((sha256) => sha256 === keep.sha256);
    expect(await filesIn(state)).toEqual(['journal/a.json', 'lock', `tmp/w-1/${keep.sha256}.left.png`]);
    expect(await store.find(keep)).toEqual(keep);
  });

  it('takes away what a crash has left of an image once the image is safe', async () => {
    const { folder, store, saveAndCrash } = await newStore();
    const image = await saveAndCrash('to be finished');
    expect(await store.find(image)).toEqual(image);
    expect(await filesIn(join(folder, '.state'))).toEqual([]);
  });

  it('asks of nothing when nothing was left', async () => {
    const { store } = await newStore();
    await store.save(imageOf('x'), ignore);
    let asked = 0;
    await store.sweepTemporary(() => asked++ === 0);
    expect(asked).toBe(0);
  });
});
