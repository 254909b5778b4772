import type { BoardlessConfig, Config, InitConfig, SettingsReport } from '../config/config.ts';
import { LockedError } from '../core/errors.ts';
import type { Finding } from '../core/finding.ts';
import type { ImageRequest } from '../core/image.ts';
import type { Post } from '../core/post.ts';
import { checkFonts } from '../drawing/check-fonts.ts';
import { drawPlaceholder } from '../drawing/placeholder.ts';
import { type Generation, generateImage } from '../generation/generate.ts';
import { createImageStore } from '../images/store.ts';
import { systemClock, systemRandom } from '../lib/clock.ts';
import { warnOfClock } from '../monitoring/log.ts';
import { createNotionBoard } from '../notion/board/board.ts';
import type { NotionClient } from '../notion/client/client.ts';
import { describeClockSkew } from '../notion/client/clock-skew.ts';
import { checkBoard } from '../notion/schema/check.ts';
import { missingInBoard, repairBoard } from '../notion/schema/repair.ts';
import { checkServer } from '../server/check.ts';
import { checkProviders } from '../setup/check-providers.ts';
import { runChecks } from '../setup/doctor.ts';
import { type BoardMaker, createBoardMaker } from '../setup/init.ts';
import type { DatabaseRepair } from '../setup/repair.ts';
import { checkFolder } from '../state/check-folder.ts';
import { prepareFolder } from '../state/files.ts';
import { acquireLock } from '../state/lock.ts';
import { statePaths } from '../state/paths.ts';
import { openMemory } from '../state/provider-memory.ts';
import { stateFile } from '../state/state-file.ts';
import { loadWorkerId } from '../state/worker-id.ts';
import type { PassOptions } from '../worker/pass.ts';
import { findMarked, waitingRows } from '../worker/row-source.ts';
import { type Runtime, createNotion, openChain, openMonthlyBudget } from './parts.ts';

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

/** What doctor is given from outside. */
export interface DoctorRuntime extends Runtime {
  nodeVersion?: string;
  envFile?: string;
  freeBytes?: (folder: string) => Promise<number>;
}

/** How long doctor and init wait for a Notion that does not answer. */
const outageMs = 15_000;

/** The checks of `doctor`, which may run beside a worker. */
export function runDoctor({ config, problems }: SettingsReport, runtime: DoctorRuntime): AsyncGenerator<Finding> {
  const { log, signal, clock = systemClock, random = systemRandom, freeBytes } = runtime;
  const { nodeVersion = process.versions.node, envFile = '.env' } = runtime;
  let notion: NotionClient | undefined;
  const providers = config.providers.map(({ create, label, account, model = label }) => {
    return { provider: create({ clock, random, draw: drawPlaceholder }), account, model };
  });
  return runChecks({
    settingsProblems: problems,
    nodeVersion,
    envFile,
    // Made only when it is asked for: it refuses settings that are wrong.
    board: () => checkBoard((notion = createNotion(config, runtime, { outageMs })), config.notion),
    async providers() {
      const memory = await openMemory(stateFile(statePaths(config.imagesDir).providers), log);
      return checkProviders(providers, { memory, now: clock.now(), signal });
    },
    folder: () => checkFolder(config.imagesDir, clock, freeBytes),
    server: () => checkServer(config.server),
    clockProblem: () => describeClockSkew(notion?.clockSkewMs()),
    fonts: () => checkFonts(),
  });
}

/** What `doctor --fix` does: lists what the board lacks, and adds it. */
export function openRepair(config: Config, runtime: Runtime): DatabaseRepair {
  const notion = createNotion(config, runtime, { outageMs });
  return { lacking: () => missingInBoard(notion, config.notion), add: () => repairBoard(notion, config.notion) };
}

/** What `init` does: lists the pages it may work under, and creates a board. */
export function openInit(config: InitConfig, runtime: Runtime): BoardMaker {
  return createBoardMaker(createNotion(config, runtime, { outageMs }), config.notion);
}
