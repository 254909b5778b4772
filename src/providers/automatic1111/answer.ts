import sharp from 'sharp';
import { z } from 'zod';
import { ProviderError } from '../../core/errors.ts';
import type { MediaType } from '../../core/image.ts';
import { type ProviderAnswer, saidBy } from '../../lib/http/client.ts';

/** The picture in an answer, and what the server says of it. */
export interface DrawnPicture {
  bytes: Uint8Array;
  mediaType: MediaType;
  width: number;
  height: number;
  seed?: number;
  checkpoint?: string;
  checkpointHash?: string;
}

const maxPictureBytes = 25 * 1024 * 1024;
const maxPixels = 4096 * 4096;

const answerSchema = z.object({ images: z.array(z.unknown()).nullable(), info: z.unknown().optional() });

/** The picture in an answer with status 200; `hide` is kept out of the words of a failure. @throws {ProviderError} `bad_image`, or `unavailable` when the server failed to draw. */
export async function readImage(
  label: string,
  answer: ProviderAnswer,
  hide: readonly string[] = [],
): Promise<DrawnPicture> {
  const body = answerSchema.safeParse(answer.json()).data;
  if (body === undefined) throw badImage(`${label} sent ${saidInstead(answer, hide)} instead of a picture`);
  const info = readInfo(body.info);
  const images = body.images ?? [];
  // An overview of several pictures may come before them.
  const image = images[info.index_of_first_image] ?? images[0];
  // So SD.Next answers when drawing failed; koboldcpp sends an empty text.
  if (image === undefined || image === '' || image === null) {
    const message = `${label} made no picture: its own log says why`;
    throw new ProviderError('unavailable', message, { status: 200, sent: true });
  }
  if (typeof image !== 'string') throw badImage(`${label} sent something other than a picture`);
  const bytes = decodeBase64(label, image);
  const { sd_model_name: checkpoint, sd_model_hash: checkpointHash, seed } = info;
  return {
    bytes,
    ...(await lookAt(label, bytes)),
    ...(seed !== undefined && { seed }),
    ...(checkpoint !== undefined && { checkpoint }),
    ...(checkpointHash !== undefined && { checkpointHash }),
  };
}

function saidInstead(answer: ProviderAnswer, hide: readonly string[]): string {
  return answer.json() === undefined ? saidBy(answer, hide) : 'other JSON';
}

const name = z.string().trim().min(1).max(200).optional().catch(undefined);
const infoSchema = z.object({
  seed: z.number().int().nonnegative().optional().catch(undefined),
  sd_model_name: name,
  sd_model_hash: name,
  index_of_first_image: z.number().int().nonnegative().catch(0),
});

/** `info` is JSON in a string; forks send less, nothing, or plain words. */
export function readInfo(info: unknown): z.infer<typeof infoSchema> {
  const parsed = infoSchema.safeParse(typeof info === 'string' ? parseJson(info) : info);
  return parsed.data ?? infoSchema.parse({});
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function decodeBase64(label: string, text: string): Uint8Array {
  const base64 = text
    .replace(/^data:[^,]{0,100},/, '')
    .replaceAll(/\s/g, '')
    .replace(/={1,2}$/, '');
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.byteLength > maxPictureBytes) throw badImage(`${label} sent a picture of more than 25 MiB`);
  // Node skips what is not base64 instead of refusing it.
  if (bytes.byteLength !== Math.floor((base64.length * 3) / 4)) throw badImage(`${label} sent damaged picture data`);
  return bytes;
}

const mediaTypes: Readonly<Record<string, MediaType>> = { png: 'image/png', jpeg: 'image/jpeg', webp: 'image/webp' };

async function lookAt(
  label: string,
  bytes: Uint8Array,
): Promise<{ mediaType: MediaType; width: number; height: number }> {
  const head = Buffer.from(bytes.subarray(0, 12)).toString('latin1');
  // Nothing else may reach sharp, which also reads SVG.
  if (!head.startsWith('\x89PNG\r\n\x1A\n') && !head.startsWith('\xFF\xD8\xFF') && !/^RIFF[^]{4}WEBP/.test(head)) {
    throw badImage(`${label} sent something other than a PNG, JPEG or WebP picture`);
  }
  try {
    const { format, width, height } = await sharp(bytes, { limitInputPixels: maxPixels }).metadata();
    const mediaType = mediaTypes[format];
    if (mediaType !== undefined) return { mediaType, width, height };
  } catch (error) {
    throw badImage(`${label} sent a picture that cannot be read`, error);
  }
  throw badImage(`${label} sent a picture of another kind than its first bytes say`);
}

function badImage(message: string, cause?: unknown): ProviderError {
  return new ProviderError('bad_image', message, { status: 200, sent: true, cause });
}
