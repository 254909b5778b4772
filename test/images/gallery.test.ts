import { writeFileSync } from 'node:fs';
import { mkdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Log } from '../../src/lib/log.ts';
import { silentLog } from '../../src/lib/log.ts';
import { prepareFolder } from '../../src/state/files.ts';
import { createGallery, createUserGalleries, isBoardImage, isUploadedImage } from '../../src/images/gallery.ts';
import { createUploadStore, userFolder } from '../../src/images/upload-store.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { imageOf, useFolders } from '../support/images/folder.ts';
import { flat } from '../support/images/images.ts';

const newFolder = useFolders();
const stemOf = (number: number, second = 7) =>
  `flux_generated_20261121_0908${String(second).padStart(2, '0')}_${number}`;
const fileOf = (number: number, second?: number) => `${stemOf(number, second)}.png`;

/** As `keepProvenance` writes it; what is changed to undefined is left out. */
function historyOf(file: string, changes: object = {}): string {
  return JSON.stringify({
    file,
    sha256: 'ab',
    postId: 'none',
    generatedAt: '2026-11-21T09:08:07.000Z',
    width: 1080,
    height: 1350,
    why: 'Hugging Face, 8.2 s, $0.003',
    prompt: 'soup',
    options: { width: 1080, height: 1350, seed: 1 },
    provider: 'huggingface',
    model: 'FLUX.1-schnell',
    costUsd: 0.003,
    attempts: [],
    ...changes,
  });
}

/** A folder as a worker leaves it, and a gallery of it. */
async function setUp(log: Log = silentLog) {
  const folder = await newFolder();
  const clock = createFakeClock();
  const gallery = createGallery({ folder, isImage: isBoardImage, clock, log });
  const keep = async (file: string, history = historyOf(file)) => {
    await writeFile(join(folder, file), 'pixels');
    await writeFile(join(folder, file.replace(/\.\w+$/, '.json')), history);
  };
  /** Has the folder changed or not at its last look, whatever the disk says. */
  const setChanged = (seconds: number) => utimes(folder, seconds, seconds);
  const files = async (count = 10) => (await gallery.latest(count)).map(({ file }) => file);
  return { folder, clock, gallery, keep, setChanged, files };
}

describe('the last images', () => {
  it('are told with their history', async () => {
    const { gallery, keep } = await setUp();
    await keep(fileOf(1));
    expect(await gallery.latest(5)).toEqual([
      {
        file: fileOf(1),
        generatedAt: '2026-11-21T09:08:07.000Z',
        width: 1080,
        height: 1350,
        prompt: 'soup',
        provider: 'huggingface',
        model: 'FLUX.1-schnell',
        why: 'Hugging Face, 8.2 s, $0.003',
        costUsd: 0.003,
      },
    ]);
  });

  it('come newest first, by the time and the number in the name, whatever made them', async () => {
    const { keep, files } = await setUp();
    const sd = 'sd_generated_20261121_090809_1.png';
    const freeapi = 'freeapi_generated_20251231_235959_1.png';
    for (const file of [fileOf(2), sd, freeapi, fileOf(10), fileOf(1, 8), fileOf(9)]) await keep(file);
    expect(await files()).toEqual([sd, fileOf(1, 8), fileOf(10), fileOf(9), fileOf(2), freeapi]);
    expect(await files(2)).toEqual([sd, fileOf(1, 8)]);
  });

  it('are none where there is no folder, and show once there is one', async () => {
    const { folder, keep, files } = await setUp();
    await rm(folder, { recursive: true });
    expect(await files()).toEqual([]);
    await mkdir(folder);
    await keep(fileOf(1));
    expect(await files()).toEqual([fileOf(1)]);
  });

  it('pass over images that are gone, links, and a smaller file beside an image', async () => {
    const { folder, keep, files } = await setUp();
    for (const number of [1, 2, 3, 4]) await keep(fileOf(number));
    expect(await files()).toHaveLength(4);
    await writeFile(join(folder, `${stemOf(1)}.jpg`), 'smaller');
    await rm(join(folder, fileOf(2)));
    await rm(join(folder, fileOf(3)));
    await symlink(join(folder, fileOf(1)), join(folder, fileOf(3)));
    expect(await files()).toEqual([fileOf(4), fileOf(1)]);
  });

  it('have the size of their header and no words where the history is of an earlier kind', async () => {
    const { folder, gallery, keep } = await setUp();
    const earlier = { width: undefined, height: undefined, why: undefined };
    await keep(fileOf(2), historyOf(fileOf(2), earlier));
    await flat(64, 48, '#123456')
      .png()
      .toFile(join(folder, fileOf(2)));
    await keep(fileOf(1), historyOf(fileOf(1), { ...earlier, width: 0, height: 0 }));
    expect(await gallery.latest(5)).toMatchObject([{ file: fileOf(2), width: 64, height: 48, why: '' }]);
  });
});

