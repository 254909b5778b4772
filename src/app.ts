import { setMaxListeners } from 'node:events';
import type { BoardFacts, PostBoard } from './core/board.ts';
import { type Clock, type Random, systemClock, systemRandom } from './core/clock.ts';
import { ConfigError, LockedError } from './core/errors.ts';
import type { Log } from './core/log.ts';
import type { Outcome } from './core/outcome.ts';
import type { Post } from './core/post.ts';
import { createScrub } from './core/secrets.ts';
import type { Config } from './config.ts';
import { drawCard } from './images/drawing.ts';
import { prepareFolder } from './images/files.ts';
import { createJournal } from './images/journal.ts';
import { acquireLock } from './images/lock.ts';
import { inspectAndRender, renderJpegWithin } from './images/renditions.ts';
import { createImageStore } from './images/store.ts';
import { loadWorkerId } from './images/worker-id.ts';
import { createNotionBoard } from './notion/board.ts';
import { createNotionClient } from './notion/client.ts';
import { createChain } from './policies/chain.ts';
import { logOutcome, logSummary } from './worker/report.ts';
import { runSchedule } from './worker/schedule.ts';
import { type PassOptions, type PassSummary, syncPosts, waitingPosts } from './worker/sync.ts';

/** What the product is given from outside. */
export interface Surroundings {
  log: Log;
  /** Ends everything: the shutdown. */
  signal: AbortSignal;
  clock?: Clock;
  random?: Random;
  /** The window of Notion's rate limit, in ms; only an emulator has another than a minute. */
  notionWindowMs?: number;
  onOutcome?: (outcome: Outcome) => void;
  onSight?: (waiting: number, more: boolean) => void;
}

/** The worker, holding its images folder until it is disposed of. */
export interface App extends AsyncDisposable {
  /** One pass. @throws {ConfigError} {BoardError} {LockedError}, or the signal's reason. */
  sync(options?: PassOptions): Promise<PassSummary>;
  /** Passes by the schedule until the signal aborts. @throws {ConfigError} {LockedError} when nobody but the operator can help. */
  start(): Promise<void>;
}

/** Joins the parts. @throws {ConfigError} {LockedError} in words. */
export async function createApp(config: Config, surroundings: Surroundings): Promise<App> {
  const { log, clock = systemClock, random = systemRandom } = surroundings;
  if (config.providers.length === 0) {
    throw new ConfigError(
      'No image provider is configured: set a key such as HUGGINGFACE_API_KEY, or add placeholder to IMAGE_PROVIDERS.',
    );
  }
  const folder = config.imagesDir;
  await prepareFolder(folder);
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const onAbort = () => stop.abort(surroundings.signal.reason);
  surroundings.signal.addEventListener('abort', onAbort, { once: true });
  if (surroundings.signal.aborted) onAbort();
  const onLost = () => stop.abort(new LockedError(`Another worker took over ${folder}; this one stops.`));
  const lock = await acquireLock({ folder, clock, log, onLost });

  const workerId = await loadWorkerId(folder);
  const journal = createJournal({ folder, log });
  const store = createImageStore({ folder, workerId, log });
  let unfinished: Set<string> | undefined;
  await store.sweepTemporary({ keep: async (sha256) => (unfinished ??= await journal.unfinishedImages()).has(sha256) });
  const board = createBoard(config, { ...surroundings, signal: stop.signal }, workerId);
  const chain = createChain(
    config.providers.map(({ create, ...settings }) => ({
      ...settings,
      provider: create({ clock, random, draw: drawCard }),
    })),
    {
      clock,
      random,
      log,
      scrub: createScrub(config.secrets),
      rowTimeoutMs: config.rowTimeoutMs,
      finish: async (bytes, size) => (await inspectAndRender(bytes, size)).png,
    },
  );
  let facts: BoardFacts | undefined;
  const parts = {
    maxUploadBytes: () => facts?.maxUploadBytes ?? 0,
    board,
    store,
    journal,
    chain,
    clock,
    log,
    workerId,
    shrink: renderJpegWithin,
    rowTimeoutMs: config.rowTimeoutMs,
    needsImage: config.notion.statuses['needs-image'],
    ...(surroundings.onSight && { onSight: surroundings.onSight }),
    onOutcome: (outcome: Outcome) => {
      logOutcome(log, outcome);
      surroundings.onOutcome?.(outcome);
    },
  };

  const sync = async (options: PassOptions = {}): Promise<PassSummary> => {
    const earlier = facts;
    facts = await board.open();
    if (!earlier) tellBoard(log, facts);
    const summary = await syncPosts(parts, options, stop.signal);
    logSummary(log, summary);
    return summary;
  };

  return {
    sync,
    async start() {
      let served = false;
      const pass = async () => {
        try {
          await sync();
          served = true;
        } catch (error) {
          // What is wrong from the start is told at once; later the schedule goes on until it is mended.
          if (!served && error instanceof ConfigError) stop.abort(error);
          throw error;
        }
      };
      await runSchedule({ schedule: config.schedule, timeZone: config.timeZone, clock, log, pass }, stop.signal);
      if (!surroundings.signal.aborted) stop.signal.throwIfAborted();
    },
    async [Symbol.asyncDispose]() {
      surroundings.signal.removeEventListener('abort', onAbort);
      stop.abort(new Error('The worker has been closed.'));
      await lock.release();
    },
  };
}

/** The rows that a pass would take now; nothing is written and no folder held. */
export async function* rowsWaiting(config: Config, surroundings: Surroundings): AsyncGenerator<Post> {
  const workerId = await loadWorkerId(config.imagesDir).catch(() => '');
  const board = createBoard(config, surroundings, workerId);
  await board.open();
  yield* waitingPosts(board, workerId, surroundings.clock ?? systemClock);
}

function createBoard(config: Config, surroundings: Surroundings, workerId: string): PostBoard {
  const { log, signal, clock = systemClock, random = systemRandom, notionWindowMs } = surroundings;
  const { token, apiUrl, requestsPerMinute, ...address } = config.notion;
  const notion = createNotionClient({
    token,
    apiUrl,
    requestsPerMinute,
    clock,
    random,
    log,
    signal,
    ...(notionWindowMs !== undefined && { windowMs: notionWindowMs }),
  });
  return createNotionBoard({ notion, address, clock, workerId, signal });
}

function tellBoard(log: Log, { title, url, missing }: BoardFacts): void {
  log.info({ url }, `Board "${title}"`);
  if (missing.length > 0) log.info({ missing }, `The board lacks optional properties: ${missing.join(', ')}`);
}
