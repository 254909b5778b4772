import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFontFile } from '../../src/drawing/font-file.ts';

const bundled = (name: string) => fileURLToPath(new URL(`../../assets/fonts/${name}`, import.meta.url));
const hebrew = bundled('NotoSansHebrew-Bold.ttf');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fonts-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function readBytes(bytes: Uint8Array) {
  const path = join(folder, 'font.ttf');
  await writeFile(path, bytes);
  return readFontFile(path);
}

describe('readFontFile', () => {
  it.each([
    ['NotoSans-Bold.ttf', 'Noto Sans', 'aÄжΩ€', 'אب中'],
    ['NotoSansArabic-Bold.ttf', 'Noto Sans Arabic', 'بپ۵', 'aא'],
    ['NotoSansHebrew-Bold.ttf', 'Noto Sans Hebrew', 'אש₪', 'aب'],
  ])('knows the name and the characters of %s', async (name, family, drawn, lacking) => {
    const font = await readFontFile(bundled(name));
    const covers = (character: string) => font?.covers(character.codePointAt(0) ?? 0) ?? false;
    expect(font?.family).toBe(family);
    expect(Array.from(drawn).every(covers)).toBe(true);
    expect(Array.from(lacking).some(covers)).toBe(false);
  });

  it('reads the first face of a collection', async () => {
    const font = await readFile(hebrew);
    const header = Buffer.alloc(16);
    header.write('ttcf');
    header.writeUInt32BE(1, 8);
    header.writeUInt32BE(16, 12);
    const tables = font.readUInt16BE(4);
    for (let table = 0; table < tables; table++) {
      const at = 12 + table * 16 + 8;
      font.writeUInt32BE(font.readUInt32BE(at) + 16, at);
    }
    expect((await readBytes(Buffer.concat([header, font])))?.covers(0x5d0)).toBe(true);
  });

  it('reads a map of all of Unicode', async () => {
    const font = await readBytes(withWideMap(await readFile(hebrew), 0x13000, 0x13002));
    expect([0x12fff, 0x13000, 0x13002, 0x13003].map((codePoint) => font?.covers(codePoint))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  it.each(['', 'text', '\u0000\u0001\u0000\u0000', '<!doctype html>'.repeat(100)])(
    'refuses what is no font',
    async (content) => {
      expect(await readBytes(Buffer.from(content))).toBeUndefined();
    },
  );

  it('refuses a file that is not there, and a folder', async () => {
    expect(await readFontFile(join(folder, 'absent.ttf'))).toBeUndefined();
    expect(await readFontFile(folder)).toBeUndefined();
  });

  it('outlives a font that is cut short or full of lies', async () => {
    const whole = await readFile(hebrew);
    const harm = fc.record({
      length: fc.nat(whole.length),
      at: fc.array(fc.nat(2000), { maxLength: 20 }),
      value: fc.nat(255),
    });
    await fc.assert(
      fc.asyncProperty(harm, async ({ length, at, value }) => {
        const harmed = Buffer.from(whole.subarray(0, length));
        for (const offset of at) if (offset < length) harmed[offset] = value;
        const font = await readBytes(harmed);
        const answers = [0, 0x5d0, 0xffff, 0x10ffff].map((codePoint) => font?.covers(codePoint) ?? false);
        expect(answers.every((answer) => typeof answer === 'boolean')).toBe(true);
      }),
    );
  });
});

/** The font with a character map of format 12 that has one group. */
function withWideMap(font: Buffer, start: number, end: number): Buffer {
  const map = Buffer.alloc(12 + 28);
  map.writeUInt16BE(1, 2);
  map.writeUInt16BE(3, 4);
  map.writeUInt16BE(10, 6);
  map.writeUInt32BE(12, 8);
  map.writeUInt16BE(12, 12);
  map.writeUInt32BE(1, 24);
  for (const [index, value] of [start, end, 1].entries()) map.writeUInt32BE(value, 28 + index * 4);
  const entry = font.indexOf('cmap');
  font.writeUInt32BE(font.length, entry + 8);
  font.writeUInt32BE(map.length, entry + 12);
  return Buffer.concat([font, map]);
}
