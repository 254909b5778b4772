import sharp from 'sharp';
import { ProviderError } from '../core/errors.ts';
import type { GeneratedImage } from '../core/image.ts';
import { mediaTypeOf } from '../providers/huggingface/answer.ts';

/** Far beyond the largest picture that is asked for. */
const maxPixels = 4096 * 4096;

/** What a picture says of itself. Only known kinds are opened: sharp would read SVG too. @throws {ProviderError} `bad_image` */
export async function readHeader(
  bytes: Uint8Array,
  label: string,
): Promise<Pick<GeneratedImage, 'mediaType' | 'width' | 'height'>> {
  const mediaType = mediaTypeOf(bytes);
  if (mediaType === undefined) throw badImage(`${label} sent something other than a PNG, JPEG or WebP picture`);
  try {
    const { width, height } = await sharp(bytes, { limitInputPixels: maxPixels }).metadata();
    return { mediaType, width, height };
  } catch (cause) {
    throw badImage(`${label} sent a picture that cannot be read`, cause);
  }
}

function badImage(message: string, cause?: unknown): ProviderError {
  return new ProviderError('bad_image', message, { status: 200, sent: true, cause });
}
