import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { inspectAndRender as render, renderJpegWithin } from '../../src/images/render.ts';
import { chunkTypes, detail, flat, redBlue, withChunk } from '../support/images/images.ts';

const size = { width: 256, height: 128 };

/** The colour of one pixel, as three numbers. */
async function pixelAt(bytes: Uint8Array, left: number, top: number): Promise<number[]> {
  return [...(await sharp(bytes).extract({ left, top, width: 1, height: 1 }).removeAlpha().raw().toBuffer())];
}

/** Matches a colour as far as encoders keep it. */
function near(...colour: [number, number, number]): unknown[] {
  return colour.map((value): unknown => expect.closeTo(value, -1));
}

describe('inspectAndRender', () => {
  it.each([
    ['PNG of another shape', () => redBlue(200, 200).png()],
    ['JPEG half as large', () => redBlue(128, 64).jpeg()],
    ['WebP', () => redBlue(512, 256).webp()],
    ['CMYK JPEG', () => redBlue(256, 128).toColourspace('cmyk').jpeg()],
    ['16-bit PNG', () => redBlue(256, 128).toColourspace('rgb16').png()],
    ['grey PNG', () => redBlue(256, 128).toColourspace('b-w').png()],
    ['PNG with alpha', () => redBlue(256, 128).ensureAlpha(0.5).png()],
    ['PNG with a palette', () => redBlue(256, 128).png({ palette: true })],
  ])('makes an opaque 8-bit sRGB PNG of exactly the size asked from a %s', async (_, picture) => {
    const png = await render(await picture().toBuffer(), size);
    expect(await sharp(png).metadata()).toMatchObject({
      format: 'png',
      ...size,
      space: 'srgb',
      channels: 3,
      depth: 'uchar',
      hasAlpha: false,
      hasProfile: false,
    });
  });

  it('crops to the shape asked, without bars, where the eye goes', async () => {
    const dot = await flat(40, 40, '#ff0000').png().toBuffer();
    const bytes = await flat(200, 200, '#808080')
      .composite([{ input: dot, left: 80, top: 0 }])
      .png()
      .toBuffer();
    const png = await render(bytes, { width: 200, height: 128 });
    expect(await pixelAt(png, 100, 2)).toEqual(near(255, 0, 0));
    expect(await pixelAt(png, 100, 37)).toEqual(near(255, 0, 0));
    expect(await pixelAt(png, 100, 43)).toEqual(near(128, 128, 128));
    expect(await pixelAt(png, 1, 64)).toEqual(near(128, 128, 128));
  });

  it('makes a smaller file than the plain encoder', async () => {
    const smooth = detail(16, 8).resize(256, 128).png({ adaptiveFiltering: false });
    const bytes = await smooth.toBuffer();
    expect((await render(bytes, size)).length).toBeLessThan(bytes.length);
  });

  it('keeps the colours of a CMYK JPEG and a 16-bit PNG', async () => {
    const jpeg = await render(await redBlue(256, 128).toColourspace('cmyk').jpeg().toBuffer(), size);
    const [red = 0, , blue = 255] = await pixelAt(jpeg, 20, 60);
    expect(red).toBeGreaterThan(blue + 100);
    const png = await render(await redBlue(256, 128).toColourspace('rgb16').png().toBuffer(), size);
    expect(await pixelAt(png, 20, 60)).toEqual(near(255, 0, 0));
    expect(await pixelAt(png, 236, 60)).toEqual(near(0, 0, 255));
  });

  it('shows transparent parts white', async () => {
    const dot = await flat(40, 40, '#ff0000').png().toBuffer();
    const bytes = await flat(256, 128, '#00000000')
      .composite([{ input: dot, left: 100, top: 40 }])
      .png()
      .toBuffer();
    const png = await render(bytes, size);
    expect(await pixelAt(png, 5, 5)).toEqual(near(255, 255, 255));
    expect(await pixelAt(png, 120, 60)).toEqual(near(255, 0, 0));
  });

  it('applies the EXIF orientation', async () => {
    const bytes = await redBlue(300, 200).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const png = await render(bytes, { width: 200, height: 300 });
    expect(await pixelAt(png, 100, 20)).toEqual(near(255, 0, 0));
    expect(await pixelAt(png, 100, 280)).toEqual(near(0, 0, 255));
  });

  it('turns the colours of another profile into sRGB', async () => {
    const bytes = await redBlue(256, 128).withIccProfile('p3').png().toBuffer();
    expect(await pixelAt(await render(bytes, size), 20, 60)).toEqual(near(255, 0, 0));
  });

  it('leaves nothing of a prompt, EXIF, a profile or trailing data', async () => {
    const secret = 'a red fox, steps: 20, seed: 7';
    const plain = await redBlue(256, 128)
      .withIccProfile('p3')
      .withExifMerge({ IFD0: { ImageDescription: secret } })
      .png()
      .toBuffer();
    const bytes = Buffer.concat([withChunk(plain, 'tEXt', Buffer.from(`parameters\0${secret}`)), Buffer.from(secret)]);
    expect(chunkTypes(plain)).toEqual(expect.arrayContaining(['iCCP', 'eXIf']));

    const png = Buffer.from(await render(bytes, size));
    expect(png.includes(secret)).toBe(false);
    expect(chunkTypes(png).filter((type) => !['IHDR', 'pHYs', 'IDAT', 'IEND'].includes(type))).toEqual([]);
    expect(png.subarray(-8, -4).toString('latin1')).toBe('IEND');
  });

  it('rejects a damaged image', async () => {
    const jpeg = await detail(256, 128).jpeg().toBuffer();
    await expect(render(jpeg.subarray(0, jpeg.length >> 1), size)).rejects.toThrow('premature end');
  });

  it('refuses what inspection refuses', async () => {
    await expect(render(Buffer.from('{}'), size)).rejects.toMatchObject({ code: 'bad_image' });
  });
});