describe('a history that is of no use', () => {
  it.each([
    ['is torn', historyOf(fileOf(2)).slice(0, 60)],
    ['is empty', ''],
    ['is no object', '[1, 2]'],
    ['is nested without end', '['.repeat(200_000)],
    ['is larger than a history can be', historyOf(fileOf(2), { prompt: 'x'.repeat(1024 * 1024) })],
    ['lacks the prompt', historyOf(fileOf(2), { prompt: undefined })],
    ['has a time that is none', historyOf(fileOf(2), { generatedAt: 'yesterday' })],
    ['tells of another picture', historyOf(fileOf(1))],
    ['tells of a file elsewhere', historyOf(`../${fileOf(2)}`)],
    ['tells of itself', historyOf(`${stemOf(2)}.json`)],
    ['tells of a part of the name', historyOf(stemOf(2))],
  ])('is left out when it %s', async (_, history) => {
    const { keep, files } = await setUp();
    await keep(fileOf(1));
    await keep(fileOf(2), history);
    expect(await files()).toEqual([fileOf(1)]);
  });

  it('is not read through a link', async () => {
    const { folder, keep, files } = await setUp();
    await keep(fileOf(1));
    await rm(join(folder, `${stemOf(1)}.json`));
    await writeFile(join(folder, 'elsewhere'), historyOf(fileOf(1)));
    await symlink(join(folder, 'elsewhere'), join(folder, `${stemOf(1)}.json`));
    expect(await files()).toEqual([]);
  });

  it('may lack what is not needed, and takes nothing along', async () => {
    const { gallery, keep } = await setUp();
    const odd = { costUsd: -1, model: 7, why: null, extra: 'x' };
    await keep(fileOf(1), historyOf(fileOf(1), odd));
    const [picture] = await gallery.latest(1);
    expect(picture).toMatchObject({ costUsd: 0, model: '', why: '' });
    expect(picture).not.toHaveProperty('extra');
    expect(picture).not.toHaveProperty('attempts');
  });

  it('shows as soon as it is whole', async () => {
    const { folder, keep, files } = await setUp();
    await keep(fileOf(1), 'torn');
    expect(await files()).toEqual([]);
    await writeFile(join(folder, `${stemOf(1)}.json`), historyOf(fileOf(1)));
    expect(await files()).toEqual([fileOf(1)]);
  });
});

describe('a large folder', () => {
  it('has only its newest histories read, and each once', async () => {
    const { folder, keep, files } = await setUp();
    const tear = (number: number, second: number) =>
      writeFileSync(join(folder, `${stemOf(number, second)}.json`), 'torn');
    for (let number = 1; number <= 2000; number++) tear(number, 1);
    await keep(fileOf(1, 2));
    for (let number = 1; number <= 100; number++) tear(number, 3);
    const newest = [3, 2, 1].map((number) => fileOf(number));
    for (const file of newest) await keep(file);
    expect(await files(3)).toEqual(newest);
    // A hundred of no use are more than are tried for the sake of the good one behind them.
    expect(await files(10)).toEqual(newest);
    tear(3, 7);
    expect(await files(3)).toEqual(newest);
  });

  it('is read again only when it has changed, and not before 30 seconds have passed', async () => {
    const { clock, keep, setChanged, files } = await setUp();
    await keep(fileOf(1));
    await setChanged(1000);
    expect(await files()).toEqual([fileOf(1)]);
    await keep(fileOf(2));
    clock.advance(29_999);
    expect(await files()).toEqual([fileOf(1)]);
    await setChanged(1000);
    clock.advance(1);
    expect(await files()).toEqual([fileOf(1)]);
    await setChanged(2000);
    expect(await files()).toEqual([fileOf(2), fileOf(1)]);
  });

  it('is read once for all who ask at the same time', async () => {
    const { keep, files } = await setUp();
    for (const number of [1, 2, 3]) await keep(fileOf(number));
    const answers = await Promise.all([files(), files(), files()]);
    expect(answers).toEqual([1, 2, 3].map(() => [fileOf(3), fileOf(2), fileOf(1)]));
  });
});

