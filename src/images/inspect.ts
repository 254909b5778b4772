import sharp, { type Sharp } from 'sharp';
import { ProviderError } from '../core/errors.ts';
import type { Size } from '../core/image.ts';
import { type MediaType, mediaTypeOf } from '../lib/media-type.ts';
import { errorText } from '../lib/text.ts';

export const maxImageBytes = 25 * 1024 * 1024;
export const maxImagePixels = 4096 * 4096;

const decodeTimeoutSeconds = 20;
const maxUpscale = 2;
const minVisibleShare = 0.5;

/**
 * Decodes bytes that prove to be one whole, plausible image near the size asked, to RGB of 8 bit: sRGB, upright, on white.
 * @throws {ProviderError} `bad_image`, in words for the operator.
 */
export async function inspectImage(bytes: Uint8Array, asked: Size) {
  if (bytes.byteLength === 0) throw badImage('sent an empty picture (0 bytes)');
  if (bytes.byteLength > maxImageBytes) {
    throw badImage(`sent a picture of ${mebibytes(bytes.byteLength)} MiB, more than ${mebibytes(maxImageBytes)} MiB`);
  }
  const mediaType = mediaTypeOf(bytes);
  if (mediaType === undefined) throw badImage(`sent ${describe(bytes)} instead of a PNG, JPEG or WebP picture`);
  const flaw = findContainerFlaw(bytes, mediaType);
  if (flaw !== undefined) throw badImage(`sent a ${formatNames[mediaType]} that is ${flaw}`);
  const { pixels, width, height } = await decode(bytes, mediaType);
  refuseFlatFrame(pixels);
  refuseFarSize({ width, height }, asked);
  return { mediaType, width, height, pixels };
}

/** Opens bytes upright and opaque on white; what comes out is sRGB of 8 bit. Damage and too many pixels are errors once it is read. */
export function openImage(bytes: Uint8Array): Sharp {
  return sharp(bytes, { limitInputPixels: maxImagePixels, autoOrient: true })
    .timeout({ seconds: decodeTimeoutSeconds })
    .flatten({ background: 'white' });
}

const formatNames: Readonly<Record<MediaType, string>> = {
  'image/png': 'PNG',
  'image/jpeg': 'JPEG',
  'image/webp': 'WebP',
};

function badImage(message: string, cause?: unknown): ProviderError {
  return new ProviderError('bad_image', message, { cause });
}

function mebibytes(count: number): string {
  return (count / 1024 / 1024).toFixed(1);
}

const otherKinds: readonly (readonly [RegExp, string])[] = [
  [/^GIF8/, 'a GIF'],
  [/^<(?:!doctype html|html|head|body)\b/i, 'an HTML page'],
  [/^<(?:[^]*<)?svg\b/i, 'an SVG drawing'],
  [/^<\?xml/i, 'XML'],
  [/^</, 'an HTML page'],
  [/^[[{]/, 'JSON'],
  [/^(?:[^\p{Cc}\uFFFD]|\s)*$/u, 'text'],
];

function describe(bytes: Uint8Array): string {
  // `stream` leaves out a character that the cut went through.
  const head = new TextDecoder().decode(bytes.subarray(0, 1024), { stream: true }).trimStart();
  return otherKinds.find(([pattern]) => pattern.test(head))?.[1] ?? 'data of an unknown kind';
}

/** What libvips lets pass: it takes the first frame of an animation, and does not miss a PNG's end (8.18, 2026-11). */
function findContainerFlaw(bytes: Uint8Array, mediaType: MediaType): 'animated' | 'cut off' | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (mediaType === 'image/webp') {
    const animationFlag = 0x02;
    const extended = buffer.toString('latin1', 12, 16) === 'VP8X';
    return extended && ((buffer[20] ?? 0) & animationFlag) !== 0 ? 'animated' : undefined;
  }
  if (mediaType === 'image/jpeg') return undefined;
  for (let offset = 8; offset + 12 <= buffer.length; offset += 12 + buffer.readUInt32BE(offset)) {
    const type = buffer.toString('latin1', offset + 4, offset + 8);
    if (type === 'acTL') return 'animated';
    if (type === 'IEND') return undefined;
  }
  return 'cut off';
}

async function decode(bytes: Uint8Array, mediaType: MediaType): Promise<Size & { pixels: Uint8Array }> {
  try {
    const { data, info } = await openImage(bytes).raw().toBuffer({ resolveWithObject: true });
    return { pixels: data, width: info.width, height: info.height };
  } catch (error) {
    const reason = errorText(error);
    throw badImage(`sent a ${formatNames[mediaType]} that cannot be read (${reason})`, error);
  }
}

function refuseFlatFrame(pixels: Uint8Array): void {
  const channels = [0, 1, 2].map((channel) => channelStatistics(pixels, channel));
  if (channels.some(({ deviation }) => deviation >= 2)) return;
  throw badImage(
    channels.every(({ mean }) => mean < 8)
      ? "sent a black frame (often a safety filter's answer)"
      : 'sent a picture of a single colour',
  );
}

function channelStatistics(pixels: Uint8Array, channel: number): { mean: number; deviation: number } {
  const count = pixels.length / 3;
  let sum = 0;
  let squares = 0;
  for (let index = channel; index < pixels.length; index += 3) {
    const value = pixels[index] ?? 0;
    sum += value;
    squares += value * value;
  }
  const mean = sum / count;
  return { mean, deviation: Math.sqrt(Math.max(0, squares / count - mean * mean)) };
}

function refuseFarSize(size: Size, asked: Size): void {
  const upscale = Math.max(asked.width / size.width, asked.height / size.height);
  // What a crop to the shape asked leaves visible, from whole numbers, so that exactly half is half.
  const [across, down] = [size.width * asked.height, size.height * asked.width];
  const visibleShare = Math.min(across, down) / Math.max(across, down);
  if (upscale <= maxUpscale && visibleShare >= minVisibleShare) return;
  throw badImage(
    `sent ${size.width} × ${size.height} pixels, too far from the ${asked.width} × ${asked.height} asked for`,
  );
}
