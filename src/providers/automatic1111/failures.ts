import { z } from 'zod';
import { ProviderError } from '../../core/errors.ts';
import type { FailureCode } from '../../core/reactions.ts';
import type { HttpAnswer } from '../../lib/http/client.ts';
import { retryAfterMs } from '../../lib/http/retry-after.ts';
import type { FailureContext } from '../failures.ts';
import { quoteAnswer } from '../quote.ts';

/** What the words of a failure need besides the answer. */
interface ServerFailureContext extends FailureContext {
  label: string;
  url: string;
  hasLogin: boolean;
}

/** True when the server says that it has no sampler of that name: 404 up to web UI 1.7 and on SD.Next, 400 since and on Forge. */
export function isUnknownSampler(answer: HttpAnswer): boolean {
  return (answer.status === 400 || answer.status === 404) && /sampler not found/i.test(answer.text());
}

/** True when something between gave up waiting for the server, which goes on drawing. */
export function isGatewayTimeout({ status }: HttpAnswer): boolean {
  return status === 408 || status === 504 || status === 524;
}

/** What an answer other than 200 means, whichever of the forks gave it. */
export function classify(answer: HttpAnswer, context: ServerFailureContext): ProviderError {
  const { status } = answer;
  const { code, message } = judge(answer, context);
  const waitMs = retryAfterMs(answer, context.now);
  return new ProviderError(code, message, {
    status,
    sent: status === 408 || (status >= 500 && status !== 503),
    ...(waitMs !== undefined && { retryAfterMs: waitMs }),
  });
}

function judge(answer: HttpAnswer, context: ServerFailureContext): { code: FailureCode; message: string } {
  const { status } = answer;
  const { label, url, hasLogin } = context;
  const said = `${label} answered ${status}: ${wordsOf(answer, context.toRedact)}`;
  if (status === 401 || status === 403) {
    const message = hasLogin
      ? `${label} at ${url} refuses the login in SD_API_AUTH (${status}): give the user:password of the web UI's --api-auth`
      : `${label} at ${url} asks for a login (${status}): set SD_API_AUTH to the user:password of the web UI's --api-auth`;
    return { code: 'unauthorized', message };
  }
  // The first step to mend it is the operator's, and once it is done the server must be asked again within minutes:
  // `retired` would leave it out for a day, `invalid_request` would ask it in vain for every row.
  if (isApiOff(answer)) {
    return { code: 'unreachable', message: `${label} answers at ${url}, but its API is off: start it with --api` };
  }
  if (status >= 300 && status < 400) {
    return { code: 'unreachable', message: `${label} redirects from ${url}: set SD_API_URL to its final address` };
  }
  if (status >= 500 && status !== 503) return judgeCrash(answer, said, label);
  return { code: codes[status] ?? 'invalid_request', message: said };
}

const codes: Readonly<Record<number, FailureCode>> = {
  402: 'out_of_credit',
  408: 'timeout',
  410: 'retired',
  429: 'rate_limited',
  503: 'loading',
};

function judgeCrash(answer: HttpAnswer, said: string, label: string): { code: FailureCode; message: string } {
  const text = answer.text();
  if (/OutOfMemoryError|out of memory/i.test(text)) {
    const advice = 'use a smaller format, or start the web UI with --medvram';
    return { code: 'unavailable', message: `${label} ran out of graphics memory: ${advice}` };
  }
  if (/NansException/.test(text)) {
    const advice = 'try another checkpoint, or start the web UI with --no-half-vae';
    return { code: 'bad_image', message: `${label} drew a picture without content (NansException): ${advice}` };
  }
  return { code: 'unavailable', message: said };
}

/** FastAPI and other web servers at a route they do not have; the API's own 404s say what they miss. */
function isApiOff(answer: HttpAnswer): boolean {
  if (answer.status !== 404 && answer.status !== 405) return false;
  const body = answer.json();
  return (
    body === undefined || z.object({ detail: z.enum(['Not Found', 'Method Not Allowed']) }).safeParse(body).success
  );
}

const words = z.string().catch('');
/** A1111 and reForge wrap an exception, SD.Next adds a code to it; sd-server has a message instead. */
const wrapper = z.object({ error: z.string(), detail: words, errors: words, message: words });
/** FastAPI, for a field of the wrong type. */
const validation = z.object({
  detail: z.tuple([z.object({ loc: z.array(z.union([z.string(), z.number()])), msg: z.string() })], z.unknown()),
});

function wordsOf(answer: HttpAnswer, toRedact: readonly string[]): string {
  const body = answer.json();
  const invalid = validation.safeParse(body).data;
  if (invalid) {
    const [{ loc, msg }] = invalid.detail;
    return quoteAnswer(answer, toRedact, `${loc.at(-1) ?? 'body'}: ${msg}`);
  }
  const wrapped = wrapper.safeParse(body).data;
  if (wrapped === undefined) return quoteAnswer(answer, toRedact);
  const { error, detail, errors, message } = wrapped;
  return quoteAnswer(answer, toRedact, [error, detail || errors || message].filter((part) => part !== '').join(': '));
}
