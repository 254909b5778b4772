import { setMaxListeners } from 'node:events';
import type { Config } from '../config/config.ts';
import { LockedError } from '../core/errors.ts';
import { createWorkerEvents } from '../core/events.ts';
import type { PassSummary } from '../core/pass.ts';
import { renderJpegWithin } from '../images/render.ts';
import { createImageStore } from '../images/store.ts';
import { systemClock, systemRandom } from '../lib/clock.ts';
import { logEvents } from '../monitoring/log.ts';
import { createNotionBoard } from '../notion/board/board.ts';
import { prepareFolder } from '../state/files.ts';
import { createJournal } from '../state/journal.ts';
import { acquireLock, type FolderLock } from '../state/lock.ts';
import { statePaths } from '../state/paths.ts';
import { stateFile } from '../state/state-file.ts';
import { loadWorkerId } from '../state/worker-id.ts';
import { makePass, type PassOptions } from '../worker/pass.ts';
import { createPassRunner } from '../worker/pass-runner.ts';
import { createSchedule } from '../worker/schedule.ts';
import { createNotion, openChain, openHealth, openMonthlyBudget, type Runtime } from './parts.ts';
import { openServer } from './server.ts';

/** The worker, holding its images folder until it is disposed of. */
export interface App extends AsyncDisposable {
  /** One pass. @throws {ConfigError} {BoardError} {LockedError}, or the signal's reason. */
  sync(options?: PassOptions): Promise<PassSummary>;
  /**
   * Passes by the schedule, and the HTTP server, until the signal aborts.
   * @throws {ConfigError} {LockedError} when nobody but the operator can help.
   */
  start(): Promise<void>;
}

/** The time that pings and alerts on their way get to arrive: little when somebody waits for the process to end. */
const closeGraceMs = { done: 10_000, stopped: 2000 };

/** Joins the parts of a worker. @throws {ConfigError} {LockedError} in words. */
export async function createApp(config: Config, runtime: Runtime): Promise<App> {
  const { log, clock = systemClock } = runtime;
  const folder = config.imagesDir;
  await prepareFolder(folder);
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const onAbort = () => stop.abort(runtime.signal.reason);
  runtime.signal.addEventListener('abort', onAbort, { once: true });
  if (runtime.signal.aborted) onAbort();
  const onLost = () => stop.abort(new LockedError(`Another worker took over ${folder}; this one stops.`));
  const lock = await acquireLock({ folder, clock, log, onLost });
  try {
    return await joinParts(config, runtime, { stop, lock, onAbort });
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** What holds the worker's life together. */
interface Life {
  stop: AbortController;
  lock: FolderLock;
  onAbort: () => void;
}

async function joinParts(config: Config, runtime: Runtime, { stop, lock, onAbort }: Life): Promise<App> {
  const { log, clock = systemClock, random = systemRandom, events = createWorkerEvents() } = runtime;
  const { imagesDir: folder, rowTimeoutMs, healing, timeZone } = config;
  const workerId = await loadWorkerId(folder);
  const journal = createJournal({ folder, log });
  const store = createImageStore({ folder, workerId, log });
  await store.sweepTemporary((sha256) => journal.isUnfinished(sha256));
  const notion = createNotion(
    config,
    { ...runtime, signal: stop.signal },
    {
      watch: {
        answered: (status) => events.emit('notionAnswered', status),
        paused: (ms) => events.emit('notionPaused', ms),
      },
    },
  );
  const board = createNotionBoard({ notion, address: config.notion, clock, workerId });
  const budget = await openMonthlyBudget(config, { log, clock });
  const chain = await openChain(config, { log, clock, random, budget });
  logEvents(events, { log, clockSkewMs: () => notion.clockSkewMs() });
  const health = await openHealth(config, chain, { events, log, clock });
  stop.signal.addEventListener('abort', () => stop.signal.reason instanceof LockedError && events.emit('folderLost'));
  const parts = { board, events, store, journal, chain, clock, log, workerId, rowTimeoutMs, healing };
  const passes = await createPassRunner(
    {
      clock,
      log,
      events,
      board,
      budget,
      pauseFile: stateFile(statePaths(folder).paused),
      makePass: (options, { board: { maxUploadBytes }, scheduled }) =>
        makePass(
          {
            ...parts,
            maxUploadBytes,
            shrink: renderJpegWithin,
            needsImage: config.notion.statuses['needs-image'],
            timing: { scheduled, timeZone },
          },
          options,
          stop.signal,
        ),
      giveUp: (error) => stop.abort(error),
    },
    stop.signal,
  );

  return {
    sync: (options) => passes.run(options),
    async start() {
      health.watch(config);
      if (passes.pausedSince() !== undefined) events.emit('paused', true);
      const schedule = createSchedule({ ...config, clock, passes });
      const server = await openServer(config, { ...parts, signal: stop.signal, budget, health, passes, schedule });
      try {
        events.emit('listening', server.url);
        await schedule.run(stop.signal);
      } finally {
        await server.close();
      }
      if (!runtime.signal.aborted) stop.signal.throwIfAborted();
    },
    async [Symbol.asyncDispose]() {
      runtime.signal.removeEventListener('abort', onAbort);
      stop.abort(new Error('The worker has been closed.'));
      await health.close(runtime.signal.aborted ? closeGraceMs.stopped : closeGraceMs.done);
      await lock.release();
    },
  };
}
