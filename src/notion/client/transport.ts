import type { Clock } from '../../lib/clock.ts';
import { DeadlineError, withDeadline } from '../../lib/deadline.ts';

/** One HTTP answer, read whole. */
export interface Answer {
  status: number;
  headers: Headers;
  body: string;
  /** Wall-clock ms when its headers came. */
  receivedAt: number;
  /** The same moment by the server's own clock, to about a second, where it sends its time. */
  servedAt: number | undefined;
}

/**
 * What kept an attempt from an answer to go on with: slow_down (too many requests) · conflict (nothing was saved) · unsent
 * (nothing reached Notion) · unknown (it may have been carried out) · too_large (it may have, and the same would come again).
 */
export type AttemptFailure = 'slow_down' | 'conflict' | 'unsent' | 'unknown' | 'too_large';

/** An attempt without an answer to go on with. The message is a clause: "the connection failed (ECONNRESET)". */
export class AttemptError extends Error {
  override readonly name = 'AttemptError';
  readonly failure: AttemptFailure;
  /** What Notion said, where it said anything. */
  readonly answer: Answer | undefined;

  constructor(failure: AttemptFailure, message: string, { answer, cause }: { answer?: Answer; cause?: unknown } = {}) {
    super(message, cause === undefined ? {} : { cause });
    this.failure = failure;
    this.answer = answer;
  }
}

/** One request as the official client asks for it. */
export interface WireRequest {
  url: string;
  method?: string;
  headers?: Record<string, string>;
  body?: string | FormData;
}

export interface SendOptions {
  /** Limit for headers and body together. */
  timeoutMs: number;
  /** Limit for the decoded body. */
  maxBodyBytes: number;
  clock: Clock;
  signal: AbortSignal;
}

/** Sends one request and reads the whole answer. @throws {AttemptError} or the signal's reason. */
export async function send(request: WireRequest, options: SendOptions): Promise<Answer> {
  const { url, method = 'GET', headers = {}, body = null } = request;
  const { timeoutMs, maxBodyBytes, clock, signal } = options;
  try {
    return await withDeadline(timeoutMs, signal, async (signal) => {
      // Notion never redirects: what does is a gateway in between, which gets no second request.
      const response = await fetch(url, { method, headers, body, signal, redirect: 'manual' });
      const { status, headers: received } = response;
      const receivedAt = clock.now();
      const servedAt = parseDate(received.get('date'));
      return { status, headers: received, body: await readText(response, maxBodyBytes), receivedAt, servedAt };
    });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof AttemptError) throw error;
    if (error instanceof DeadlineError) throw new AttemptError('unknown', error.message, { cause: error });
    throw lostConnection(error);
  }
}

/** An HTTP date in wall-clock ms; undefined when it is none. */
export function parseDate(value: string | null): number | undefined {
  const ms = Date.parse(value ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}

async function readText(response: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) {
      throw new AttemptError('too_large', `the answer was larger than ${Math.round(maxBytes / 1024)} KiB`);
    }
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

/** Failures before a connection stands: nothing was sent. */
const unsentCodes = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']);

/** Of the failure only its code and the inner cause are kept: fetch's own messages quote URLs and header values. */
function lostConnection(error: unknown): AttemptError {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = codeOf(cause) ?? codeOf(error) ?? (error instanceof Error ? error.name : 'unknown');
  return new AttemptError(unsentCodes.has(code) ? 'unsent' : 'unknown', `the connection failed (${code})`, { cause });
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
