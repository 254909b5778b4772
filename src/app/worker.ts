import { setMaxListeners } from 'node:events';
import type { Budget } from '../chain/budget.ts';
import type { Chain } from '../chain/chain.ts';
import type { Config } from '../config/config.ts';
import type { PostBoard } from '../core/board.ts';
import { LockedError } from '../core/errors.ts';
import { createWorkerEvents, type WorkerEvents } from '../core/events.ts';
import type { PassSummary } from '../core/pass.ts';
import { generateImage } from '../generation/generate.ts';
import { createGallery, createUserGalleries, isBoardImage } from '../images/gallery.ts';
import { renderJpegWithin } from '../images/render.ts';
import { createImageStore } from '../images/store.ts';
import { createThumbnails } from '../images/thumbnail.ts';
import { createUploadStore, uploadsFolder } from '../images/upload-store.ts';
import { type Clock, systemClock, systemRandom } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { createRedact } from '../lib/redact.ts';
import { readVersion } from '../lib/version.ts';
import type { Health } from '../monitoring/health/health.ts';
import { logEvents } from '../monitoring/log.ts';
import { readBoard } from '../monitoring/overview/board-view.ts';
import { createNotionBoard } from '../notion/board/board.ts';
import { isNotionItself } from '../notion/settings.ts';
import { createNotices } from '../notion/webhook/webhook.ts';
import { withUnconfigured } from '../providers/registry.ts';
import { createImageJobs } from '../server/image-jobs.ts';
import type { ServerParts } from '../server/parts.ts';
import { prepareFolder } from '../state/files.ts';
import { createJournal } from '../state/journal.ts';
import { acquireLock, type FolderLock } from '../state/lock.ts';
import { statePaths } from '../state/paths.ts';
import { stateFile } from '../state/state-file.ts';
import { saveWebhookToken } from '../state/webhook-token.ts';
import { loadWorkerId } from '../state/worker-id.ts';
import { createPassRunner, type PassRunner } from '../worker/pass-runner.ts';
import { makePass, type PassOptions } from '../worker/pass.ts';
import { markAgain } from '../worker/row-source.ts';
import { createSchedule, type Schedule } from '../worker/schedule.ts';
import { createNotion, openChain, openHealth, openMonthlyBudget, type Runtime } from './parts.ts';

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
      const served = { ...parts, signal: stop.signal, budget, health, passes, schedule };
      // Loaded here, so that a single pass does not wait for the HTTP framework.
      const { startServer } = await import('../server/server.ts');
      const server = await startServer(joinServerParts(config, served), config.server);
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

/** The parts of a running worker that its HTTP server shows and uses. */
interface WorkerParts {
  clock: Clock;
  log: Log;
  signal: AbortSignal;
  events: WorkerEvents;
  workerId: string;
  board: PostBoard;
  chain: Chain;
  budget: Budget;
  health: Health;
  passes: PassRunner;
  schedule: Schedule;
}

function joinServerParts(config: Config, worker: WorkerParts): ServerParts {
  const { clock, log, signal, events, workerId, board, chain, budget, health, passes, schedule } = worker;
  const { imagesDir: folder, rowTimeoutMs, server: settings } = config;
  const { tally } = statePaths(folder);
  const facts = async () => passes.board() ?? (await passes.openBoard());
  const gallery = createGallery({ folder, isImage: isBoardImage, clock, log });
  const galleries = createUserGalleries(folder, { clock, log });
  events.on('outcome', (outcome) => outcome.kind === 'done' && gallery.added(outcome.image.path));
  return {
    clock,
    log,
    redact: createRedact(config.secrets),
    signal,
    events,
    version: readVersion(),
    schedule,
    providers: withUnconfigured(config.providers),
    chain,
    generate: createImageJobs({
      chain,
      galleries,
      events,
      clock,
      log,
      rowTimeoutMs,
      storeOf: (userId) => createUploadStore({ folder, workerId, userId }),
      generateImage,
    }),
    passes,
    board: {
      isOnNotion: isNotionItself(config.notion.apiUrl),
      look: async () => readBoard({ board, events }, await facts()),
      async retry(postId) {
        await facts();
        return markAgain(board, postId);
      },
    },
    budget,
    health,
    images: gallery,
    uploads: galleries,
    folders: { images: folder, uploads: uploadsFolder(folder) },
    thumbnail: createThumbnails({ log }),
    notice: createNotices({
      verificationToken: settings.notionWebhookToken,
      secret: settings.webhookSecret,
      clock,
      log,
      saveToken: (token) => saveWebhookToken(folder, token, clock.now()),
      board: () => passes.board()?.ids,
      marked: (postId) => void passes.request('notice', postId),
    }),
    tally: stateFile(tally),
  };
}
