import http from 'node:http';
import https from 'node:https';
import type { Readable } from 'node:stream';
import axios from 'axios';
import { DeadlineError, withDeadline } from '../../lib/deadline.ts';

/** A text for an address that the operator gave. */
export interface Message {
  url: string;
  contentType: string;
  body: string;
  /** Covers the whole call, to the last byte of the answer. */
  timeoutMs: number;
  signal: AbortSignal;
}

/** Of an answer no more is read: only its status counts. */
const maxAnswerBytes = 64 * 1024;

// A reused connection may be closed just as the next message goes out.
const httpAgent = new http.Agent({ keepAlive: false });
const httpsAgent = new https.Agent({ keepAlive: false });

/** Posts a message, once and following no redirect; what went wrong in a few words, which hold no address, or undefined. */
export async function send({ url, contentType, body, timeoutMs, signal }: Message): Promise<string | undefined> {
  try {
    const status = await withDeadline(timeoutMs, signal, async (signal) => {
      const response = await axios.post<Readable>(url, body, {
        headers: { 'content-type': contentType },
        responseType: 'stream',
        signal,
        maxRedirects: 0,
        validateStatus: () => true,
        transformRequest: [],
        httpAgent,
        httpsAgent,
        ...(isLoopback(new URL(url).hostname) && { proxy: false }),
      });
      await drain(response.data);
      return response.status;
    });
    return status >= 200 && status < 300 ? undefined : `answered with status ${status}`;
  } catch (error) {
    if (signal.aborted) return 'given up';
    return error instanceof DeadlineError ? error.message : `failed (${codeOf(error)})`;
  }
}

async function drain(answer: Readable): Promise<void> {
  let length = 0;
  for await (const chunk of answer) {
    length += chunk.length;
    if (length > maxAnswerBytes) return;
  }
}

function isLoopback(hostname: string): boolean {
  return /^(?:(?:.+\.)?localhost\.?|127(?:\.\d+){3}|\[::1\])$/i.test(hostname);
}

/** Messages are not told: they quote addresses. */
function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
}
