import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { coalesce } from '../coalesce.ts';

interface HeartbeatFileOptions {
  content: () => Promise<object>;
  /** Replaces the file as a whole. */
  save: (text: string) => Promise<void>;
  clock: Clock;
  log: Log;
}

export const beatMs = 30_000;

/** A file that shows by its age and its words how the worker is. */
export function createHeartbeatFile({ content, save, clock, log }: HeartbeatFileOptions) {
  let lastBeatAt = clock.monotonic();
  let isWritable = true;
  const beat = coalesce(async () => {
    try {
      await save(`${JSON.stringify(await content(), undefined, 2)}\n`);
      isWritable = true;
    } catch (error) {
      // A pass that meets the same disk says what is wrong with it.
      log.debug({ err: error }, 'The heartbeat could not be written');
      isWritable = false;
    }
    lastBeatAt = clock.monotonic();
  });
  return {
    /** Writes it anew; never fails. */
    beat,
    /** Beats twice a minute until the signal aborts; an event loop that is blocked shows as an old file. */
    async beatOn(signal: AbortSignal) {
      while (!signal.aborted) {
        await beat();
        await clock.sleep(beatMs, signal).catch(() => undefined);
      }
    },
    /** Since the last beat came to its end. */
    silentForMs: () => clock.monotonic() - lastBeatAt,
    /** Could it be written last? */
    isWritable: () => isWritable,
  };
}
