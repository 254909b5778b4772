import { ProviderError } from '../core/errors.ts';
import type { FailureCode } from '../core/reactions.ts';
import { withDeadline } from '../lib/deadline.ts';
import { type HttpAnswer, HttpError, type HttpFailure, type HttpRequest, sendRequest } from '../lib/http/client.ts';
import type { Log } from '../lib/log.ts';
import { errorText } from '../lib/text.ts';

const codes: Readonly<Record<HttpFailure, FailureCode>> = {
  unreachable: 'unreachable',
  broken: 'unavailable',
  too_large: 'bad_image',
};

/**
 * Sends one request to a provider, whose `label` starts the message of a failure.
 * @throws {ProviderError} `unreachable` when nothing was sent, `unavailable` when the connection was lost afterwards,
 * `bad_image` when the answer is too large; the signal's reason when it is aborted.
 */
export async function callProvider(label: string, request: HttpRequest): Promise<HttpAnswer> {
  try {
    return await sendRequest(request);
  } catch (error) {
    if (request.signal.aborted || !(error instanceof HttpError)) throw error;
    const { kind, message, status, cause } = error;
    throw new ProviderError(codes[kind], `${label} ${message}`, {
      sent: kind !== 'unreachable',
      ...(status !== undefined && { status }),
      ...(cause !== undefined && { cause }),
    });
  }
}

/** The requests of one service, which all carry the same key. */
export type ProviderClient = ReturnType<typeof createClient>;

/** Joins the service at `url`; nothing is sent yet. */
export function createClient(service: { label: string; url: string; key: string; maxBytes?: number }) {
  const { label, url, key, ...limit } = service;
  const authorization = `Bearer ${key}`;
  return {
    get: (path: string, signal: AbortSignal) =>
      callProvider(label, { method: 'GET', url: url + path, headers: { authorization }, signal, ...limit }),
    post: (path: string, body: unknown, signal: AbortSignal, more: Record<string, string> = {}) => {
      const headers = { authorization, ...more };
      return callProvider(label, { method: 'POST', url: url + path, headers, body, signal, ...limit });
    },
  };
}

/** Nobody waits for a cancellation longer than this. */
export const cancelWithinMs = 5000;

/** Cancels a job that nobody waits for any more, within a time of its own. Never rejects. */
export async function cancelJob(
  label: string,
  log: Log,
  cancel: (signal: AbortSignal) => Promise<unknown>,
  job?: string,
): Promise<void> {
  try {
    await withDeadline(cancelWithinMs, undefined, cancel);
  } catch (error) {
    const reason = errorText(error);
    log.debug({ ...(job !== undefined && { job }), reason }, `${label}: the job given up could not be cancelled`);
  }
}
