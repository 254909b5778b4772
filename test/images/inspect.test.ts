import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProviderError } from '../../src/core/errors.ts';
import { inspectImage, maxImageBytes } from '../../src/images/inspect.ts';
import { animatedWebp, bomb, detail, flat, redBlue, withChunk } from '../support/images/images.ts';

const asked = { width: 256, height: 256 };

/** The message of the `bad_image` that inspection ends in. */
async function refusal(bytes: Uint8Array, size = asked): Promise<string> {
  const error: unknown = await inspectImage(bytes, size).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(ProviderError);
  expect(error).toMatchObject({ code: 'bad_image' });
  return error instanceof Error ? error.message : '';
}

/** True when inspection ends in facts or in `bad_image`. */
async function endsWell(bytes: Uint8Array): Promise<boolean> {
  try {
    const { mediaType } = await inspectImage(bytes, { width: 48, height: 48 });
    return mediaType.startsWith('image/');
  } catch (error) {
    return error instanceof ProviderError && error.code === 'bad_image';
  }
}

describe('a good image', () => {
  it.each(['png', 'jpeg', 'webp'] as const)('passes as %s, with its real type and size', async (format) => {
    const bytes = await detail(256, 200).toFormat(format).toBuffer();
    expect(await inspectImage(bytes, asked)).toMatchObject({ mediaType: `image/${format}`, width: 256, height: 200 });
  });

  it('passes at a view into a larger buffer', async () => {
    const png = await detail(256, 256).png().toBuffer();
    const framed = Buffer.concat([Buffer.from('<html>'), png, Buffer.from('</html>')]);
    const view = new Uint8Array(framed.buffer, framed.byteOffset + 6, png.length);
    expect(await inspectImage(view, asked)).toMatchObject({ mediaType: 'image/png' });
  });

  it('passes as CMYK JPEG, 16-bit PNG, grey PNG and half-transparent PNG, always as three channels', async () => {
    const pictures = [
      detail(256, 256).toColourspace('cmyk').jpeg(),
      detail(256, 256).toColourspace('rgb16').png(),
      detail(256, 256).toColourspace('b-w').png(),
      detail(256, 256).ensureAlpha(0.5).png(),
    ];
    for (const picture of pictures) {
      const { pixels } = await inspectImage(await picture.toBuffer(), asked);
      expect(pixels).toHaveLength(256 * 256 * 3);
    }
  });

  it('passes with its size as seen after its EXIF orientation', async () => {
    const bytes = await redBlue(300, 200).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    expect(await inspectImage(bytes, asked)).toMatchObject({ width: 200, height: 300 });
  });

  it('passes with other data behind it, which rendering leaves out', async () => {
    const bytes = Buffer.concat([await detail(256, 256).png().toBuffer(), Buffer.from('<script>alert(1)</script>')]);
    expect(await inspectImage(bytes, asked)).toMatchObject({ mediaType: 'image/png' });
  });

  it('passes when only a fine line stands out from one colour', async () => {
    const line = { create: { width: 1000, height: 2, channels: 3 as const, background: '#000000' } };
    const bytes = await flat(1000, 1000, 'white')
      .composite([{ input: line }])
      .png()
      .toBuffer();
    expect(await inspectImage(bytes, { width: 1000, height: 1000 })).toMatchObject({ width: 1000 });
  });
});

describe('an answer that is no image', () => {
  it.each([
    ['', 'empty'],
    ['<!DOCTYPE html><title>502</title><svg></svg>', 'HTML page'],
    ['\uFEFF \n<html lang="en">', 'HTML page'],
    ['<h1>Bad gateway</h1>', 'HTML page'],
    ['{"error":"busy"}', 'JSON'],
    ['[]', 'JSON'],
    ['<svg xmlns="http://www.w3.org/2000/svg"/>', 'SVG'],
    ['<?xml version="1.0"?><svg/>', 'SVG'],
    ['<?xml version="1.0"?><Error>AccessDenied</Error>', 'XML'],
    ['GIF89a', 'GIF'],
    [`Überlastet, ${'später '.repeat(300)}`, 'text'],
    ['\u0000\u0001\u0002', 'unknown kind'],
  ])('%j is refused by name', async (text, name) => {
    expect(await refusal(Buffer.from(text))).toContain(name);
  });

  it('never reads an SVG that calls itself WebP as SVG', async () => {
    expect(await refusal(Buffer.from('RIFFabcdWEBP<svg xmlns="http://www.w3.org/2000/svg"/>'))).toContain('WebP');
  });
});

