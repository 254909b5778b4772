import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { coalesce } from '../coalesce.ts';

/** A file that shows by its age and its words how the worker is. */
export interface HeartbeatFile {
  /** Writes it anew; never fails. */
  beat(): Promise<void>;
  /** Beats twice a minute until the signal aborts; an event loop that is blocked shows as an old file. */
  beatOn(signal: AbortSignal): Promise<void>;
  /** Since the last beat came to its end. */
  silentForMs(): number;
  /** Could it be written last? */
  isWritable(): boolean;
}

export interface HeartbeatFileOptions {
  /** What it says. */
  content: () => Promise<object>;
  /** Replaces the file as a whole. */
  save: (text: string) => Promise<void>;
  clock: Clock;
  log: Log;
}

export const beatMs = 30_000;

/** A heartbeat file that is written whenever it beats. */
export function createHeartbeatFile({ content, save, clock, log }: HeartbeatFileOptions): HeartbeatFile {
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
    beat,
    async beatOn(signal) {
      while (!signal.aborted) {
        await beat();
        await clock.sleep(beatMs, signal).catch(() => undefined);
      }
    },
    silentForMs: () => clock.monotonic() - lastBeatAt,
    isWritable: () => isWritable,
  };
}
