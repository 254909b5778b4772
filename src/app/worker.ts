import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { openServer } from './server.ts';
import { createNotion, openChain, openHealth, openMonthlyBudget, pauseFile, type Runtime } from './parts.ts';
import type { BoardFacts, PostBoard } from '../core/board.ts';
import type { BudgetState } from '../core/budget.ts';
import { systemClock, systemRandom } from '../lib/clock.ts';
import { ConfigError, LockedError } from '../core/errors.ts';
import { createWorkerEvents, type WorkerEvents } from '../core/events.ts';
import { isoTime } from '../lib/dates.ts';
import type { Outcome } from '../core/outcome.ts';
import type { PassState, PassSummary } from '../core/pass.ts';
import type { Attempt } from '../core/provider.ts';
import type { Config } from '../config/config.ts';
import { prepareFolder } from '../state/files.ts';
import { createJournal } from '../state/journal.ts';
import { acquireLock, type FolderLock } from '../state/lock.ts';
import { renderJpegWithin } from '../images/render.ts';
import { createImageStore } from '../images/store.ts';
import { loadWorkerId } from '../state/worker-id.ts';
import { createNotionBoard } from '../notion/board/board.ts';
import { logEvents } from '../monitoring/log.ts';
import { createPasses } from '../worker/pass-runner.ts';
import { createSchedule } from '../worker/schedule.ts';
import { type PassOptions, syncPosts } from '../worker/pass.ts';

/** The worker, holding its images folder until it is disposed of. */
export interface App extends AsyncDisposable {
  /** One pass. @throws {ConfigError} {BoardError} {LockedError}, or the signal's reason. */
  sync(options?: PassOptions): Promise<PassSummary>;
  /**
   * Passes by the schedule, and the HTTP server, until the signal aborts.
   * @throws {ConfigError} {LockedError} when nobody but the operator can help.
   */
  start(hearer?: StartHearer): Promise<void>;
}

/** Who hears how a started worker goes. */
export interface StartHearer {
  /** The server's address. */
  listening?: (url: string) => void;
  /** Once for each good pass. */
  passed?: (summary: PassSummary) => void;
}

/** What pings and alerts on their way get to arrive: little when somebody waits for the process to end. */
const closeGraceMs = { done: 10_000, stopped: 2000 };

/** Joins the parts. @throws {ConfigError} {LockedError} in words. */
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
  const folder = config.imagesDir;
  const workerId = await loadWorkerId(folder);
  const journal = createJournal({ folder, log });
  const store = createImageStore({ folder, workerId, log });
  let unfinished: Set<string> | undefined;
  await store.sweepTemporary({ keep: async (sha256) => (unfinished ??= await journal.unfinishedImages()).has(sha256) });
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
  let facts: BoardFacts | undefined;
  let money: BudgetState | undefined;
  events.on('pass', ({ state }) => state === 'done' && money && events.emit('budget', money));
  const parts = {
    maxUploadBytes: () => facts?.maxUploadBytes ?? 0,
    board: withReadEvents(board, events),
    events,
    watch: {
      asking: (postId: string, provider: { name: string; label: string }) =>
        void events.emit('asking', postId, provider),
      attempted: (postId: string, attempt: Attempt) => void events.emit('attempt', attempt, postId),
    },
    store,
    journal,
    chain,
    clock,
    log,
    workerId,
    shrink: renderJpegWithin,
    rowTimeoutMs: config.rowTimeoutMs,
    needsImage: config.notion.statuses['needs-image'],
    healing: config.healing,
    onOutcome: (outcome: Outcome) => {
      events.emit('outcome', outcome);
    },
  };

  const open = async (): Promise<BoardFacts> => {
    facts = await board.open();
    events.emit('boardOpened', facts);
    return facts;
  };

  const sync = async (options: PassOptions = {}, scheduled = false): Promise<PassSummary> => {
    await open();
    const timing = { scheduled, timeZone: config.timeZone };
    const summary = await syncPosts({ ...parts, timing }, options, stop.signal);
    money = await budget.state();
    return summary;
  };

  /** Sees whether the board can be had, for a worker that starts paused. */
  const lookAround = async () => {
    try {
      await open();
      await parts.board.pending();
    } catch (error) {
      if (!stop.signal.aborted) log.warn({ err: error }, 'Paused, and the board cannot be read');
    }
  };

  /** One pass that was asked for once, beside any schedule. */
  const syncOnce = async (options: PassOptions = {}): Promise<PassSummary> => {
    const scope = options.pageId !== undefined ? 'row' : options.limit !== undefined ? 'limited' : 'board';
    const startedAt = isoTime(clock.now());
    const begun = { id: randomUUID(), reason: 'request', scope, requestedAt: startedAt, startedAt } as const;
    const emit = (more: Pick<PassState, 'state' | 'summary'>, error?: unknown) =>
      void events.emit(
        'pass',
        { ...begun, ...more, ...(more.state !== 'running' && { endedAt: isoTime(clock.now()) }) },
        error,
      );
    emit({ state: 'running' });
    try {
      const summary = await sync(options);
      emit({ state: 'done', summary });
      return summary;
    } catch (error) {
      emit({ state: stop.signal.aborted ? 'stopped' : 'failed' }, error);
      throw error;
    }
  };

  return {
    sync: syncOnce,
    async start({ listening, passed } = {}) {
      let served = false;
      const pass = async () => {
        try {
          const summary = await sync({ isPaused: () => passes.pausedSince() !== undefined }, true);
          served = true;
          passed?.(summary);
          return summary;
        } catch (error) {
          // What is wrong from the start is told at once; later the schedule goes on until it is mended.
          if (!served && error instanceof ConfigError) stop.abort(error);
          throw error;
        }
      };
      const passes = await createPasses({ clock, log, events, file: pauseFile(folder), pass }, stop.signal);
      health.watch(config);
      if (passes.pausedSince() !== undefined) {
        events.emit('paused', true);
        void lookAround();
      }
      const schedule = createSchedule({ ...config, clock, passes });
      const server = await openServer(config, {
        ...parts,
        signal: stop.signal,
        budget,
        health,
        passes,
        schedule,
        open,
        known: () => facts,
      });
      try {
        listening?.(server.url);
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

/** The board, whose reads of the rows that wait are events. */
function withReadEvents(board: PostBoard, events: WorkerEvents): PostBoard {
  return {
    ...board,
    async pending(options) {
      const page = await board.pending(options);
      const { posts, next } = page;
      events.emit('pendingRead', { posts, isFirst: options?.cursor === undefined, more: next !== undefined });
      return page;
    },
  };
}
