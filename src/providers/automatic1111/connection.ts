import type { Clock } from '../../lib/clock.ts';
import { ProviderError } from '../../core/errors.ts';
import type { HttpAnswer } from '../../lib/http/client.ts';
import { callProvider } from '../call.ts';
import { classify } from './failures.ts';

/** The way to one server, with its login and its words for failures. */
export type Connection = ReturnType<typeof connect>;

/** Joins the server at `url`; nothing is sent yet. */
export function connect(server: { label: string; url: string; login: string | undefined; clock: Clock }) {
  const { label, url, login, clock } = server;
  const headers = login === undefined ? {} : { authorization: `Basic ${Buffer.from(login).toString('base64')}` };

  const call = async (method: 'GET' | 'POST', path: string, signal: AbortSignal, body?: unknown) => {
    try {
      return await callProvider(label, { method, url: `${url}${path}`, headers, body, signal });
    } catch (error) {
      if (signal.aborted || !(error instanceof ProviderError)) throw error;
      // A lost look costs nothing: only a lost job may have been spent on.
      const facts = { ...error.facts, sent: method === 'POST' && error.facts.sent === true };
      const outOfReach = `Stable Diffusion API is not accessible at ${url}: start the web UI with --api, or correct SD_API_URL`;
      const message = error.code === 'unreachable' ? outOfReach : error.message;
      throw new ProviderError(error.code, message, { ...facts, cause: error });
    }
  };

  return {
    label,
    url,
    get: (path: string, signal: AbortSignal) => call('GET', path, signal),
    post: (path: string, body: unknown, signal: AbortSignal) => call('POST', path, signal, body),
    /** What an answer other than 200 means; `toRedact` is kept out of its words. */
    failure: (answer: HttpAnswer, toRedact: readonly string[] = []) =>
      classify(answer, {
        label,
        url,
        hasLogin: login !== undefined,
        toRedact: [...toRedact, ...formsOf(login)],
        now: clock.now(),
      }),
  };
}

/** A login as it is set, and as it is sent. */
export function formsOf(login: string | undefined): string[] {
  return login === undefined ? [] : [login, Buffer.from(login).toString('base64')];
}
