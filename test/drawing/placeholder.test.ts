import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { formats } from '../../src/core/post.ts';
import { drawPlaceholder } from '../../src/drawing/placeholder.ts';
import { createFonts } from '../../src/drawing/fonts.ts';
import { isTrial, runs } from '../support/runs.ts';

const bundledOnly = createFonts([]);
const small = { width: 256, height: 256, seed: 3 };
const large = { width: 1080, height: 1080, seed: 3 };

const draw = (headline: string, size = small) => drawPlaceholder({ headline, ...size }, bundledOnly);

/** Where the placeholder differs from its design alone, as shares of its width and height. */
async function inkOf(headline: string, { width, height, seed } = large) {
  const { bytes } = await draw(headline, { width, height, seed });
  const { bytes: empty } = await draw('', { width, height, seed });
  const mirrored = /\p{Script=Hebrew}|\p{Script=Arabic}/u.test(headline);
  const ground = await sharp(empty).flop(mirrored).toBuffer();
  const difference = await sharp(bytes)
    .composite([{ input: ground, blend: 'difference' }])
    .toBuffer();
  const pixels = await sharp(difference).greyscale().raw().toBuffer();
  const [columns, rows] = [new Set<number>(), new Set<number>()];
  for (let at = 0; at < pixels.length; at++) {
    if ((pixels[at] ?? 0) < 48) continue;
    columns.add(at % width);
    rows.add(Math.floor(at / width));
  }
  return {
    left: Math.min(...columns) / width,
    right: (Math.max(...columns) + 1) / width,
    top: Math.min(...rows) / height,
    bottom: (Math.max(...rows) + 1) / height,
  };
}

async function widthOf(headline: string): Promise<number> {
  const { left, right } = await inkOf(headline);
  return right - left;
}

const sizes = [
  ...Object.values(formats),
  { width: 256, height: 256 },
  { width: 2048, height: 2048 },
  { width: 2048, height: 256 },
  { width: 256, height: 2048 },
];

const headlines = {
  short: 'Sale',
  usual: 'How we cut our shipping time in half — and what we learned on the way',
  long: 'The quick brown fox jumps over the lazy dog. '.repeat(400),
  'one word': 'W'.repeat(60),
  tall: 'Garden Summer Window Autumn Spring Winter',
  Greek: 'Πέντε ήσυχες παραλίες για το καλοκαίρι',
  Russian: 'Новая коллекция уже в магазинах',
  Arabic: 'مرحبا بكم في متجرنا الجديد',
  Hebrew: 'ברוכים הבאים לחנות החדשה שלנו',
};

