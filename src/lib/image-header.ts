import sharp from 'sharp';
import { type MediaType, mediaTypeOf } from './media-type.ts';

/** What an image says of itself before it is decoded. */
export interface ImageHeader {
  mediaType: MediaType;
  width: number;
  height: number;
}

/** Far beyond the largest image that is asked for. */
const maxPixels = 4096 * 4096;

/**
 * Reads an image's header; undefined for anything but PNG, JPEG and WebP, which alone may reach sharp: it would read SVG too.
 * @throws {Error} sharp's own, when the header is damaged or tells of more than 16 megapixels.
 */
export async function readImageHeader(bytes: Uint8Array): Promise<ImageHeader | undefined> {
  const mediaType = mediaTypeOf(bytes);
  if (mediaType === undefined) return undefined;
  const { width, height } = await sharp(bytes, { limitInputPixels: maxPixels }).metadata();
  return { mediaType, width, height };
}
