import { randomUUID } from 'node:crypto';
import type { Log } from '../../lib/log.ts';
import { send } from '../alerts/send.ts';

/** Tells a dead man's switch of every pass (healthchecks.io/docs/http_api, 2026-11). Nothing waits for it, and nothing fails by it. */
export interface HeartbeatPing {
  started(): void;
  succeeded(): void;
  /** `text` holds no secret. */
  failed(text: string): void;
  /** Resolves when nothing is on its way. */
  settled(): Promise<void>;
}

const timeoutMs = 5000;
/** Pings that wait their turn; further ones are dropped, for a slow service must not pile them up. */
const mostWaiting = 6;

export function createHeartbeatPing(options: { url: string; log: Log; signal: AbortSignal }): HeartbeatPing {
  const { url, log, signal } = options;
  let runId = randomUUID();
  let waiting = 0;
  let last = Promise.resolve();

  // One after the other, so that a start never overtakes the end of its pass.
  const ping = (step: string, body: string) => {
    if (waiting >= mostWaiting) {
      log.debug({ step }, 'A heartbeat ping is left out: the ones before are still on their way');
      return;
    }
    waiting += 1;
    const target = pingUrl(url, step, runId);
    last = last.then(async () => {
      const message = { url: target, contentType: 'text/plain; charset=utf-8', body, timeoutMs, signal };
      const reason = await send(message);
      waiting -= 1;
      if (reason !== undefined) log.debug({ step, reason }, 'A heartbeat ping did not get through');
    });
  };

  return {
    started() {
      runId = randomUUID();
      ping('/start', '');
    },
    succeeded: () => ping('', ''),
    failed: (text) => ping('/fail', text),
    settled: () => last,
  };
}

/** The step joins the path; a query that the address has is kept as it is. */
function pingUrl(url: string, step: string, runId: string): string {
  const target = new URL(url);
  if (step !== '') target.pathname = `${target.pathname.replace(/\/+$/, '')}${step}`;
  target.search = `${target.search === '' ? '?' : `${target.search}&`}rid=${runId}`;
  return target.href;
}