describe('an image that is not whole', () => {
  it.each(['png', 'jpeg', 'webp'] as const)('is refused as %s, wherever it is cut', async (format) => {
    const bytes = await detail(64, 64).toFormat(format).toBuffer();
    for (const length of [14, 40, bytes.length >> 1, bytes.length - 20, bytes.length - 12, bytes.length - 1]) {
      expect(await refusal(bytes.subarray(0, length), { width: 64, height: 64 })).toMatch(/cut off|cannot be read/);
    }
  });

  it('is refused when a byte of its pixels has changed', async () => {
    const png = await detail(64, 64).png().toBuffer();
    png[png.length >> 1] = (png[png.length >> 1] ?? 0) ^ 0xff;
    expect(await refusal(png)).toContain('cannot be read');
  });

  it('is refused when libvips meets it with a reason, which is kept', async () => {
    const jpeg = await detail(64, 64).jpeg().toBuffer();
    await expect(inspectImage(jpeg.subarray(0, 900), asked)).rejects.toMatchObject({
      message: expect.stringContaining('premature end'),
      facts: { cause: expect.any(Error) },
    });
  });
});

describe('an image that is too much', () => {
  it('is refused above the limit of bytes', async () => {
    expect(await refusal(new Uint8Array(maxImageBytes + 1))).toContain('more than 25.0 MiB');
  });

  it('is judged by its content at the limit of bytes', async () => {
    expect(await refusal(new Uint8Array(maxImageBytes))).toContain('unknown kind');
  });

  it('is refused unread when few bytes hold 256 million pixels', async () => {
    const bytes = bomb(16_000, 16_000);
    expect(bytes.length).toBeLessThan(1_000_000);
    expect(await refusal(bytes)).toContain('pixel limit');
  });

  it('is refused when it moves, as APNG or WebP', async () => {
    const png = await detail(256, 256).png().toBuffer();
    expect(await refusal(withChunk(png, 'acTL', Buffer.from([0, 0, 0, 2, 0, 0, 0, 0])))).toContain(
      'PNG that is animated',
    );
    expect(await refusal(await animatedWebp(256, 256))).toContain('WebP that is animated');
  });
});

describe('an image that shows nothing', () => {
  it('is refused as a black frame', async () => {
    expect(await refusal(await flat(256, 256, '#000').png().toBuffer())).toContain('black frame');
    expect(await refusal(await flat(256, 256, '#040404').jpeg().toBuffer())).toContain('black frame');
  });

  it('is refused as a single colour', async () => {
    expect(await refusal(await flat(256, 256, '#000014').png().toBuffer())).toContain('single colour');
    expect(await refusal(await flat(256, 256, '#808080').webp().toBuffer())).toContain('single colour');
  });

  it('is refused when its detail is hidden by full transparency', async () => {
    const bytes = await detail(256, 256).ensureAlpha(0).png().toBuffer();
    expect(await refusal(bytes)).toContain('single colour');
  });
});

describe('the size', () => {
  it.each([
    [128, 128],
    [256, 512],
    [600, 300],
    [2048, 2048],
  ])('%i × %i passes where 256 × 256 is asked', async (width, height) => {
    expect(await inspectImage(await detail(width, height).jpeg().toBuffer(), asked)).toMatchObject({ width, height });
  });

  it.each([
    [127, 128],
    [256, 513],
    [513, 256],
  ])('%i × %i is refused where 256 × 256 is asked', async (width, height) => {
    expect(await refusal(await detail(width, height).jpeg().toBuffer())).toContain(`${width} × ${height}`);
  });
});

describe('inspection of anything', () => {
  it('ends in facts or bad_image on random bytes, with and without the magic of an image', async () => {
    const magic = fc.constantFrom('', '\x89PNG\r\n\x1A\n', '\xFF\xD8\xFF', 'RIFF\x20\0\0\0WEBPVP8X');
    const property = fc.asyncProperty(magic, fc.uint8Array({ maxLength: 300 }), (head, tail) =>
      endsWell(Buffer.concat([Buffer.from(head, 'latin1'), tail])),
    );
    await expect(fc.assert(property, { numRuns: 300 })).resolves.toBeUndefined();
  });

  it.each(['png', 'jpeg', 'webp'] as const)('ends in facts or bad_image on any mutation of a %s', async (format) => {
    const original = await detail(48, 48).toFormat(format).toBuffer();
    const change = fc.record({ at: fc.nat({ max: original.length - 1 }), value: fc.integer({ min: 0, max: 255 }) });
    const length = fc.oneof(fc.constant(original.length), fc.nat({ max: original.length }));
    const property = fc.asyncProperty(fc.array(change, { maxLength: 8 }), length, (changes, length) => {
      const bytes = Buffer.from(original);
      for (const { at, value } of changes) bytes[at] = value;
      return endsWell(bytes.subarray(0, length));
    });
    await expect(fc.assert(property, { numRuns: 200 })).resolves.toBeUndefined();
  });
});
