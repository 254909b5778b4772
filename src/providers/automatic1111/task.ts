import { z } from 'zod';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { cancelJob, cancelWithinMs } from '../call.ts';
import type { Connection } from './connection.ts';

const lookEveryMs = 500;

const progress = z.object({ active: z.boolean(), completed: z.boolean().catch(false) });

/**
 * Stops a job that nobody waits for any more, so that the next one does not queue behind it. The server goes on drawing when
 * its caller hangs up, and its interrupt stops whatever runs: so it is asked only while the job that runs is ours. Never rejects.
 */
export function cancelTask(connection: Connection, task: string, clock: Clock, log: Log): Promise<void> {
  return cancelJob(connection.label, log, (signal) => interruptOnceActive(connection, task, clock, signal));
}

/** A job that still queues cannot be taken out, so it is watched until it starts. */
async function interruptOnceActive(
  connection: Connection,
  task: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  for (let look = 0; look < cancelWithinMs / lookEveryMs; look += 1) {
    const answer = await connection.post('/internal/progress', { id_task: task, live_preview: false }, signal);
    const state = progress.safeParse(answer.json()).data;
    if (state === undefined || (state.completed && !state.active)) return;
    if (state.active) {
      await connection.post('/sdapi/v1/interrupt', undefined, signal);
      return;
    }
    await clock.sleep(lookEveryMs, signal);
  }
}
