import { StopSignal } from '../../core/errors.ts';

/** How long clean-up may take after the first signal before the process ends anyway. */
const cleanUpMs = 8000;

/** A signal that aborts on SIGINT and SIGTERM; the second of them, or too long a clean-up, ends the process at once. */
export function onStopSignals(): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const names = ['SIGINT', 'SIGTERM'] as const;
  const handler = (name: NodeJS.Signals) => {
    const stop = new StopSignal(name === 'SIGINT' ? 130 : 143);
    if (controller.signal.aborted) process.exit(stop.exitCode);
    controller.abort(stop);
    setTimeout(() => process.exit(stop.exitCode), cleanUpMs).unref();
  };
  for (const name of names) process.on(name, handler);
  return {
    signal: controller.signal,
    release: () => {
      for (const name of names) process.off(name, handler);
    },
  };
}
