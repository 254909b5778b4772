import { fakePost } from '../fake-post.ts';
import { onTestFinished } from 'vitest';
import type { Clock } from '../../../src/lib/clock.ts';
import type { FailureCode } from '../../../src/core/reactions.ts';
import { silentLog } from '../../../src/lib/log.ts';
import { createWorkerEvents, type WorkerEvents } from '../../../src/core/events.ts';
import type { Failed } from '../../../src/core/outcome.ts';
import type { PassState, PassSummary } from '../../../src/core/pass.ts';
import type { Post } from '../../../src/core/post.ts';
import type { Attempt } from '../../../src/core/provider.ts';
import { createRedact } from '../../../src/lib/redact.ts';
import type { ProviderState } from '../../../src/chain/chain.ts';
import { createHealth, type Health, type HealthOptions } from '../../../src/monitoring/health/health.ts';
import { providerState } from '../chain/provider-state.ts';

/** No output may show it. */
export const canary = 'canary-of-the-key-5d1c';
const summary: PassSummary = {
  done: 0,
  failed: 0,
  skipped: 0,
  providers: {},
  costUsd: 0,
  possibleUsd: 0,
  durationMs: 5,
};
const gibibyte = 1024 ** 3;

/** A clock of which either side is turned alone; its sleeps end at once. */
export function createTwoClocks() {
  let wallMs = Date.UTC(2026, 10, 21, 10, 0, 0);
  let passedMs = 0;
  const clock: Clock = { now: () => wallMs, monotonic: () => passedMs, sleep: async () => undefined };
  return {
    clock,
    pass: (ms: number) => {
      wallMs += ms;
      passedMs += ms;
    },
    setWall: (ms: number) => void (wallMs += ms),
  };
}

/** A worker's health, and the events that it listens to. */
export interface WatchedWorker extends Health {
  events: WorkerEvents;
}

/** A worker's health with a disk in memory, and everything around it to be set by hand. */
export function createRig(options: Partial<HealthOptions> = {}) {
  const time = createTwoClocks();
  const files: { alerts?: string; heartbeat?: string } = {};
  const around = {
    time,
    files,
    freeBytes: 10 * gibibyte,
    providers: [] as ProviderState[],
    open: async (more: Partial<HealthOptions> = {}): Promise<WatchedWorker> => {
      const events = createWorkerEvents();
      const health = await createHealth({
        events,
        clock: time.clock,
        log: silentLog,
        redact: createRedact([canary]),
        folder: 'images',
        rowTimeoutMs: 300_000,
        alertFile: { load: async () => files.alerts, save: async (text) => void (files.alerts = text) },
        saveHeartbeat: async (text) => void (files.heartbeat = text),
        statfs: async () => ({ bavail: around.freeBytes, bsize: 1 }),
        providers: () => around.providers,
        isTokenRefused: (error) => error instanceof Error && error.message.includes('token'),
        ...options,
        ...more,
      });
      onTestFinished(() => health.close(0));
      return { ...health, events };
    },
  };
  return around;
}

export function open(name: string, code: FailureCode): ProviderState {
  return providerState(name, `Provider ${name}`, { code });
}

export function closed(name: string): ProviderState {
  return providerState(name, `Provider ${name}`);
}

export function attempt(provider: string, outcome: Attempt['outcome'], detail?: string): Attempt {
  return {
    provider,
    label: `Provider ${provider}`,
    model: 'm',
    startedAt: '2026-11-21T10:00:00.000Z',
    durationMs: 5,
    outcome,
    ...(detail !== undefined && { detail }),
  };
}

export function createPost(id: string, editedAt = '2026-11-21T09:50:00.000Z'): Post {
  return fakePost({ id, url: `https://www.notion.so/${id}`, title: `Post ${id}`, editedAt });
}

export function failed(post: Post, ...attempts: Attempt[]): Failed {
  return { kind: 'failed', post, error: 'No picture could be made.', attempts };
}

const pass = { id: 'p', reason: 'schedule', requestedAt: '2026-11-21T10:00:00.000Z' } as const;

export function startPass({ events }: WatchedWorker, scope: PassState['scope'] = 'board'): void {
  events.emit('pass', { ...pass, scope, state: 'running' });
}

export function endPass({ events }: WatchedWorker, scope: PassState['scope'] = 'board'): void {
  events.emit('pass', { ...pass, scope, state: 'done', summary });
}

export function stopPass({ events }: WatchedWorker): void {
  events.emit('pass', { ...pass, scope: 'board', state: 'stopped' });
}

export function failPass({ events }: WatchedWorker, message = 'Notion could not be reached.'): void {
  events.emit('pass', { ...pass, scope: 'board', state: 'failed' }, new Error(message));
}

/** The first page of the rows that wait is read. */
export function readPending({ events }: WatchedWorker, posts: Post[], more = false): void {
  events.emit('pendingRead', { posts, isFirst: true, more });
}

/** One whole pass that went well, over these rows and leaving them. */
export function goodPass(worker: WatchedWorker, ...left: Post[]): void {
  startPass(worker);
  readPending(worker, left);
  endPass(worker);
}

export function failingPass(worker: WatchedWorker, message?: string): void {
  startPass(worker);
  failPass(worker, message);
}
