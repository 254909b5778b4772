import { setMaxListeners } from 'node:events';
import type { BoardFacts } from './core/board.ts';
import { type Clock, type Random, systemClock, systemRandom } from './core/clock.ts';
import { ConfigError, LockedError } from './core/errors.ts';
import type { ImageRequest } from './core/image.ts';
import { noJournal } from './core/journal.ts';
import type { Log } from './core/log.ts';
import type { Outcome } from './core/outcome.ts';
import type { Post } from './core/post.ts';
import { createScrub } from './core/secrets.ts';
import type { BoardlessConfig, Config } from './config.ts';
import { drawCard } from './images/drawing.ts';
import { prepareFolder, readIfPresent, writeAtomic } from './images/files.ts';
import { createJournal } from './images/journal.ts';
import { acquireLock } from './images/lock.ts';
import { inspectAndRender, renderJpegWithin } from './images/renditions.ts';
import { createImageStore } from './images/store.ts';
import { statePaths } from './images/state.ts';
import { loadWorkerId } from './images/worker-id.ts';
import { createNotionBoard } from './notion/board.ts';
import { createNotionClient, type NotionClient } from './notion/client.ts';
import { type Chain, createChain } from './policies/chain.ts';
import { openMemory } from './policies/memory.ts';
import { newEntry } from './worker/journal-entry.ts';
import { makePicture, type PicturedEntry } from './worker/picture.ts';
import { logOutcome, logSummary } from './worker/report.ts';
import { runSchedule } from './worker/schedule.ts';
import { markedPost, type PassOptions, type PassSummary, syncPosts, waitingPosts } from './worker/sync.ts';

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

/** The chain as the settings want it, with what is remembered of its providers. */
async function openChain(
  config: BoardlessConfig,
  { log, clock, random, shared = false }: { log: Log; clock: Clock; random: Random; shared?: boolean },
): Promise<Chain> {
  const { providers: file } = statePaths(config.imagesDir);
  const kept = {
    load: async () => (await readIfPresent(file))?.toString(),
    // Another worker on the folder keeps its own.
    save: async (text: string) => (shared ? undefined : writeAtomic(file, text)),
  };
  const rungs = config.providers.map(({ create, ...settings }) => {
    return { ...settings, provider: create({ clock, random, draw: drawCard }) };
  });
  return createChain(rungs, {
    clock,
    random,
    log,
    scrub: createScrub(config.secrets),
    rowTimeoutMs: config.rowTimeoutMs,
    memory: await openMemory(kept, log),
    finish: async (bytes, size) => (await inspectAndRender(bytes, size)).png,
  });
}

/** Clocks that differ less than this are taken to agree. */
const worthTellingSkewMs = 120_000;

/** Joins the parts. @throws {ConfigError} {LockedError} in words. */
export async function createApp(config: Config, surroundings: Surroundings): Promise<App> {
  const { log, clock = systemClock, random = systemRandom } = surroundings;
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
  const notion = createNotion(config, { ...surroundings, signal: stop.signal });
  const board = createNotionBoard({ notion, address: config.notion, clock, workerId, signal: stop.signal });
  const chain = await openChain(config, { log, clock, random });
  let facts: BoardFacts | undefined;
  let clockTold = false;
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

  const sync = async (options: PassOptions = {}, scheduled = false): Promise<PassSummary> => {
    const earlier = facts;
    facts = await board.open();
    if (!earlier) tellBoard(log, facts);
    clockTold ||= tellClock(log, notion.clockSkewMs());
    const timing = { scheduled, timeZone: config.timeZone };
    const summary = await syncPosts({ ...parts, timing }, options, stop.signal);
    logSummary(log, summary);
    return summary;
  };

  return {
    sync: (options) => sync(options),
    async start() {
      let served = false;
      const pass = async () => {
        try {
          await sync({}, true);
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

/** One picture by the chain, without a board, into the images folder; beside a running worker too. */
export async function generatePicture(
  config: BoardlessConfig,
  request: ImageRequest,
  surroundings: Surroundings,
): Promise<PicturedEntry> {
  const { log, signal, clock = systemClock, random = systemRandom } = surroundings;
  const folder = config.imagesDir;
  await prepareFolder(folder);
  const lock = await acquireLock({ folder, clock, log, onLost: () => undefined }).catch((error: unknown) => {
    if (error instanceof LockedError) return undefined;
    throw error;
  });
  try {
    const chain = await openChain(config, { log, clock, random, shared: lock === undefined });
    const store = createImageStore({ folder, workerId: await loadWorkerId(folder), log });
    const parts = {
      chain,
      store,
      journal: noJournal,
      clock,
      log,
      shrink: renderJpegWithin,
      rowTimeoutMs: config.rowTimeoutMs,
    };
    return await makePicture(newEntry('none', '', 0), request, parts, signal);
  } finally {
    await lock?.release();
  }
}

/** The rows that a pass would take now; nothing is written and no folder held. */
export async function* rowsWaiting(
  config: Config,
  surroundings: Surroundings,
  options: Pick<PassOptions, 'pageId'> = {},
): AsyncGenerator<Post> {
  const { log, signal, clock = systemClock } = surroundings;
  const workerId = await loadWorkerId(config.imagesDir).catch(() => '');
  const notion = createNotion(config, surroundings);
  const board = createNotionBoard({ notion, address: config.notion, clock, workerId, signal });
  await board.open();
  tellClock(log, notion.clockSkewMs());
  if (options.pageId === undefined) yield* waitingPosts(board, workerId, clock);
  else yield await markedPost(board, options.pageId);
}

function createNotion({ notion }: Config, surroundings: Surroundings): NotionClient {
  const { log, signal, clock = systemClock, random = systemRandom, notionWindowMs } = surroundings;
  const { token, apiUrl, requestsPerMinute } = notion;
  return createNotionClient({
    token,
    apiUrl,
    requestsPerMinute,
    clock,
    random,
    log,
    signal,
    ...(notionWindowMs !== undefined && { windowMs: notionWindowMs }),
  });
}

function tellBoard(log: Log, { title, url, missing }: BoardFacts): void {
  log.info({ url }, `Board "${title}"`);
  if (missing.length > 0) log.info({ missing }, `The board lacks optional properties: ${missing.join(', ')}`);
}

/** Warns of a clock that differs from Notion's; true when it did. */
function tellClock(log: Log, skewMs = 0): boolean {
  if (Math.abs(skewMs) < worthTellingSkewMs) return false;
  const side = skewMs > 0 ? 'behind' : 'ahead of';
  const words = `This machine's clock is ${timeSpan(Math.abs(skewMs))} ${side} Notion's: set it right, best by network time (NTP).`;
  log.warn({ skewMs }, `${words} Until then the times in file names and on rows are wrong; nothing else is.`);
  return true;
}

function timeSpan(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  return minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`;
}
