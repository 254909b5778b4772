import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/lib/clock.ts';
import { ConfigError } from '../../../src/core/errors.ts';
import { openOffice } from '../../support/worker/setup.ts';
import { startWebhookServer } from '../../support/monitoring/webhook-server.ts';

const hasty = (ms: number, signal?: AbortSignal) => systemClock.sleep(Math.min(ms, 5), signal);
const canary = 'canary-of-the-address-77aa';

async function setUp() {
  const webhook = await startWebhookServer();
  const office = await openOffice();
  const variables = {
    HEARTBEAT_URL: `${webhook.url}/ping/${canary}`,
    ALERT_WEBHOOK_URL: `${webhook.url}/hook/${canary}`,
  };
  const state = (name: string) => readFile(join(office.folder, '.state', name), 'utf8');
  const steps = () => webhook.requests.map(({ path }) => path.replace(/\?.*/, '').replace(canary, '…'));
  return { webhook, office, variables, state, steps };
}

describe('a worker', () => {
  it('pings around its pass, and leaves its facts on disk', async () => {
    const { office, variables, state, steps } = await setUp();
    office.addRows(3);
    await office.pass(variables);
    expect(steps()).toEqual(['/ping/…/start', '/ping/…']);
    const heartbeat: unknown = JSON.parse(await state('heartbeat'));
    expect(heartbeat).toMatchObject({
      passes: { lastResult: 'good', lastGood: { done: 3, failed: 0, skipped: 0 }, failedInARow: 0 },
      providers: [{ name: 'placeholder', state: 'closed' }],
      alerts: [],
      liveness: { ok: true },
    });
    expect(heartbeat).not.toHaveProperty('oldestWaitingMs');
  });

  it('alerts once that the token is refused, over several starts, and once that it is taken again', async () => {
    const { webhook, office, variables, state, steps } = await setUp();
    for (let start = 0; start < 2; start += 1) {
      await expect(office.pass({ ...variables, NOTION_TOKEN: 'ntn_wrong' })).rejects.toThrow(ConfigError);
    }
    expect(webhook.texts()).toEqual([expect.stringMatching(/^Notion refuses the token.*Operator: /)]);
    expect(steps().filter((step) => step.startsWith('/ping'))).toEqual([
      '/ping/…/start',
      '/ping/…/fail',
      '/ping/…/start',
      '/ping/…/fail',
    ]);
    const fail = webhook.requests.find(({ path }) => path.includes('/fail'));
    expect(fail?.body).toMatch(/^Notion refused the token/);
    expect(await state('alerts.json')).not.toContain(canary);

    await office.pass(variables);
    expect(webhook.texts()).toEqual([expect.anything(), 'Notion takes the token: it is well again.']);
  });

  it('ends its pass while the services that watch it hang', async () => {
    const { webhook, office, variables } = await setUp();
    webhook.answer = () => undefined;
    office.addRows(2);
    const stop = new AbortController();
    const app = await office.worker(variables, { signal: stop.signal });
    expect(await app.sync()).toMatchObject({ done: 2 });
    await webhook.received(1);
    expect(webhook.requests).toHaveLength(1);
    stop.abort();
    await app[Symbol.asyncDispose]();
  });

  it('says nothing of a row that was asked for by hand', async () => {
    const { office, variables, steps } = await setUp();
    const [pageId = ''] = office.addRows(1);
    const app = await office.worker(variables);
    await app.sync({ pageId });
    await app[Symbol.asyncDispose]();
    expect(steps()).toEqual([]);
  });

  it('rewrites its heartbeat between passes while it runs by the schedule', async () => {
    const { webhook, office, variables, state } = await setUp();
    const stop = new AbortController();
    const app = await office.worker(
      { ...variables, SYNC_SCHEDULE: '0 0 1 1 *' },
      { signal: stop.signal, clock: { ...systemClock, sleep: hasty } },
    );
    const running = app.start();
    await webhook.received(2);
    const times = new Set<number>();
    while (times.size < 4) {
      const heartbeat: unknown = JSON.parse(await state('heartbeat'));
      expect(heartbeat).toMatchObject({ processId: process.pid });
      times.add((await stat(join(office.folder, '.state', 'heartbeat'))).mtimeMs);
      await delay(1);
    }
    stop.abort();
    await running;
    await app[Symbol.asyncDispose]();
    const last = await state('heartbeat');
    await delay(50);
    expect(await state('heartbeat')).toBe(last);
  });
});
