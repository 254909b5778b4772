import { withDeadline } from '../../lib/deadline.ts';
import type { Log } from '../../lib/log.ts';
import { callProvider, type ProviderAnswer } from '../../lib/http/client.ts';

export const label = 'Replicate';

/** Where the API is, and the key to it. */
export interface ReplicateAddress {
  url: string;
  token: string;
}

/** The routes of the API that are used. */
export interface ReplicateApi {
  /** Creates a prediction, with headers that bound its time. */
  create(path: string, headers: Record<string, string>, body: object, signal: AbortSignal): Promise<ProviderAnswer>;
  get(path: string, signal: AbortSignal): Promise<ProviderAnswer>;
  /** Gives a prediction up, within a time of its own. Never rejects. */
  cancel(id: string, log: Log): Promise<void>;
}

const cancelWithinMs = 5000;
/** Answers are JSON that names a picture; the picture itself is fetched elsewhere. */
const maxAnswerBytes = 4 * 1024 * 1024;

/** Joins the API; nothing is sent yet. */
export function createApi({ url, token }: ReplicateAddress): ReplicateApi {
  const call = (
    method: 'GET' | 'POST',
    path: string,
    signal: AbortSignal,
    sent: { headers?: Record<string, string>; body?: object } = {},
  ) =>
    callProvider({
      label,
      method,
      url: url + path,
      headers: { authorization: `Bearer ${token}`, ...sent.headers },
      body: sent.body,
      maxBytes: maxAnswerBytes,
      signal,
    });
  return {
    create: (path, headers, body, signal) => call('POST', path, signal, { headers, body }),
    get: (path, signal) => call('GET', path, signal),
    async cancel(id, log) {
      try {
        await withDeadline(cancelWithinMs, undefined, (signal) => call('POST', `/predictions/${id}/cancel`, signal));
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        log.debug({ job: id, reason }, `${label}: the job given up could not be cancelled`);
      }
    },
  };
}