describe('drawPlaceholder', () => {
  it.each(sizes)('draws an opaque sRGB PNG of exactly $width×$height', async ({ width, height }) => {
    const { bytes, omitted } = await draw('Summer sale starts Monday', { width, height, seed: 1 });
    expect(await sharp(bytes).metadata()).toMatchObject({
      format: 'png',
      width,
      height,
      channels: 3,
      space: 'srgb',
      hasAlpha: false,
    });
    expect(omitted).toEqual([]);
  });

  it('draws the same placeholder again byte for byte', async () => {
    const [one, other] = [await draw(headlines.usual), await draw(headlines.usual)];
    expect(Buffer.compare(one.bytes, other.bytes)).toBe(0);
  });

  it('draws another placeholder for another seed', async () => {
    const [one, other] = [await draw('Sale'), await draw('Sale', { ...small, seed: 4 })];
    expect(Buffer.compare(one.bytes, other.bytes)).not.toBe(0);
  });

  it('stays well under a megabyte', async () => {
    expect((await draw(headlines.usual, large)).bytes.length).toBeLessThan(1_000_000);
  });

  describe.each(Object.entries(headlines))('with a headline that is %s', (_, headline) => {
    it.each(isTrial ? sizes.filter(({ height }) => height < 2048) : [formats.Story, { width: 256, height: 256 }])(
      'keeps the margins free at $width×$height',
      async ({ width, height }) => {
        const ink = await inkOf(headline, { width, height, seed: 5 });
        const vertical = height === 1920 ? 0.14 : 0.1;
        expect(ink.left).toBeGreaterThanOrEqual(0.099);
        expect(ink.right).toBeLessThanOrEqual(0.901);
        expect(ink.top).toBeGreaterThanOrEqual(vertical - 0.002);
        expect(ink.bottom).toBeLessThanOrEqual(1 - vertical + 0.002);
        expect(ink.bottom - ink.top).toBeGreaterThan(0.03);
      },
    );
  });

  it('begins at the left for a script that runs from left to right', async () => {
    const { left, right } = await inkOf('Go');
    expect(left).toBeCloseTo(0.1, 2);
    expect(right).toBeLessThan(0.5);
  });

  it.each(['שלום', 'مرحبا', 'AB שלום'])('begins at the right for %s', async (headline) => {
    const { left, right } = await inkOf(headline);
    expect(right).toBeCloseTo(0.9, 2);
    expect(left).toBeGreaterThan(0.3);
  });

  it('orders a line from right to left even when it begins with another script', async () => {
    const [first, last] = [await draw('AB שלום'), await draw('שלום AB')];
    expect(Buffer.compare(first.bytes, last.bytes)).not.toBe(0);
  });

  it('joins Arabic letters', async () => {
    expect(await widthOf('بببب')).toBeLessThan(await widthOf('ب\u200cب\u200cب\u200cب'));
  });

  it.each([
    ['<b>A & "B" \'C\'</b>', 'A & "B" \'C\''],
    ['Fish &amp; chips', 'Fish & chips'],
    ['<span size="1">Sale</span>', 'Sale'],
  ])('shows %s as it was written', async (written, rendered) => {
    const [one, other] = [await draw(written), await draw(rendered)];
    expect(one.omitted).toEqual([]);
    expect(Buffer.compare(one.bytes, other.bytes)).not.toBe(0);
  });

  it.each([
    ['\u{13000}', 'Egyptian Hieroglyphs'],
    ['\ue000', 'private-use characters'],
    ['\u0378', 'unassigned characters'],
    ['漢', 'Han'],
    ['ก', 'Thai'],
    ['🎉', 'emoji'],
    ['🇩🇪', 'emoji'],
  ])('leaves out %s, for which it has no font, and says so', async (character, kind) => {
    const { bytes, omitted } = await draw(`Hello ${character} world`);
    expect(omitted).toEqual([kind]);
    expect(Buffer.compare(bytes, (await draw('Hello world')).bytes)).toBe(0);
  });

  it('draws the design alone when most of the headline would be lost', async () => {
    const { bytes, omitted } = await draw('漢漢漢 ok');
    expect(omitted).toEqual(['Han']);
    expect(Buffer.compare(bytes, (await draw('')).bytes)).toBe(0);
  });

  it('reads no more of a very long headline than it shows', async () => {
    const [long, longer] = [await draw('word '.repeat(1000)), await draw('word '.repeat(4000))];
    expect(Buffer.compare(long.bytes, longer.bytes)).toBe(0);
  });

  it('takes from an installed font what the bundled ones lack', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fonts-'));
    try {
      await writeFile(join(folder, 'One.ttf'), await sheqelMovedTo('▒'));
      await writeFile(join(folder, 'Other.ttf'), await sheqelMovedTo('▓'));
      await writeFile(join(folder, 'Broken.ttf'), 'no font');
      const fonts = createFonts([folder, join(folder, 'absent')]);
      const [one, other] = [
        await drawPlaceholder({ headline: '▒▒', ...small }, fonts),
        await drawPlaceholder({ headline: '▓▓', ...small }, fonts),
      ];
      expect([one.omitted, other.omitted]).toEqual([[], []]);
      // Boxes would show the two characters' different numbers.
      expect(Buffer.compare(one.bytes, other.bytes)).toBe(0);
      expect(Buffer.compare(one.bytes, (await draw('')).bytes)).not.toBe(0);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('draws the same without any fonts or fontconfig on the machine, and prints nothing', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'fontconfig-'));
    try {
      const script = `
        import { createHash } from 'node:crypto';
        import { drawPlaceholder } from ${JSON.stringify(new URL('../../src/drawing/placeholder.ts', import.meta.url).href)};
        import { createFonts } from ${JSON.stringify(new URL('../../src/drawing/fonts.ts', import.meta.url).href)};
        const { bytes } = await drawPlaceholder({ headline: 'Sale שלום مرحبا', width: 256, height: 256, seed: 3 }, createFonts([]));
        process.stdout.write(createHash('sha256').update(bytes).digest('hex'));`;
      const env = {
        PATH: process.env['PATH'],
        HOME: empty,
        FONTCONFIG_PATH: empty,
        FONTCONFIG_FILE: join(empty, 'absent.conf'),
      };
      const child = await promisify(execFile)(
        process.execPath,
        ['--import', 'tsx', '--input-type=module', '--eval', script],
        { env },
      );
      const { bytes } = await draw('Sale שלום مرحبا');
      expect(child).toEqual({ stdout: createHash('sha256').update(bytes).digest('hex'), stderr: '' });
    } finally {
      await rm(empty, { recursive: true });
    }
  });

  it.each(['﷽'.repeat(140), 'W'.repeat(140), '\u0301', '—', `${'a'.repeat(138)} b`])(
    'finds room for %s',
    async (headline) => {
      for (const [width, height] of [
        [256, 256],
        [2048, 256],
        [256, 2048],
      ] as const) {
        const { bytes } = await draw(headline, { width, height, seed: 1 });
        expect(await sharp(bytes).metadata()).toMatchObject({ width, height });
      }
    },
  );

  it('draws any text, whatever it holds', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: fc.constantFrom('<', '&', '\u202e', '\u0301', '﷽', 'ש', 'W', ' '), maxLength: 300 }),
    );
    await fc.assert(
      fc.asyncProperty(text, fc.constantFrom(256, 300), fc.nat(), async (headline, height, seed) => {
        const { bytes } = await drawPlaceholder({ headline, width: 256, height, seed }, bundledOnly);
        expect(await sharp(bytes).metadata()).toMatchObject({ width: 256, height });
      }),
      { numRuns: runs(60) },
    );
  });
});

/** The bundled Hebrew font with its sheqel sign under another character. */
async function sheqelMovedTo(character: string): Promise<Buffer> {
  const font = await readFile(new URL('../../assets/fonts/NotoSansHebrew-Bold.ttf', import.meta.url));
  const table = font.readUInt32BE(font.indexOf('cmap') + 8);
  const [from, to] = [0x20aa, character.codePointAt(0) ?? 0];
  for (let map = 0; map < font.readUInt16BE(table + 2); map++) {
    const at = table + font.readUInt32BE(table + 8 + map * 8);
    const segments = font.readUInt16BE(at + 6);
    for (let end = at + 14; end < at + 14 + segments; end += 2) {
      if (font.readUInt16BE(end) !== from) continue;
      font.writeUInt16BE(to, end);
      font.writeUInt16BE(to, end + segments + 2);
      const delta = end + segments * 2 + 2;
      font.writeUInt16BE((font.readUInt16BE(delta) - (to - from)) & 0xffff, delta);
    }
  }
  return font;
}
