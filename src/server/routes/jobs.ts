import type { ServerResponse } from 'node:http';
import { HttpError } from '../http-error.ts';

/** Work that is under way for callers who wait for it. */
export interface Jobs {
  /** Its signal ends the work when the caller goes away or the server stops. */
  begin(response: ServerResponse): { signal: AbortSignal; end(): void };
  close(): void;
}

/** One listener to the shutdown serves all jobs: there may be hundreds. */
export function createJobs(shutdown: AbortSignal): Jobs {
  const running = new Set<AbortController>();
  const stop = () => {
    for (const controller of running) controller.abort(shutdown.reason);
  };
  shutdown.addEventListener('abort', stop, { once: true });

  return {
    begin(response) {
      const controller = new AbortController();
      const onClose = () => controller.abort(callerGone());
      response.once('close', onClose);
      running.add(controller);
      if (shutdown.aborted) controller.abort(shutdown.reason);
      else if (response.destroyed) onClose();
      return {
        signal: controller.signal,
        end() {
          running.delete(controller);
          response.removeListener('close', onClose);
        },
      };
    },
    close: () => shutdown.removeEventListener('abort', stop),
  };
}

/** Said to nobody: the connection is cut. The status is nginx's word for it. */
export function callerGone(): HttpError {
  return new HttpError(499, 'Client closed request', 'The caller went away, and the picture was given up.');
}