describe('renderJpegWithin', () => {
  it('keeps the size and the best quality when they fit', async () => {
    const png = await redBlue(256, 128).png().toBuffer();
    const jpeg = await renderJpegWithin(png, 1_000_000);
    expect(jpeg).toMatchObject({ mediaType: 'image/jpeg', ...size });
    expect(await sharp(jpeg.bytes).metadata()).toMatchObject({ format: 'jpeg', ...size, channels: 3 });
    expect(await pixelAt(jpeg.bytes, 20, 60)).toEqual(near(255, 0, 0));
  });

  it('gives up quality before pixels, and never more than needed', async () => {
    const png = await detail(256, 256).png().toBuffer();
    const best = await renderJpegWithin(png, 1_000_000);
    const lower = await renderJpegWithin(png, best.bytes.length - 1);
    expect(best.bytes).toEqual(await sharp(png).jpeg({ quality: 90, mozjpeg: true }).toBuffer());
    expect(lower.bytes.length).toBeLessThan(best.bytes.length);
    expect(lower).toMatchObject({ width: 256, height: 256 });
    expect(await renderJpegWithin(png, lower.bytes.length)).toMatchObject({ bytes: lower.bytes });
  });

  it('gives up pixels at last, down to a quarter of each side', async () => {
    const png = await detail(512, 256).png().toBuffer();
    const half = await renderJpegWithin(png, 20_000);
    expect(half).toMatchObject({ width: 256, height: 128 });
    const quarter = await renderJpegWithin(png, half.bytes.length - 1);
    expect(quarter).toMatchObject({ width: 128, height: 64 });
    expect(await sharp(quarter.bytes).metadata()).toMatchObject({ width: 128, height: 64 });
  });

  it('throws when even the smallest is larger', async () => {
    const png = await detail(256, 256).png().toBuffer();
    await expect(renderJpegWithin(png, 100)).rejects.toThrow('does not fit into 100 bytes');
  });
});
