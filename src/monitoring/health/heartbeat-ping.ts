import { randomUUID } from 'node:crypto';
import pLimit from 'p-limit';
import type { Log } from '../../lib/log.ts';
import { send } from '../alerts/send.ts';

const timeoutMs = 5000;
/** Pings on their way or waiting; further ones are dropped, for a slow service must not pile them up. */
const mostAtOnce = 6;

/** Reports every pass to a dead man's switch (healthchecks.io/docs/http_api, 2026-11). Nothing waits for it, and nothing fails by it. */
export function createHeartbeatPing({ url, log, signal }: { url: string; log: Log; signal: AbortSignal }) {
  let runId = randomUUID();
  // One after the other, so that a start never overtakes the end of the pass before.
  const oneAtATime = pLimit(1);

  const ping = (step: string, body: string) => {
    if (oneAtATime.activeCount + oneAtATime.pendingCount >= mostAtOnce) {
      log.debug({ step }, 'A heartbeat ping is left out: the ones before are still on their way');
      return;
    }
    const contentType = 'text/plain; charset=utf-8';
    const message = { url: pingUrl(url, step, runId), contentType, body, timeoutMs, signal };
    void oneAtATime(async () => {
      const reason = await send(message);
      if (reason !== undefined) log.debug({ step, reason }, 'A heartbeat ping did not get through');
    });
  };

  return {
    started() {
      runId = randomUUID();
      ping('/start', '');
    },
    succeeded: () => ping('', ''),
    /** `text` holds no secret. */
    failed: (text: string) => ping('/fail', text),
    /** Resolves when nothing is on its way any more. */
    settled: () => oneAtATime(() => undefined),
  };
}

/** The step joins the path; a query that the address has is kept as it is. */
function pingUrl(url: string, step: string, runId: string): string {
  const target = new URL(url);
  if (step !== '') target.pathname = `${target.pathname.replace(/\/+$/, '')}${step}`;
  target.search = `${target.search === '' ? '?' : `${target.search}&`}rid=${runId}`;
  return target.href;
}
