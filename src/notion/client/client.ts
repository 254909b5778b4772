import { AsyncLocalStorage } from 'node:async_hooks';
import { Client, LogLevel } from '@notionhq/client';
import type { Clock, Random } from '../../lib/clock.ts';
import { ConfigError } from '../../core/errors.ts';
import type { Log } from '../../lib/log.ts';
import { explainFailure, type FailedCall } from './failures.ts';
import { createLimiter, type Limiter, type Permit } from './limiter.ts';
import { withRetries } from './retry.ts';
import { type Answer, send, type WireRequest } from './transport.ts';

/** How one call is to be made. */
export interface NotionCall {
  /** Says to people what was being done: 'read the board'. */
  doing: string;
  /** Slots the caller holds already; beyond them each request waits for its own. */
  permit?: Permit;
  /** May a request be repeated when it is unknown whether it was carried out? Default true. */
  repeatable?: boolean;
}

/** All requests to Notion: paced, bounded in time and size, repeated where that is safe, and explained when they fail. */
export interface NotionClient {
  readonly limiter: Limiter;
  /** Ends every call: the shutdown. */
  readonly signal: AbortSignal;
  /**
   * Runs requests of the official client.
   * @throws {BoardError} {ConfigError} with the official error as cause (see `answeredStatus`), or the signal's reason.
   */
  call<T>(options: NotionCall, run: (client: Client) => Promise<T>): Promise<T>;
  /** Notion's clock minus ours, by the latest answer and to about a second; undefined before the first. */
  clockSkewMs(): number | undefined;
}

export interface NotionClientOptions {
  token: string;
  apiUrl: string;
  requestsPerMinute: number;
  clock: Clock;
  random: Random;
  log: Log;
  /** Ends every call: the shutdown. */
  signal: AbortSignal;
  windowMs?: number;
  /** Limit for one attempt, from its start to the end of the answer's body. */
  timeoutMs?: number;
  /** How long a request may go on failing, from its first failure. */
  outageMs?: number;
  maxBodyBytes?: number;
  /** Is called after every request with the answer's status, 0 when there was none, and for the pauses that Notion asks for. */
  watch?: { answered(status: number): void; paused(ms: number): void };
}

/** What is known of a call, and the official client cannot carry to its requests. */
interface Scope extends FailedCall {
  permit: Permit | undefined;
}

const longestTimerMs = 2 ** 31 - 1;

/** Creates the one client of a process. @throws {ConfigError} when the token cannot be one. */
export function createNotionClient(options: NotionClientOptions): NotionClient {
  const { token, apiUrl, requestsPerMinute, clock, random, log, signal, windowMs = 60_000 } = options;
  const { timeoutMs = 60_000, outageMs = 60_000, maxBodyBytes = 5 * 1024 * 1024, watch } = options;
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new ConfigError('NOTION_TOKEN holds a space, line break or letter that no token has: copy it again.');
  }
  const limiter = createLimiter({
    limit: requestsPerMinute,
    windowMs,
    clock,
    onPause: (ms) => watch?.paused(ms),
  });
  const scopes = new AsyncLocalStorage<Scope>();
  let skewMs: number | undefined;

  const attempt = async (request: WireRequest, { permit }: Scope): Promise<Answer> => {
    const slots = permit && permit.left > 0 ? permit : await limiter.acquire(1, signal);
    const ended = slots.use();
    let status: number | undefined;
    try {
      await limiter.unpaused(signal);
      status = 0;
      const answer = await send(request, { timeoutMs, maxBodyBytes, clock, signal });
      status = answer.status;
      if (answer.servedAt !== undefined) skewMs = answer.servedAt - answer.receivedAt;
      return answer;
    } finally {
      ended();
      if (status !== undefined) watch?.answered(status);
    }
  };

  const client = new Client({
    auth: token,
    baseUrl: apiUrl.replace(/\/+$/, ''),
    notionVersion: '2026-03-11',
    retry: false,
    // Its own time limit would also count our waits.
    timeoutMs: longestTimerMs,
    logLevel: LogLevel.INFO,
    logger: (_level, message, extra) => log.debug(extra, message),
    fetch: async (url, init = {}) => {
      const scope = scopes.getStore();
      if (!scope) throw new Error('Notion was asked outside of a call.');
      const request: WireRequest = { ...init, url };
      scope.request = { method: init.method ?? 'GET', path: new URL(url).pathname };
      const answer = await withRetries(() => attempt(request, scope), {
        ...scope,
        limiter,
        clock,
        random,
        log,
        signal,
      });
      const { status, headers, body } = answer;
      return { ok: status >= 200 && status < 300, status, headers, text: async () => body };
    },
  });

  return {
    limiter,
    signal,
    clockSkewMs: () => skewMs,
    async call({ doing, permit, repeatable = true }, run) {
      signal.throwIfAborted();
      const scope: Scope = { doing, permit, repeatable, outageMs, request: undefined };
      try {
        return await scopes.run(scope, () => run(client));
      } catch (error) {
        signal.throwIfAborted();
        throw explainFailure(error, scope);
      }
    },
  };
}
