import { createNotion, openChain, openMonthlyBudget, type Runtime } from './parts.ts';
import { systemClock, systemRandom } from '../lib/clock.ts';
import { LockedError } from '../core/errors.ts';
import type { ImageRequest } from '../core/image.ts';
import type { Post } from '../core/post.ts';
import type { BoardlessConfig, Config } from '../config/config.ts';
import { generateImage, type Generation } from '../generation/generate.ts';
import { createImageStore } from '../images/store.ts';
import { warnOfClock } from '../monitoring/log.ts';
import { createNotionBoard } from '../notion/board/board.ts';
import { prepareFolder } from '../state/files.ts';
import { acquireLock } from '../state/lock.ts';
import { loadWorkerId } from '../state/worker-id.ts';
import type { PassOptions } from '../worker/pass.ts';
import { findMarked, waitingRows } from '../worker/row-source.ts';

/** One image by the chain, without a board, into the images folder; beside a running worker too. */
export async function generateOnce(
  config: BoardlessConfig,
  request: ImageRequest,
  runtime: Runtime,
): Promise<Generation> {
  const { log, signal, clock = systemClock, random = systemRandom } = runtime;
  const { imagesDir: folder, rowTimeoutMs } = config;
  await prepareFolder(folder);
  const lock = await acquireLock({ folder, clock, log, onLost: () => undefined }).catch((error: unknown) => {
    if (error instanceof LockedError) return undefined;
    throw error;
  });
  try {
    const budget = await openMonthlyBudget(config, { log, clock });
    const chain = await openChain(config, { log, clock, random, budget, shared: lock === undefined });
    const store = createImageStore({ folder, workerId: await loadWorkerId(folder), log });
    const owner = { postId: 'none', generation: 0 };
    return await generateImage({ request, owner }, { chain, store, clock, log, rowTimeoutMs }, signal);
  } finally {
    await lock?.release();
  }
}

/** The rows that a pass would take now; nothing is written and no folder held. */
export async function* rowsWaiting(
  config: Config,
  runtime: Runtime,
  options: Pick<PassOptions, 'pageId'> = {},
): AsyncGenerator<Post> {
  const { log, clock = systemClock } = runtime;
  const workerId = await loadWorkerId(config.imagesDir).catch(() => '');
  const notion = createNotion(config, runtime);
  const board = createNotionBoard({ notion, address: config.notion, clock, workerId });
  await board.open();
  warnOfClock(log, notion.clockSkewMs());
  if (options.pageId === undefined) yield* waitingRows({ board, workerId, clock });
  else yield await findMarked(board, options.pageId);
}
