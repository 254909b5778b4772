import { ProviderError } from '../core/errors.ts';
import { type ImageHeader, readImageHeader } from '../lib/image-header.ts';
import { downloadImage, type ImageSource } from './download.ts';

const maxBytes = 25 * 1024 * 1024;

/** The bytes of an image that an answer gives by its address, in base64, or as a data URL. */
export function fetchImage(reference: string, source: ImageSource): Promise<Uint8Array> | Uint8Array {
  return /^https?:/i.test(reference) ? downloadImage(reference, source) : decodeImage(source.label, reference);
}

/** The bytes of an image in base64 or a data URL. @throws {ProviderError} `bad_image` when they are damaged or too many. */
export function decodeImage(label: string, text: string): Uint8Array {
  const base64 = text
    .replace(/^data:[^,]{0,100},/, '')
    .replaceAll(/\s/g, '')
    .replace(/={1,2}$/, '');
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.byteLength > maxBytes) throw badImage(`${label} sent a picture of more than 25 MiB`);
  // Node skips what is not base64 instead of refusing it.
  if (bytes.byteLength !== Math.floor((base64.length * 3) / 4)) throw badImage(`${label} sent damaged picture data`);
  return bytes;
}

/** What an image says of itself. @throws {ProviderError} `bad_image` when the bytes are no image. */
export async function readHeader(label: string, bytes: Uint8Array): Promise<ImageHeader> {
  let header: ImageHeader | undefined;
  try {
    header = await readImageHeader(bytes);
  } catch (cause) {
    throw badImage(`${label} sent a picture that cannot be read`, cause);
  }
  if (header === undefined) throw badImage(`${label} sent something other than a PNG, JPEG or WebP picture`);
  return header;
}

/** The failure of an answer that holds something other than a usable image. */
export function badImage(message: string, cause?: unknown): ProviderError {
  return new ProviderError('bad_image', message, { status: 200, sent: true, cause });
}
