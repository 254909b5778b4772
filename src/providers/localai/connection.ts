import type { Clock } from '../../lib/clock.ts';
import { withDeadline } from '../../lib/deadline.ts';
import { ProviderError } from '../../core/errors.ts';
import type { HttpAnswer, HttpRequest } from '../../lib/http/client.ts';
import { callProvider } from '../call.ts';
import { classify, label } from './failures.ts';

/** The way to one server, with its key and its words for failures. */
export type Connection = ReturnType<typeof connect>;

const readinessTimeoutMs = 5000;
const maxListBytes = 4 * 1024 * 1024;

/** Joins the server whose API is at `url`; nothing is sent yet. */
export function connect(server: { url: string; key: string | undefined; clock: Clock }) {
  const { url, key, clock } = server;
  const { host } = new URL(url);
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const base = new URL(url).pathname.replace(/\/+$/, '');
  const at = (pathname: string) => Object.assign(new URL(url), { pathname }).href;
  const call = async (details: Pick<HttpRequest, 'method' | 'body' | 'maxBytes' | 'signal'>, path: string) => {
    try {
      return await callProvider(label, { url: at(base + path), headers, ...details });
    } catch (error) {
      if (details.signal.aborted || !(error instanceof ProviderError) || error.code !== 'unreachable') throw error;
      const message = `${error.message}: start the server, or correct LOCALAI_API_URL`;
      throw new ProviderError('unreachable', message, { ...error.facts, cause: error });
    }
  };

  return {
    host,
    get: (path: string, signal: AbortSignal) => call({ method: 'GET', maxBytes: maxListBytes, signal }, path),
    post: (path: string, body: unknown, signal: AbortSignal) => call({ method: 'POST', body, signal }, path),
    /** False as soon as the server says that it is still starting; true also of those that do not say. */
    async isReady(signal: AbortSignal) {
      const target = at(`${base.replace(/\/v1$/, '')}/readyz`);
      try {
        const { status } = await withDeadline(readinessTimeoutMs, signal, (bounded) =>
          callProvider(label, { method: 'GET', url: target, maxBytes: maxListBytes, signal: bounded }),
        );
        return status !== 503;
      } catch {
        signal.throwIfAborted();
        return true;
      }
    },
    /** What an answer without an image means; `toRedact` is kept out of its words. */
    failure: (answer: HttpAnswer, toRedact: readonly string[] = []) =>
      classify(answer, {
        host,
        hasKey: key !== undefined,
        toRedact: key === undefined ? toRedact : [...toRedact, key],
        now: clock.now(),
      }),
  };
}
