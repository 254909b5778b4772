import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { canary, createRig, failingPass, goodPass, startPass, stopPass } from '../../support/monitoring/rig.ts';
import { startWebhookServer } from '../../support/monitoring/webhook-server.ts';

async function setUp(address = '/ping/1') {
  const webhook = await startWebhookServer();
  const health = await createRig({ heartbeatUrl: `${webhook.url}${address}` }).open();
  return { webhook, health };
}

const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';

describe('the heartbeat pings', () => {
  it('report the start and the good end of a pass, by one run id for each pass', async () => {
    const { webhook, health } = await setUp();
    goodPass(health);
    goodPass(health);
    await health.close(5000);
    const paths = webhook.requests.map(({ method, path }) => `${method} ${path}`);
    const ids = paths.map((path) => new RegExp(`rid=(${uuid})$`).exec(path)?.[1]);
    expect(paths.map((path) => path.replace(/rid=.*/, 'rid'))).toEqual([
      'POST /ping/1/start?rid',
      'POST /ping/1?rid',
      'POST /ping/1/start?rid',
      'POST /ping/1?rid',
    ]);
    expect(ids[0]).toBe(ids[1]);
    expect(ids[2]).toBe(ids[3]);
    expect(new Set(ids).size).toBe(2);
  });

  it('report a failure in a line without secrets', async () => {
    const { webhook, health } = await setUp();
    failingPass(health, `Notion said\n"${canary}" ${'x'.repeat(500)}`);
    await health.close(5000);
    const [, fail] = webhook.requests;
    expect(fail?.path).toMatch(/^\/ping\/1\/fail\?rid=/);
    expect(fail?.body).toMatch(/^Notion said "\[secret\]" x+…$/);
    expect(fail?.body.length).toBeLessThanOrEqual(300);
  });

  it('report no end when the pass was stopped', async () => {
    const { webhook, health } = await setUp();
    startPass(health);
    stopPass(health);
    await health.close(5000);
    expect(webhook.requests.map(({ path }) => path)).toEqual([expect.stringContaining('/start')]);
  });

  it('keep the query that the address has', async () => {
    const { webhook, health } = await setUp('/ping/?team=a%20b&x');
    goodPass(health);
    await health.close(5000);
    expect(webhook.requests.map(({ path }) => path.replace(/rid=.*/, 'rid'))).toEqual([
      '/ping/start?team=a%20b&x&rid',
      '/ping/?team=a%20b&x&rid',
    ]);
  });

  it('follow no redirect, and are content with any answer', async () => {
    const { webhook, health } = await setUp();
    webhook.answer = (response) => void response.writeHead(302, { location: '/ping/elsewhere' }).end();
    goodPass(health);
    await health.close(5000);
    expect(webhook.requests.map(({ path }) => path.replace(/\?.*/, ''))).toEqual(['/ping/1/start', '/ping/1']);
  });

  it('read no more than a little of an answer that does not end', async () => {
    const { webhook, health } = await setUp();
    let sentBytes = 0;
    webhook.answer = (response) => {
      response.writeHead(200);
      const more = () => {
        do sentBytes += 65_536;
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', more);
      more();
    };
    goodPass(health);
    await health.close(5000);
    expect(webhook.requests).toHaveLength(2);
    // What is in the system's buffers is sent without being read.
    expect(sentBytes).toBeLessThan(64 * 1024 * 1024);
  });

  it('fail nothing and pile up nowhere while nobody answers', async () => {
    const { webhook, health } = await setUp();
    const usual = webhook.answer;
    const held: ServerResponse[] = [];
    webhook.answer = (response) => {
      held.push(response);
      webhook.answer = usual;
    };
    for (let pass = 0; pass < 50; pass += 1) goodPass(health);
    await webhook.received(1);
    expect(health.facts().passes.lastResult).toBe('good');
    held.forEach(usual);
    await health.close(5000);
    expect(webhook.requests).toHaveLength(6);
  });

  it('fail nothing where nobody listens', async () => {
    const webhook = await startWebhookServer();
    const health = await createRig({ heartbeatUrl: `${webhook.url.replace(/\d+$/, '1')}/x` }).open();
    goodPass(health);
    await health.close(5000);
    expect(health.facts().passes.lastResult).toBe('good');
  });
});
