import { ProviderError, type ProviderErrorFacts } from '../core/errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { HttpAnswer } from '../lib/http/client.ts';
import { allowedUrl, publicLookup } from '../lib/http/foreign-url.ts';
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
const pauseMs = 1000;

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
