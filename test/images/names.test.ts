import { mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { array, assert, constant, constantFrom, date, oneof, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createNames, namePrefix, stemOf } from '../../src/images/names.ts';
import { useFolders } from '../support/images/folder.ts';

const newFolder = useFolders();
const prefix = 'flux_generated_20261121_090807_';

describe('namePrefix', () => {
  it('tells the family and the time in UTC', () => {
    expect(namePrefix('flux', Date.UTC(2026, 10, 21, 9, 8, 7, 999))).toBe(prefix);
  });

  it('makes a safe name of any family and time', () => {
    const times = date({ min: new Date('1970-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });
    assert(
      property(oneof(string({ unit: 'binary' }), constant('../../etc/')), times, (family, time) => {
        expect(namePrefix(family, time.getTime())).toMatch(/^[a-z0-9-]+_generated_\d{8}_\d{6}_$/);
        expect(namePrefix(family, time.getTime()).length).toBeLessThan(100);
      }),
    );
  });
});

describe('stemOf', () => {
  it('accepts what it lets through only as a plain name within the folder', () => {
    const parts = constantFrom('..', '/', '\\', '.png', 'a', '.', '\0', '\n', 'C:', '.state', '-', '_1', '%2e');
    assert(
      property(
        array(parts).map((list) => `${list.join('')}.png`),
        (path) => {
          try {
            stemOf(path);
          } catch {
            return;
          }
          expect(basename(path)).toBe(path);
          expect(resolve('/images', path)).toBe(`/images/${path}`);
          expect(path).not.toContain('..');
        },
      ),
    );
  });

  it.each(['../a.png', 'a/b.png', 'a\\b.png', '.state.png', 'a.png\n', 'a.exe', '', '.png', 'a..png'])(
    'refuses %j',
    (path) => {
      expect(() => stemOf(path)).toThrow('is not the name of a picture');
    },
  );
});

describe('createNames', () => {
  it('counts up from 1, each second on its own', async () => {
    const nextName = createNames(await newFolder());
    const given = await Promise.all([nextName(prefix), nextName(prefix), nextName('sd_'), nextName(prefix)]);
    expect(given.toSorted()).toEqual([`${prefix}1`, `${prefix}2`, `${prefix}3`, 'sd_1']);
  });

  it.each([1, 2, 3, 4, 7, 8, 9, 100])('goes on after %i images of an earlier run', async (count) => {
    const folder = await newFolder();
    for (let number = 1; number <= count; number++) await writeFile(join(folder, `${prefix}${number}.png`), '');
    expect(await createNames(folder)(prefix)).toBe(`${prefix}${count + 1}`);
  });

  it('takes no name that an image of another kind has', async () => {
    const folder = await newFolder();
    await writeFile(join(folder, `${prefix}1.webp`), '');
    await writeFile(join(folder, `${prefix}2.jpg`), '');
    await mkdir(join(folder, `${prefix}3.png`));
    expect(await createNames(folder)(prefix)).toBe(`${prefix}4`);
  });

  it('passes by what another process wrote since', async () => {
    const folder = await newFolder();
    const nextName = createNames(folder);
    expect(await nextName(prefix)).toBe(`${prefix}1`);
    for (let number = 2; number <= 40; number++) await writeFile(join(folder, `${prefix}${number}.png`), '');
    const given = await Promise.all([nextName(prefix), nextName(prefix), nextName(prefix)]);
    expect(given.toSorted()).toEqual([`${prefix}41`, `${prefix}42`, `${prefix}43`]);
  });

  it('gives no name twice within a second, even when the first was never used', async () => {
    const nextName = createNames(await newFolder());
    const given = new Set(await Promise.all(Array.from({ length: 500 }, () => nextName(prefix))));
    expect(given.size).toBe(500);
  });

  it('forgets old seconds and still passes by their images', async () => {
    const folder = await newFolder();
    const nextName = createNames(folder);
    await writeFile(join(folder, `${await nextName(prefix)}.png`), '');
    for (let second = 0; second < 1001; second++) await nextName(`sd_${second}_`);
    expect(await nextName(prefix)).toBe(`${prefix}2`);
  });

  it('works again after the disk has failed once', async () => {
    const folder = await newFolder();
    const nextName = createNames(join(folder, 'later'));
    await writeFile(join(folder, 'later'), '');
    await expect(nextName(prefix)).rejects.toThrow('ENOTDIR');
    await rm(join(folder, 'later'));
    expect(await nextName(prefix)).toBe(`${prefix}1`);
  });
});
