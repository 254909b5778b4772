import { createNotion, type Runtime } from './parts.ts';
import type { Config, InitConfig, SettingsReport } from '../config/config.ts';
import { systemClock, systemRandom } from '../lib/clock.ts';
import type { Finding } from '../core/finding.ts';
import { drawPlaceholder } from '../drawing/placeholder.ts';
import { examineFolder } from '../state/check-folder.ts';
import { examineFonts } from '../drawing/check-fonts.ts';
import { clockTrouble } from '../notion/client/clock-skew.ts';
import { addSampleRow, createDatabase, sharedPages } from '../notion/schema/create-database.ts';
import { examineBoard } from '../notion/schema/check.ts';
import { lacking, repairBoard } from '../notion/schema/schema-repair.ts';
import { statePaths } from '../state/paths.ts';
import { stateFile } from '../state/state-file.ts';
import { openMemory } from '../state/provider-memory.ts';
import { describeLockout } from '../messages/failures.ts';
import { examineServer } from '../server/check.ts';
import type { DatabaseRepair } from '../setup/doctor-dialogue.ts';
import { examine } from '../setup/doctor.ts';
import { createBoard } from '../setup/init.ts';
import type { BoardMaker } from '../setup/init.ts';

/** What doctor is given from outside. */
export interface DoctorRuntime extends Runtime {
  nodeVersion?: string;
  envFile?: string;
  freeBytes?: (folder: string) => Promise<number>;
}

/** How long doctor and init wait for a Notion that does not answer. */
const impatienceMs = 15_000;

/** Looks at everything the worker needs, beside a running one too, as far as the settings lead there. */
export function runDoctor({ config, problems }: SettingsReport, runtime: DoctorRuntime): AsyncGenerator<Finding> {
  const { log, signal, clock = systemClock, random = systemRandom, freeBytes } = runtime;
  const { nodeVersion = process.versions.node, envFile = '.env' } = runtime;
  const beyondBoard = problems.filter((problem) => !problem.startsWith('NOTION_DATABASE_ID '));
  const leadToNotion = beyondBoard.every((problem) => !problem.startsWith('NOTION_'));
  const leadToProviders = problems.every((problem) => problem.startsWith('NOTION_'));
  const notion = leadToNotion ? createNotion(config, runtime, { outageMs: impatienceMs }) : undefined;
  const providers = async () => {
    const memory = await openMemory(stateFile(statePaths(config.imagesDir).providers), log);
    const patients = config.providers.map(({ create, name, label, account, model = label }) => {
      const lockout = memory.recall({ name, account, model });
      return {
        provider: create({ clock, random, draw: drawPlaceholder }),
        remembered: lockout && describeLockout(lockout, clock.now()),
      };
    });
    await memory.forget();
    return patients;
  };
  return examine({
    settingsProblems: problems,
    nodeVersion,
    envFile,
    signal,
    ...(notion && { board: () => examineBoard(notion, config.notion) }),
    ...(leadToProviders && { providers }),
    folder: () => examineFolder(config.imagesDir, clock, freeBytes),
    server: () => examineServer(config.server),
    clockTrouble: () => clockTrouble(notion?.clockSkewMs()),
    fonts: () => examineFonts(),
  });
}

/** What `doctor --fix` does: tells what the board lacks, and adds it. */
export function openRepair(config: Config, runtime: Runtime): DatabaseRepair {
  const notion = createNotion(config, runtime, { outageMs: impatienceMs });
  return { lacking: () => lacking(notion, config.notion), add: () => repairBoard(notion, config.notion) };
}

/** What `init` does: lists the pages it may work under, and creates a board. */
export function openInit(config: InitConfig, runtime: Runtime): BoardMaker {
  const notion = createNotion(config, runtime, { outageMs: impatienceMs });
  return {
    pages: () => sharedPages(notion),
    create: (pageId: string) =>
      createBoard({
        createDatabase: (title) => createDatabase(notion, { ...config.notion, pageId, title }),
        addRow: (dataSourceId, post) => addSampleRow(notion, dataSourceId, post, config.notion),
      }),
  };
}
