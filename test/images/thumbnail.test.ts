import { mkdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../../src/lib/log.ts';
import { createThumbnails } from '../../src/images/thumbnail.ts';
import { useFolders } from '../support/images/folder.ts';
import { bomb, detail } from '../support/images/images.ts';

const newFolder = useFolders();

async function setUp() {
  const folder = await newFolder();
  const warnings: string[] = [];
  const thumbnail = createThumbnails({ log: { ...silentLog, warn: (_, message) => void warnings.push(message) } });
  const file = join(folder, 'a.png');
  const keep = (width: number, height: number, path = file) => detail(width, height).png().toFile(path);
  return { folder, file, thumbnail, keep, warnings };
}

describe('a thumbnail', () => {
  it.each([
    [1080, 1350, 384, 480],
    [1200, 630, 480, 252],
    [300, 200, 300, 200],
  ])('of %i × %i pixels is a WebP of %i × %i', async (width, height, smallWidth, smallHeight) => {
    const { file, thumbnail, keep } = await setUp();
    await keep(width, height);
    const small = await thumbnail(file);
    expect(await sharp(small).metadata()).toMatchObject({ format: 'webp', width: smallWidth, height: smallHeight });
  });

  it('is rendered once for all who ask, at the same time or later', async () => {
    const { file, thumbnail, keep } = await setUp();
    await keep(300, 200);
    const [first, second] = await Promise.all([thumbnail(file), thumbnail(file)]);
    expect(first).toBeInstanceOf(Uint8Array);
    expect(second).toBe(first);
    expect(await thumbnail(file)).toBe(first);
  });

  it('is gone with its image, and changes with it', async () => {
    const { file, thumbnail, keep } = await setUp();
    await keep(300, 200);
    expect(await thumbnail(file)).toBeDefined();
    await rm(file);
    expect(await thumbnail(file)).toBeUndefined();
    await keep(200, 100);
    expect(await sharp(await thumbnail(file)).metadata()).toMatchObject({ width: 200, height: 100 });
  });

  it('is one of two that are rendered at a time', async () => {
    const { folder, thumbnail, keep } = await setUp();
    const files = Array.from({ length: 12 }, (_, number) => join(folder, `${number}.png`));
    for (const file of files) await keep(600, 600, file);
    const atOnce: number[] = [];
    const count = () => atOnce.push(sharp.counters().queue + sharp.counters().process);
    sharp.queue.on('change', count);
    try {
      const small = await Promise.all(files.map((file) => thumbnail(file)));
      expect(small.every((bytes) => bytes !== undefined)).toBe(true);
    } finally {
      sharp.queue.off('change', count);
    }
    // sharp counts a rendering that has ended until the next of its lane has been begun.
    expect(Math.max(...atOnce)).toBeLessThanOrEqual(2 + 1);
  });
});

describe('no thumbnail is made of', () => {
  it('what is absent, a folder, or a link', async () => {
    const { folder, file, thumbnail, keep, warnings } = await setUp();
    expect(await thumbnail(file)).toBeUndefined();
    await keep(300, 200);
    await mkdir(join(folder, 'b.png'));
    await symlink(file, join(folder, 'c.png'));
    expect(await thumbnail(join(folder, 'b.png'))).toBeUndefined();
    expect(await thumbnail(join(folder, 'c.png'))).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  it.each([
    ['text', Buffer.from('no picture')],
    ['nothing', Buffer.alloc(0)],
    ['more pixels than a picture may have', bomb(5000, 5000)],
  ])('%s, and the operator hears of it', async (_, bytes) => {
    const { file, thumbnail, warnings } = await setUp();
    await writeFile(file, bytes);
    expect(await thumbnail(file)).toBeUndefined();
    expect(warnings).toEqual(['a picture cannot be made small']);
  });

  it('a file that is larger than an image may be', async () => {
    const { file, thumbnail, keep } = await setUp();
    await keep(300, 200);
    await truncate(file, 25 * 1024 * 1024);
    expect(await thumbnail(file)).toBeDefined();
    await truncate(file, 25 * 1024 * 1024 + 1);
    expect(await thumbnail(file)).toBeUndefined();
  });

  it('a path that no disk takes', async () => {
    const { folder, file, thumbnail, keep } = await setUp();
    await keep(300, 200);
    for (const path of [join(file, 'x.png'), join(folder, 'a\0.png'), join(folder, `${'x'.repeat(5000)}.png`)]) {
      expect(await thumbnail(path)).toBeUndefined();
    }
  });

  it('torn images, while others go on', async () => {
    const { folder, file, thumbnail, keep } = await setUp();
    await keep(300, 200);
    const torn = [1, 2, 3].map((number) => join(folder, `torn-${number}.png`));
    for (const path of torn) {
      await keep(300, 200, path);
      await truncate(path, 4000);
    }
    const asked = torn.map((path) => thumbnail(path));
    expect(await thumbnail(file)).toBeDefined();
    expect(await Promise.all(asked)).toEqual([undefined, undefined, undefined]);
    expect(await thumbnail(file)).toBeDefined();
  });
});
