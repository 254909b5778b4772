import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { createDesign, palettes } from '../../src/drawing/design.ts';

/** Contrast as WCAG 2.2 defines it. */
function contrast(one: number[], other: number[]): number {
  const [light, dark] = [luminance(one), luminance(other)].toSorted((a, b) => b - a);
  return ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05);
}

function luminance(colour: number[]): number {
  const [red = 0, green = 0, blue = 0] = colour.map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

const rgb = (hex: string) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));

describe('createDesign', () => {
  it('draws no pixel on which the ink would be hard to read', async () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      const { palette, svg } = createDesign(256, 256, seed);
      seen.add(palette.ground);
      const pixels = await sharp(Buffer.from(svg(false)))
        .removeAlpha()
        .raw()
        .toBuffer();
      const colours = new Set<number>();
      for (let at = 0; at < pixels.length; at += 3) colours.add(pixels.readUIntBE(at, 3));
      const ratios = [...colours].map((colour) =>
        contrast(rgb(palette.ink), [colour >> 16, (colour >> 8) & 255, colour & 255]),
      );
      expect(Math.min(...ratios)).toBeGreaterThan(4.5);
    }
    expect(seen.size).toBe(palettes.length);
  });

  it('differs from seed to seed', () => {
    const designs = Array.from({ length: 40 }, (_, seed) => createDesign(512, 512, seed).svg(false));
    expect(new Set(designs).size).toBe(40);
  });

  it('takes any seed', () => {
    for (const seed of [0, 2 ** 31 - 1, 2 ** 32, -1])
      expect(createDesign(256, 256, seed).svg(false)).not.toMatch(/NaN|undefined/);
  });
});
