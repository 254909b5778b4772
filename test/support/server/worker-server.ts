import { createWorkerEvents } from '../../../src/core/events.ts';
import { afterEach } from 'vitest';
import type { Runtime } from '../../../src/app/parts.ts';
import type { WorkerRig } from '../worker/setup.ts';

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

/** A running worker with its HTTP server. */
export interface WorkerServer {
  url: string;
  /** Ends it, and resolves when it has come to rest. */
  stop(): Promise<void>;
  /** Calls the API; a body makes it a POST of JSON. */
  call(path: string, body?: unknown, headers?: Record<string, string>): Promise<{ status: number; body: unknown }>;
}

/** Starts a worker on the rig's board whose schedule never ticks; it ends after the test. */
export async function openWorkerServer(
  rig: WorkerRig,
  overrides: Record<string, string> = {},
  runtime: Partial<Runtime> = {},
): Promise<WorkerServer> {
  const controller = new AbortController();
  const events = createWorkerEvents();
  events.on('outcome', (outcome) => rig.outcomes.push(outcome));
  const app = await rig.worker(
    { SYNC_SCHEDULE: '0 0 1 1 *', ...overrides },
    { signal: controller.signal, events, ...runtime },
  );
  let running: Promise<void> | undefined;
  const url = await new Promise<string>((resolve, reject) => {
    events.once('listening', resolve);
    running = app.start();
    running.catch(reject);
  });
  const stop = async () => {
    controller.abort(new Error('stopped'));
    await running;
    await app[Symbol.asyncDispose]();
  };
  open.push(stop);
  return {
    url,
    stop,
    async call(path, body, headers = {}) {
      const response = await fetch(url + path, {
        redirect: 'manual',
        ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
        headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      });
      const text = await response.text();
      const isJson = response.headers.get('content-type')?.includes('json') ?? false;
      return { status: response.status, body: isJson ? (JSON.parse(text) as unknown) : text };
    },
  };
}
