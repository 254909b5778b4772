import sharp, { type Sharp } from 'sharp';
import type { Size } from '../core/image.ts';
import { inspectImage, openImage } from './inspect.ts';

/** Tried in this order: quality is given up before pixels. */
const jpegSteps = [
  { quality: 90, scale: 1 },
  { quality: 82, scale: 1 },
  { quality: 74, scale: 1 },
  { quality: 66, scale: 1 },
  { quality: 66, scale: 0.75 },
  { quality: 66, scale: 0.5 },
  { quality: 66, scale: 0.25 },
] as const;

/**
 * Proves the bytes as `inspectImage` does and re-encodes them to a PNG of exactly the size given: cropped to cover it, sRGB,
 * 8 bit, upright, opaque on white, without the source's metadata.
 */
export async function inspectAndRender(bytes: Uint8Array, size: Size): Promise<Uint8Array> {
  const image = await inspectImage(bytes, size);
  return fromPixels(image.pixels, image)
    .resize(size.width, size.height, { fit: 'cover', position: sharp.strategy.attention })
    .png({ adaptiveFiltering: true })
    .toBuffer();
}

/** The same image as a JPEG of at most `limitBytes`. @throws {Error} when even the smallest is larger. */
export async function renderJpegWithin(bytes: Uint8Array, limitBytes: number) {
  const { data, info } = await openImage(bytes).raw().toBuffer({ resolveWithObject: true });
  for (const { quality, scale } of jpegSteps) {
    const width = Math.max(1, Math.round(info.width * scale));
    const height = Math.max(1, Math.round(info.height * scale));
    const jpeg = await fromPixels(data, info)
      .resize(width, height, { fit: 'fill' })
      .jpeg({ quality, mozjpeg: true })
      .toBuffer();
    if (jpeg.byteLength <= limitBytes) return { bytes: jpeg, mediaType: 'image/jpeg' as const, width, height };
  }
  throw new Error(`The picture does not fit into ${limitBytes} bytes, even as the smallest JPEG.`);
}

function fromPixels(pixels: Uint8Array, { width, height }: Size): Sharp {
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}