describe('an image that has just been saved', () => {
  it('is on top at once, and once only', async () => {
    const { gallery, clock, keep, files } = await setUp();
    await keep(fileOf(1));
    await files();
    await keep(fileOf(2));
    gallery.added(fileOf(2));
    expect(await files()).toEqual([fileOf(2), fileOf(1)]);
    clock.advance(30_000);
    expect(await files()).toEqual([fileOf(2), fileOf(1)]);
  });

  it('is not lost when it comes while the folder is read', async () => {
    const { gallery, keep, files } = await setUp();
    await keep(fileOf(1));
    const asked = files();
    gallery.added(fileOf(2));
    await asked;
    await keep(fileOf(2));
    expect(await files()).toEqual([fileOf(2), fileOf(1)]);
  });

  it.each(['../x.png', 'x.png', `${stemOf(1)}.json`, '1795252087123-generated.png', ''])(
    'is ignored when its name is %j',
    async (file) => {
      const { gallery, keep, files } = await setUp();
      await keep(fileOf(1));
      gallery.added(file);
      expect(await files()).toEqual([fileOf(1)]);
    },
  );
});

describe('a folder that cannot be read', () => {
  it('is told to the operator, not more than every 30 seconds, and looked at again', async () => {
    const warnings: string[] = [];
    const { folder, clock, keep, files } = await setUp({
      ...silentLog,
      warn: (_, message) => void warnings.push(message),
    });
    await rm(folder, { recursive: true });
    await writeFile(folder, 'a file in its place');
    expect(await files()).toEqual([]);
    expect(await files()).toEqual([]);
    expect(warnings).toEqual(['the folder of pictures cannot be read; what is known of it is shown']);
    await rm(folder);
    await mkdir(folder);
    await keep(fileOf(1));
    clock.advance(30_000);
    expect(await files()).toEqual([fileOf(1)]);
  });
});

describe('the galleries of the users', () => {
  it('show each the images of his own', async () => {
    const folder = await newFolder();
    await prepareFolder(folder);
    const galleries = createUserGalleries(folder, { clock: createFakeClock(), log: silentLog });
    const save = async (userId: string, takenAt: number) => {
      const store = createUploadStore({ folder, workerId: 'w-1', userId });
      const saved = await store.save(imageOf('x', { takenAt }), async () => undefined);
      await store.saveBeside(saved, '.json', Buffer.from(historyOf(saved.path)));
      return saved.path;
    };
    const files = async (userId: string) => (await galleries.latest(userId, 10)).map(({ file }) => file);
    expect(await files('ana')).toEqual([]);
    const second = await save('ana', 1_795_252_087_124);
    const first = await save('ana', 999_252_087_123);
    const other = await save('bob', 5);
    expect(await files('ana')).toEqual([second, first]);
    expect(await files('bob')).toEqual([other]);
    const third = await save('ana', 1_795_252_087_200);
    expect(await files('ana')).toEqual([second, first]);
    galleries.added('ana', third);
    expect(await files('ana')).toEqual([third, second, first]);
    expect(await files('carol')).toEqual([]);
    await expect(stat(userFolder(folder, 'carol'))).rejects.toThrow('ENOENT');
  });

  it('refuse an id that is a path', async () => {
    const galleries = createUserGalleries('images', { clock: createFakeClock(), log: silentLog });
    await expect(galleries.latest('../ana', 1)).rejects.toThrow('is not the id of a user');
  });
});

describe('the name of an image', () => {
  it.each(['flux_generated_20261121_090807_1.png', 'a-b_generated_20261121_090807_12.jpg'])(
    'is one of the board: %s',
    (file) => {
      expect([isBoardImage(file), isUploadedImage(file)]).toEqual([true, false]);
    },
  );

  it('is one asked for over HTTP', () => {
    const file = '1795252087123-generated.png';
    expect([isBoardImage(file), isUploadedImage(file)]).toEqual([false, true]);
  });

  it.each(['flux_generated_20261121_090807_1.json', '../1-generated.png', '1-generated.png\n', 'x.png', '.state', ''])(
    'is neither: %j',
    (file) => {
      expect([isBoardImage(file), isUploadedImage(file)]).toEqual([false, false]);
    },
  );
});
