import { withDeadline } from '../../lib/deadline.ts';
import type { Log } from '../../lib/log.ts';
import { callProvider, type ProviderAnswer } from '../../lib/http/client.ts';

export const label = 'RunPod';

/** Where the endpoint is, and the key to it. */
export interface RunpodAddress {
  url: string;
  endpointId: string;
  key: string;
}

/** The routes of one serverless endpoint. */
export interface RunpodApi {
  run(body: object, signal: AbortSignal): Promise<ProviderAnswer>;
  status(id: string, signal: AbortSignal): Promise<ProviderAnswer>;
  health(signal: AbortSignal): Promise<ProviderAnswer>;
  /** Gives a job up, within a time of its own. Never rejects. */
  cancel(id: string, log: Log): Promise<void>;
}

const cancelWithinMs = 5000;

/** Joins the endpoint; nothing is sent yet. */
export function createApi({ url, endpointId, key }: RunpodAddress): RunpodApi {
  const call = (method: 'GET' | 'POST', path: string, signal: AbortSignal, body?: object) =>
    callProvider({
      label,
      method,
      url: `${url}/${endpointId}${path}`,
      headers: { authorization: `Bearer ${key}` },
      body,
      signal,
    });
  return {
    run: (body, signal) => call('POST', '/run', signal, body),
    status: (id, signal) => call('GET', `/status/${encodeURIComponent(id)}`, signal),
    health: (signal) => call('GET', '/health', signal),
    async cancel(id, log) {
      try {
        const path = `/cancel/${encodeURIComponent(id)}`;
        await withDeadline(cancelWithinMs, undefined, (signal) => call('POST', path, signal));
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        log.debug({ job: id, reason }, `${label}: the job given up could not be cancelled`);
      }
    },
  };
}
