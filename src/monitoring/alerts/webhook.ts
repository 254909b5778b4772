import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { send } from './send.ts';

const timeoutMs = 10_000;
/** Waits before the second and the third try. */
const pausesMs = [1000, 5000];

/** Sends texts to a Slack-compatible webhook, in three tries each; the answer is false when none got through. */
export function createWebhook(options: { url: string; clock: Clock; log: Log; signal: AbortSignal }) {
  const { url, clock, log, signal } = options;
  return async (text: string): Promise<boolean> => {
    const body = JSON.stringify({ text: escapeMarkup(text) });
    for (let tries = 0; ; tries += 1) {
      const reason = await send({ url, contentType: 'application/json', body, timeoutMs, signal });
      if (reason === undefined) return true;
      log.debug({ reason, tries: tries + 1 }, 'An alert did not get through');
      const pauseMs = pausesMs[tries];
      if (pauseMs === undefined || signal.aborted) return false;
      const isOver = await clock.sleep(pauseMs, signal).then(
        () => false,
        () => true,
      );
      if (isOver) return false;
    }
  };
}

/** Nothing in a text may become a mention or a link (docs.slack.dev/messaging/formatting-message-text, 2026-11). */
function escapeMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
