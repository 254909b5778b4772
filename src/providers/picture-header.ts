import sharp from 'sharp';
import { ProviderError } from '../core/errors.ts';
import type { GeneratedImage } from '../core/image.ts';
import { mediaTypeOf } from './huggingface-answer.ts';

/** What a picture says of itself. Only known kinds are opened: sharp would read SVG too. @throws {ProviderError} `bad_image` */
export async function readHeader(
  bytes: Uint8Array,
  label: string,
): Promise<Pick<GeneratedImage, 'mediaType' | 'width' | 'height'>> {
  const mediaType = mediaTypeOf(bytes);
  if (mediaType === undefined) {
    throw new ProviderError('bad_image', `${label} sent something that is not a picture`, { sent: true });
  }
  try {
    const { width, height } = await sharp(bytes).metadata();
    return { mediaType, width, height };
  } catch (cause) {
    throw new ProviderError('bad_image', `${label} sent a picture that cannot be read`, { sent: true, cause });
  }
}
