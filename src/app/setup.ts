import { createNotion, type Runtime } from './parts.ts';
import type { Config, InitConfig, SettingsReport } from '../config/config.ts';
import { systemClock, systemRandom } from '../lib/clock.ts';
import type { Finding } from '../core/finding.ts';
import { checkFonts } from '../drawing/check-fonts.ts';
import { drawPlaceholder } from '../drawing/placeholder.ts';
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
import { statePaths } from '../state/paths.ts';
import { openMemory } from '../state/provider-memory.ts';
import { stateFile } from '../state/state-file.ts';

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
