import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, expect, it } from 'vitest';
import type { App } from '../../src/app/worker.ts';
import { createRedact } from '../../src/lib/redact.ts';
import type { FaultKind } from '../../src/emulators/notion/faults.ts';
import { type EmulatedBehaviour, startEmulatedHuggingFace } from '../../src/emulators/hugging-face/server.ts';
import { createLog } from '../../src/cli/terminal/log.ts';
import { startAutomatic1111 } from '../support/fakes/automatic1111.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createRandom } from '../support/random.ts';
import { seed } from '../support/seed.ts';
import { openWorkerRig, strayFiles } from '../support/worker/setup.ts';

const hours = Number(process.env['WEEK_HOURS'] ?? 168);
/** Between two looks at the board. */
const stepHours = 4;
const hourMs = 3_600_000;
const canaries = { token: 'ntn_canary7token', key: 'hf_canary7key', login: 'canary7user:canary7password' };

const boardFaults: FaultKind[] = [
  'conflict_409',
  'rate_limited_429',
  'error_500',
  'bad_gateway_502_html',
  'unavailable_503',
  'committed_503',
  'gateway_timeout_504',
  'overload_529',
  'reset',
  'html_200',
  'empty_200',
  'truncated',
];

const moods: EmulatedBehaviour[] = [
  'ok',
  'ok',
  'out_of_credit',
  () => ({ status: 503, body: { error: 'Model is currently loading', estimated_time: 3 } }),
  () => ({ status: 500, body: { error: `fault for ${canaries.key}` } }),
  () => ({ status: 200, headers: { 'content-type': 'text/html' }, body: '<html>busy</html>' }),
  () => ({ status: 429, headers: { 'retry-after': '600' }, body: { error: 'Too many requests' } }),
  () => ({ status: 401, body: { error: `Invalid token ${canaries.key}` } }),
];

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

