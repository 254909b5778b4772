import sharp from 'sharp';
import { ProviderError, type ProviderErrorFacts } from '../core/errors.ts';
import type { GeneratedImage } from '../core/image.ts';
import type { Clock } from '../lib/clock.ts';
import type { HttpAnswer } from '../lib/http/client.ts';
import { allowedUrl, publicLookup } from '../lib/http/foreign-url.ts';
import { mediaTypeOf } from '../lib/media-type.ts';
import { callProvider } from './call.ts';

/** Where an answer came from, and how long its images may be fetched. */
export interface ImageSource {
  /** The provider's name for messages. */
  label: string;
  /** Where the provider is configured to be; only there may an address be private or plain http. */
  trustedUrl: string;
  signal: AbortSignal;
  clock: Clock;
}

const maxBytes = 25 * 1024 * 1024;
/** Far beyond the largest image that is asked for. */
const maxPixels = 4096 * 4096;
const pauseMs = 1000;

/** The bytes of an image that an answer gives by its address, in base64, or as a data URL. */
export function fetchImage(reference: string, source: ImageSource): Promise<Uint8Array> | Uint8Array {
  return /^https?:/i.test(reference) ? downloadImage(reference, source) : decodeImage(source.label, reference);
}

/** Fetches the image at an address that an answer named, with one more try, for it has been made and paid for. Sends no key. */
export async function downloadImage(address: string, source: ImageSource): Promise<Uint8Array> {
  const { label, trustedUrl, signal, clock } = source;
  const url = allowedUrl(address, trustedUrl);
  if (url === undefined) {
    const message = `${label} named an address for the picture that is not public https`;
    throw new ProviderError('bad_image', message, { sent: true });
  }
  const lookup = url.origin !== new URL(trustedUrl).origin && { lookup: publicLookup };
  const attempt = async (): Promise<HttpAnswer | ProviderError> => {
    try {
      return await callProvider(label, { method: 'GET', url: url.href, maxBytes, signal, ...lookup });
    } catch (error) {
      if (signal.aborted || !(error instanceof ProviderError) || error.code === 'bad_image') throw error;
      return error;
    }
  };
  let answer = await attempt();
  if (isWorthAnotherTry(answer)) {
    await clock.sleep(pauseMs, signal);
    answer = await attempt();
  }
  if (answer instanceof ProviderError) throw notFetched(label, answer.message, { cause: answer });
  if (answer.status === 200) return answer.bytes;
  throw notFetched(label, `${answer.status} from ${url.host}`, { status: answer.status });
}

function notFetched(label: string, reason: string, facts: ProviderErrorFacts): ProviderError {
  const message = `${label} made a picture that could not be fetched (${reason})`;
  return new ProviderError('unavailable', message, { sent: true, ...facts });
}

function isWorthAnotherTry(answer: HttpAnswer | ProviderError): boolean {
  if (answer instanceof ProviderError) return true;
  return answer.status === 404 || answer.status === 429 || answer.status >= 500;
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

/**
 * What an image says of itself, before it is decoded. Only PNG, JPEG and WebP may reach sharp: it would read SVG too.
 * @throws {ProviderError} `bad_image` for anything else, and for more than 16 megapixels.
 */
export async function readHeader(
  label: string,
  bytes: Uint8Array,
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

/** The failure of an answer that holds something other than a usable image. */
export function badImage(message: string, cause?: unknown): ProviderError {
  return new ProviderError('bad_image', message, { status: 200, sent: true, cause });
}
