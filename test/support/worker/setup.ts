import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect } from 'vitest';
import { type App, createApp } from '../../../src/app/worker.ts';
import type { Runtime } from '../../../src/app/parts.ts';
import { readConfig } from '../../../src/config/config.ts';
import { silentLog } from '../../../src/lib/log.ts';
import { createWorkerEvents } from '../../../src/core/events.ts';
import type { Outcome } from '../../../src/core/outcome.ts';
import type { BoardDatabase } from '../../../src/emulators/notion/board-database.ts';
import { type EmbeddedBoard, startEmbeddedBoard } from '../../../src/emulators/notion/embedded-board.ts';
import type { EmbeddedBoardOptions } from '../../../src/emulators/notion/options.ts';
import { demoProperties } from '../../../src/cli/demo/demo.ts';
import { createRandom } from '../random.ts';
import { seed } from '../seed.ts';
import { loadNotionContract } from '../../contracts/notion-schemas.ts';

const open: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

/** What tests of the worker stand on: a board that checks every exchange against Notion's contract, and an images folder. */
export interface WorkerRig {
  board: EmbeddedBoard;
  database: BoardDatabase;
  folder: string;
  variables: Record<string, string>;
  outcomes: Outcome[];
  /** A worker on the folder; it is disposed of after the test. */
  worker(overrides?: Record<string, string>, runtime?: Partial<Runtime>): Promise<App>;
  /** One pass of a worker of its own. */
  pass(overrides?: Record<string, string>, runtime?: Partial<Runtime>): ReturnType<App['sync']>;
  /** Adds so many marked rows of the smallest size. */
  addRows(count: number, values?: Record<string, unknown>): string[];
  /** The words in one cell of a row; empty when they are no words. */
  text(id: string, property: string): string;
  pictures(): Promise<string[]>;
  file(name: string): Promise<Buffer>;
}

export async function openWorkerRig(options: EmbeddedBoardOptions = {}): Promise<WorkerRig> {
  const board = await startEmbeddedBoard({ rateLimit: { requests: 1_000_000, windowMs: 60_000 }, ...options });
  open.push(() => board.close());
  const contract = await loadNotionContract();
  const violations: string[] = [];
  board.onExchange((exchange) => {
    // Without a JSON answer there was a fault on purpose.
    if (typeof exchange.responseBody !== 'object') return;
    violations.push(...contract.check(exchange));
  });
  open.push(async () => expect(violations.slice(0, 3)).toEqual([]));
  const folder = await mkdtemp(join(tmpdir(), 'pictures-'));
  open.push(() => rm(folder, { recursive: true, force: true }));
  const database = board.createDatabase('Facebook posts', demoProperties());
  const outcomes: Outcome[] = [];
  const variables = {
    NOTION_TOKEN: board.token,
    NOTION_DATABASE_ID: database.id,
    NOTION_API_URL: board.url,
    NOTION_REQUESTS_PER_MINUTE: '1000000',
    IMAGE_PROVIDERS: 'placeholder',
    IMAGES_DIR: folder,
    PORT: '0',
  };

  const worker: WorkerRig['worker'] = async (overrides = {}, runtime = {}) => {
    const events = createWorkerEvents();
    events.on('outcome', (outcome) => outcomes.push(outcome));
    const app = await createApp(readConfig({ ...variables, ...overrides }), {
      log: silentLog,
      random: createRandom(seed),
      signal: new AbortController().signal,
      events,
      ...runtime,
    });
    open.push(async () => app[Symbol.asyncDispose]());
    return app;
  };

  return {
    board,
    database,
    folder,
    variables,
    outcomes,
    worker,
    async pass(overrides, runtime) {
      const app = await worker(overrides, runtime);
      try {
        return await app.sync();
      } finally {
        await app[Symbol.asyncDispose]();
      }
    },
    addRows: (count, values = {}) =>
      Array.from({ length: count }, (_, index) =>
        database.addRow({
          Name: `Post ${index}`,
          Prompt: `Picture ${index}`,
          Status: 'Needs image',
          Width: 256,
          Height: 256,
          ...values,
        }),
      ),
    text(id, property) {
      const value = database.row(id).values[property];
      return typeof value === 'string' ? value : '';
    },
    pictures: async () => (await readdir(folder)).filter((name) => /\.(png|jpg)$/.test(name)).toSorted(),
    file: (name) => readFile(join(folder, name)),
  };
}

/** Everything left under `.state/tmp`. */
export async function strayFiles(folder: string): Promise<string[]> {
  const names = await readdir(join(folder, '.state'), { recursive: true });
  return names.filter((name) => name.endsWith('.tmp') || /^tmp[/\\][^/\\]+[/\\]/.test(name));
}