it(
  `comes through ${hours} hours of faults, restarts, editors at work and credit that comes and goes`,
  { timeout: 900_000 },
  async () => {
    const random = createRandom(seed);
    const pick = <T>(items: readonly T[]): T | undefined => items[Math.floor(random() * items.length)];
    const chance = (probability: number) => random() < probability;
    const clock = createFakeClock(Date.UTC(2026, 10, 21));
    const rig = await openWorkerRig({ clock, token: canaries.token, rateLimit: { requests: 180, windowMs: 60_000 } });
    const huggingFace = await startEmulatedHuggingFace({ behaviour: 'ok' });
    const stableDiffusion = await startAutomatic1111({ login: canaries.login });
    open.push(
      () => huggingFace.close(),
      () => stableDiffusion.close(),
    );
    rig.database.setPropertySchema('Status', {
      status: {
        options: ['Needs image', 'Generating', 'Image ready', 'Failed', 'Approved', 'Draft'].map((name) => ({ name })),
      },
    });
    const alerts = await startAlertInbox();
    const lines: string[] = [];
    const log = createLog({
      level: 'debug',
      redact: createRedact(Object.values(canaries)),
      destination: { write: (line) => void lines.push(line) },
    });
    const settings = {
      NOTION_REQUESTS_PER_MINUTE: '180',
      IMAGE_PROVIDERS: 'huggingface,stable-diffusion,placeholder',
      HUGGINGFACE_API_KEY: canaries.key,
      HF_ENDPOINT: huggingFace.url,
      HF_HUB_URL: huggingFace.hubUrl,
      SD_ENABLED: 'true',
      SD_API_URL: stableDiffusion.url,
      SD_API_AUTH: canaries.login,
      ALERT_WEBHOOK_URL: alerts.url,
    };

    let app: App | undefined;
    const pass = async (stopAfterMs?: number) => {
      const stop = new AbortController();
      const timer =
        stopAfterMs === undefined ? undefined : setTimeout(() => stop.abort(new Error('stopped')), stopAfterMs);
      if (stopAfterMs !== undefined || chance(0.1)) await app?.[Symbol.asyncDispose]();
      if (stopAfterMs !== undefined || chance(0.1) || !app) {
        await app?.[Symbol.asyncDispose]();
        app = await rig.worker(settings, { clock, random, log, signal: stop.signal });
      }
      try {
        await app.sync();
      } catch {
        // A pass may end early; the next one goes on.
        await app[Symbol.asyncDispose]();
        app = undefined;
      } finally {
        clearTimeout(timer);
        if (stopAfterMs !== undefined) {
          await app?.[Symbol.asyncDispose]();
          app = undefined;
        }
      }
    };

    const ids: string[] = [];
    const deleted = new Set<string>();
    const editorsAtWork = () => {
      ids.push(...rig.addRows(1 + Math.floor(random() * 4)));
      const id = pick(ids.filter((each) => !deleted.has(each))) ?? '';
      const status = rig.text(id, 'Status');
      const act = Math.floor(random() * 6);
      if (act === 0) rig.database.edit(id, { Prompt: `Another picture ${Math.floor(random() * 1000)}` });
      if (act === 1 && status !== 'Generating') rig.database.edit(id, { Status: 'Draft' });
      if (act === 2 && ['Image ready', 'Failed', 'Draft'].includes(status)) {
        rig.database.edit(id, { Status: 'Needs image' });
      }
      if (act === 3 && status === 'Image ready') rig.database.edit(id, { Status: 'Approved' });
      if (act === 4 && chance(0.3)) {
        rig.database.trash(id);
        deleted.add(id);
      }
    };

    const memory: number[] = [];
    for (let hour = 0; hour < hours; hour += stepHours) {
      clock.advance(stepHours * hourMs);
      rig.board.clearFaults();
      for (let faults = Math.floor(random() * 4); faults > 0; faults -= 1) {
        rig.board.fault({
          kind: pick(boardFaults) ?? 'reset',
          nth: 1 + Math.floor(random() * 40),
          afterCommit: chance(0.5),
        });
      }
      if (chance(0.3)) huggingFace.set(pick(moods) ?? 'ok');
      stableDiffusion.behaviour.login = chance(0.2) ? 'other:login' : canaries.login;
      editorsAtWork();
      await pass(chance(0.15) ? 20 + random() * 400 : undefined);
      if (hour % 24 === 0) memory.push(heapAfterCollection());
    }

    rig.board.clearFaults();
    huggingFace.set('ok');
    stableDiffusion.behaviour.login = canaries.login;
    for (let rest = 0; rest < 8; rest += 1) {
      clock.advance(25 * hourMs);
      await pass();
    }

    for (const id of ids) {
      if (deleted.has(id)) continue;
      const { values } = rig.database.row(id);
      const where = `seed ${seed}, row ${id}: ${JSON.stringify({ ...values, Image: undefined })}`;
      expect(['Image ready', 'Approved', 'Draft', 'Failed'], where).toContain(values['Status']);
      const isTold = values['Status'] !== 'Failed' || /\. .*Needs image/.test(rig.text(id, 'Error'));
      expect(isTold, where).toBe(true);
      if (values['Status'] !== 'Image ready') continue;
      const files = Array.isArray(values['Image']) ? values['Image'] : [];
      expect(
        files.map(({ name }) => name),
        where,
      ).toEqual([values['Image file']]);
      const onDisk = await rig.file(rig.text(id, 'Image file'));
      expect(Buffer.compare(Buffer.from(files[0]?.bytes ?? []), onDisk), where).toBe(0);
    }
    expect(await strayFiles(rig.folder)).toEqual([]);

    // The same trouble is told again only after it was told that it had passed.
    const standing = new Set<string>();
    for (const text of alerts.texts) {
      expect(standing.has(text), `told twice, seed ${seed}: ${text}\n${alerts.texts.join('\n')}`).toBe(false);
      if (text.includes('well again')) standing.clear();
      else standing.add(text);
    }
    const secret = /canary7/;
    expect(alerts.texts.filter((text) => secret.test(text))).toEqual([]);
    expect(lines.filter((line) => secret.test(line)).slice(0, 2)).toEqual([]);
    for (const row of rig.database.rows()) {
      expect(JSON.stringify({ ...row.values, Image: undefined })).not.toMatch(secret);
    }
    for (const name of await readdir(rig.folder, { recursive: true })) {
      if (!/\.(json|jsonl)$/.test(name)) continue;
      expect(await readFile(join(rig.folder, name), 'utf8'), name).not.toMatch(secret);
    }
    const [first = 0, ...later] = memory.slice(1);
    expect(
      Math.max(first, ...later),
      `heap in MB: ${memory.map((bytes) => Math.round(bytes / 1e6)).join(' ')}`,
    ).toBeLessThan(first + 60e6);
  },
);

async function startAlertInbox(): Promise<{ url: string; texts: string[] }> {
  const texts: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => (body += part));
    request.on('end', () => {
      texts.push(String(JSON.parse(body).text));
      response.end('ok');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/hook`, texts };
}

function heapAfterCollection(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}
