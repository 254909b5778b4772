import { z } from 'zod';
import type { Clock } from '../../lib/clock.ts';
import { ProviderError } from '../../core/errors.ts';
import type { GeneratedImage } from '../../core/image.ts';
import { downloadImage } from '../../lib/http/foreign-url.ts';
import { label } from './failures.ts';
import { readHeader } from '../../lib/image-header.ts';
import type { ProviderAnswer } from '../../lib/http/client.ts';

/** How a picture is fetched that the answer names by its address. */
export interface Download {
  /** The configured server. */
  trustedUrl: string;
  signal: AbortSignal;
  clock: Clock;
}

const maxPictureBytes = 25 * 1024 * 1024;

const given = z.string().min(1).optional().catch(undefined);
const answerSchema = z.object({ data: z.tuple([z.object({ b64_json: given, url: given })], z.unknown()) });

/**
 * The picture in an answer with a 2xx status; undefined when it holds none.
 * @throws {ProviderError} when it is not a usable picture or cannot be fetched; the signal's reason when it is aborted.
 */
export async function readImage(
  answer: ProviderAnswer,
  { trustedUrl, signal, clock }: Download,
): Promise<Pick<GeneratedImage, 'bytes' | 'mediaType' | 'width' | 'height'> | undefined> {
  const item = answerSchema.safeParse(answer.json()).data?.data[0];
  const reference = item?.b64_json ?? item?.url;
  if (reference === undefined) return undefined;
  const bytes = /^https?:/i.test(reference)
    ? await downloadImage({ label, url: reference, trustedUrl, signal }, clock)
    : decodeBase64(reference);
  return { bytes, ...(await readHeader(bytes, label)) };
}

function decodeBase64(reference: string): Uint8Array {
  const base64 = reference
    .replace(/^data:[^,]{0,100},/, '')
    .replaceAll(/\s/g, '')
    .replace(/={1,2}$/, '');
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.byteLength > maxPictureBytes) throw badImage('sent a picture of more than 25 MiB');
  // Node skips what is not base64 instead of refusing it.
  if (bytes.byteLength !== Math.floor((base64.length * 3) / 4)) throw badImage('sent damaged picture data');
  return bytes;
}

function badImage(what: string): ProviderError {
  return new ProviderError('bad_image', `${label} ${what}`, { status: 200, sent: true });
}
