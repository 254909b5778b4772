import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/lib/clock.ts';
import { ConfigError } from '../../../src/core/errors.ts';
import { openWorkerRig } from '../../support/worker/setup.ts';
import { startWebhookServer } from '../../support/monitoring/webhook-server.ts';

const hasty = (ms: number, signal?: AbortSignal) => systemClock.sleep(Math.min(ms, 5), signal);
const canary = 'canary-of-the-address-77aa';

async function setUp() {
  const webhook = await startWebhookServer();
  const rig = await openWorkerRig();
  const variables = {
    HEARTBEAT_URL: `${webhook.url}/ping/${canary}`,
    ALERT_WEBHOOK_URL: `${webhook.url}/hook/${canary}`,
  };
  const state = (name: string) => readFile(join(rig.folder, '.state', name), 'utf8');
  const steps = () => webhook.requests.map(({ path }) => path.replace(/\?.*/, '').replace(canary, '…'));
  return { webhook, rig, variables, state, steps };
}

describe('a worker', () => {
  it('pings around its pass, and leaves its facts on disk', async () => {
    const { rig, variables, state, steps } = await setUp();
    rig.addRows(3);
    await rig.pass(variables);
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
    const { webhook, rig, variables, state, steps } = await setUp();
    for (let start = 0; start < 2; start += 1) {
      await expect(rig.pass({ ...variables, NOTION_TOKEN: 'ntn_wrong' })).rejects.toThrow(ConfigError);
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

    await rig.pass(variables);
    expect(webhook.texts()).toEqual([expect.anything(), 'Notion takes the token: it is well again.']);
  });

  it('ends its pass while the services that watch it hang', async () => {
    const { webhook, rig, variables } = await setUp();
    webhook.answer = () => undefined;
    rig.addRows(2);
    const stop = new AbortController();
    const app = await rig.worker(variables, { signal: stop.signal });
    expect(await app.sync()).toMatchObject({ done: 2 });
    await webhook.received(1);
    expect(webhook.requests).toHaveLength(1);
    stop.abort();
    await app[Symbol.asyncDispose]();
  });

  it('says nothing of a row that was asked for by hand', async () => {
    const { rig, variables, steps } = await setUp();
    const [pageId = ''] = rig.addRows(1);
    const app = await rig.worker(variables);
    await app.sync({ pageId });
    await app[Symbol.asyncDispose]();
    expect(steps()).toEqual([]);
  });

  it('rewrites its heartbeat between passes while it runs by the schedule', async () => {
    const { webhook, rig, variables, state } = await setUp();
    const stop = new AbortController();
    const app = await rig.worker(
      { ...variables, SYNC_SCHEDULE: '0 0 1 1 *' },
      { signal: stop.signal, clock: { ...systemClock, sleep: hasty } },
    );
    const running = app.start();
    await webhook.received(2);
    const times = new Set<number>();
    while (times.size < 4) {
      const heartbeat: unknown = JSON.parse(await state('heartbeat'));
      expect(heartbeat).toMatchObject({ processId: process.pid });
      times.add((await stat(join(rig.folder, '.state', 'heartbeat'))).mtimeMs);
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
