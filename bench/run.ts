// What the speed claims rest on: `npm run bench`. Medians of several runs; nothing here is asserted.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createApp } from '../src/app/worker.ts';
import { readConfig } from '../src/config/config.ts';
import { createWorkerEvents } from '../src/core/events.ts';
import { silentLog } from '../src/lib/log.ts';
import { startEmbeddedBoard } from '../src/emulators/notion/embedded-board.ts';
import { demoProperties } from '../src/cli/demo/demo.ts';
import { drawPlaceholder } from '../src/drawing/placeholder.ts';
import { inspectAndRender } from '../src/images/render.ts';
import { table } from '../src/cli/terminal/tables.ts';

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

async function time(runs: number, work: () => Promise<unknown>): Promise<number> {
  await work();
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const startedAt = performance.now();
    await work();
    times.push(performance.now() - startedAt);
  }
  return median(times);
}

async function pass(rows: number, limit: number, windowMs: number) {
  const board = await startEmbeddedBoard({ rateLimit: { requests: limit, windowMs } });
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  try {
    const database = board.createDatabase('Bench', demoProperties());
    for (let row = 0; row < rows; row += 1) {
      database.addRow({
        Name: `Post ${row}`,
        Prompt: `Picture ${row}`,
        Status: 'Needs image',
        Width: 256,
        Height: 256,
      });
    }
    const config = readConfig({
      NOTION_TOKEN: board.token,
      NOTION_DATABASE_ID: database.id,
      NOTION_API_URL: board.url,
      NOTION_REQUESTS_PER_MINUTE: String(limit),
      IMAGE_PROVIDERS: 'placeholder',
      IMAGES_DIR: folder,
    });
    const signal = new AbortController().signal;
    await using app = await createApp(config, { log: silentLog, signal, notionWindowMs: windowMs });
    const startedAt = performance.now();
    await app.sync();
    return { msPerRow: (performance.now() - startedAt) / rows, requestsPerRow: board.count() / rows };
  } finally {
    await board.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Ms from a notice that a row was marked to its first mark as taken, and the slowest look at /healthz meanwhile. */
async function notices(count: number) {
  const board = await startEmbeddedBoard({ rateLimit: { requests: 1_000_000, windowMs: 60_000 } });
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  const stop = new AbortController();
  try {
    const database = board.createDatabase('Bench', demoProperties());
    const config = readConfig({
      NOTION_TOKEN: board.token,
      NOTION_DATABASE_ID: database.id,
      NOTION_API_URL: board.url,
      NOTION_REQUESTS_PER_MINUTE: '1000000',
      IMAGE_PROVIDERS: 'placeholder',
      IMAGES_DIR: folder,
      PORT: '0',
      SYNC_SCHEDULE: '0 0 1 1 *',
      WEBHOOK_SECRET: 'bench',
    });
    const events = createWorkerEvents();
    await using app = await createApp(config, { log: silentLog, signal: stop.signal, events });
    let running: Promise<void> | undefined;
    const url = await new Promise<string>((resolve, reject) => {
      events.once('listening', resolve);
      running = app.start();
      running.catch(reject);
    });
    const taken: number[] = [];
    const healthz: number[] = [];
    for (let notice = 0; notice < count; notice += 1) {
      const id = database.addRow({ Name: 'Post', Prompt: 'Picture', Status: 'Needs image' });
      const startedAt = performance.now();
      await fetch(`${url}/webhooks/notion`, { method: 'POST', headers: { 'x-webhook-secret': 'bench' } });
      while (database.row(id).values['Status'] === 'Needs image') await delay(1);
      taken.push(performance.now() - startedAt);
      while (database.row(id).values['Status'] !== 'Image ready') {
        const askedAt = performance.now();
        await (await fetch(`${url}/healthz`)).text();
        healthz.push(performance.now() - askedAt);
      }
    }
    stop.abort(new Error('The bench is done.'));
    await running;
    return { takenMs: median(taken), slowestTakenMs: Math.max(...taken), slowestHealthzMs: Math.max(...healthz) };
  } finally {
    await board.close();
    await rm(folder, { recursive: true, force: true });
  }
}

const placeholder = { headline: 'Autumn soup: five recipes under 20 minutes', seed: 7 };
const square = await drawPlaceholder({ ...placeholder, width: 1080, height: 1080 });
const rows: [string, string][] = [
  [
    'a placeholder of 1080 × 1080',
    `${(await time(15, () => drawPlaceholder({ ...placeholder, width: 1080, height: 1080 }))).toFixed(0)} ms`,
  ],
  [
    'a placeholder of 256 × 256',
    `${(await time(15, () => drawPlaceholder({ ...placeholder, width: 256, height: 256 }))).toFixed(0)} ms`,
  ],
  [
    'proving and encoding 1080 × 1080',
    `${(await time(15, () => inspectAndRender(square.bytes, { width: 1080, height: 1080 }))).toFixed(0)} ms`,
  ],
];
const open = await pass(200, 1_000_000, 60_000);
rows.push([
  'a row with room in the window',
  `${open.msPerRow.toFixed(0)} ms, ${open.requestsPerRow.toFixed(2)} requests`,
]);
const crowded = await pass(250, 60, 3000);
rows.push(['a row while rows wait on the window', `${crowded.requestsPerRow.toFixed(2)} requests`]);
const noticed = await notices(30);
rows.push([
  'from a notice to the row being taken',
  `${noticed.takenMs.toFixed(0)} ms, at most ${noticed.slowestTakenMs.toFixed(0)} ms`,
]);
rows.push(['/healthz while a row is served', `at most ${noticed.slowestHealthzMs.toFixed(0)} ms`]);
process.stdout.write(`${table(['What', 'Median'], rows)}\n`);
