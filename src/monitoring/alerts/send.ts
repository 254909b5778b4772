import { DeadlineError, withDeadline } from '../../lib/deadline.ts';
import { HttpError, sendRequest } from '../../lib/http/client.ts';

/** A text for an address that the operator gave. */
interface Message {
  url: string;
  contentType: string;
  body: string;
  /** Covers the whole call, to the last byte of the answer. */
  timeoutMs: number;
  signal: AbortSignal;
}

/** Of an answer only the status counts. */
const maxBytes = 64 * 1024;

/** Posts a message, once and following no redirect; what went wrong in a few words, which hold no address, or undefined. */
export async function send({ url, contentType, body, timeoutMs, signal }: Message): Promise<string | undefined> {
  try {
    const { status } = await withDeadline(timeoutMs, signal, (signal) =>
      sendRequest({ method: 'POST', url, headers: { 'content-type': contentType }, body, maxBytes, signal }),
    );
    return refusal(status);
  } catch (error) {
    if (signal.aborted) return 'given up';
    if (error instanceof DeadlineError) return error.message;
    if (!(error instanceof HttpError)) return 'failed (unknown)';
    return error.status === undefined ? `failed (${error.code ?? 'unknown'})` : refusal(error.status);
  }
}

function refusal(status: number): string | undefined {
  return status >= 200 && status < 300 ? undefined : `answered with status ${status}`;
}
