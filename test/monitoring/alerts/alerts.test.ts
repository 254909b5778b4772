import { describe, expect, it } from 'vitest';
import { createLines } from '../../support/chain/rig.ts';
import {
  attempt,
  canary,
  closed,
  createPost,
  createRig,
  failed,
  failingPass,
  goodPass,
  open,
  startPass,
} from '../../support/monitoring/rig.ts';
import { startWebhookServer } from '../../support/monitoring/webhook-server.ts';

const fullDisk = () => Promise.reject(new Error('ENOSPC'));

async function setUp() {
  const webhook = await startWebhookServer();
  const rig = createRig({ alertWebhookUrl: `${webhook.url}/hook` });
  return { webhook, rig, health: await rig.open() };
}

describe('an alert', () => {
  it('is sent once when it begins and once when it ends, as Slack takes it', async () => {
    const { webhook, health } = await setUp();
    for (let pass = 0; pass < 6; pass += 1) failingPass(health);
    await webhook.received(1);
    goodPass(health);
    goodPass(health);
    await webhook.received(2);
    await health.close(5000);
    expect(webhook.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /hook', 'POST /hook']);
    expect(webhook.texts()).toEqual([
      expect.stringMatching(/^3 passes in a row failed.*Notion could not be reached\. Operator: /),
      'A pass went through: it is well again.',
    ]);
  });

  it('is sent once when several rows meet the same trouble at once', async () => {
    const { webhook, rig } = await setUp();
    const { lines, ...log } = createLines();
    const health = await rig.open({ log });
    rig.providers = [open('a', 'unauthorized')];
    startPass(health);
    for (const id of ['1', '2', '3']) {
      health.events.emit('outcome', failed(createPost(id), attempt('a', 'unauthorized', 'wrong key')));
    }
    await health.close(5000);
    expect(webhook.texts()).toEqual([expect.stringMatching(/^Provider a refuses its key \(wrong key\).*Operator: /)]);
    expect(lines).toEqual([expect.stringMatching(/^info Alert: Provider a refuses its key/)]);
  });

  it('is not sent again after a restart, but its end is', async () => {
    const { webhook, rig, health } = await setUp();
    rig.providers = [open('a', 'retired')];
    health.events.emit('outcome', failed(createPost('1'), attempt('a', 'retired')));
    await health.close(5000);
    const second = await rig.open();
    second.events.emit('outcome', failed(createPost('1'), attempt('a', 'retired')));
    goodPass(second);
    await second.close(5000);
    expect(webhook.texts()).toHaveLength(1);
    const third = await rig.open();
    rig.providers = [closed('a')];
    third.events.emit('outcome', failed(createPost('1'), attempt('a', 'ok')));
    await third.close(5000);
    expect(webhook.texts()).toEqual([
      expect.stringMatching(/^Provider a no longer offers the model/),
      'Provider a makes pictures: it is well again.',
    ]);
  });

  it('is sent again when another key is refused too, and a provider that is gone is forgotten', async () => {
    const { webhook, rig, health } = await setUp();
    rig.providers = [open('a', 'unauthorized'), open('b', 'unauthorized')];
    goodPass(health);
    await health.close(5000);
    expect(webhook.texts()).toHaveLength(2);
    // Nothing is remembered of a new key.
    rig.providers = [closed('a')];
    const second = await rig.open();
    // That nothing has failed proves nothing.
    goodPass(second);
    expect(second.facts().alerts).toEqual(['unauthorized:a']);
    rig.providers = [open('a', 'unauthorized')];
    goodPass(second);
    await second.close(5000);
    expect(webhook.texts()).toHaveLength(3);
    expect(second.facts().alerts).toEqual(['unauthorized:a']);
  });

  it('does not end by an old success while the provider is left out', async () => {
    const { webhook, rig, health } = await setUp();
    rig.providers = [open('a', 'unauthorized')];
    health.events.emit('outcome', failed(createPost('1'), attempt('a', 'unauthorized')));
    health.events.emit('outcome', failed(createPost('2'), attempt('a', 'ok')));
    await health.close(5000);
    expect(webhook.texts()).toHaveLength(1);
  });

  it('waits while the webhook is down, and is sent at the next pass', async () => {
    const { webhook, rig, health } = await setUp();
    webhook.answer = (response) => void response.writeHead(503).end();
    rig.freeBytes = 100 * 1024 * 1024;
    startPass(health);
    await webhook.received(3);
    await health.close(5000);
    expect(webhook.requests).toHaveLength(3);

    const second = await rig.open();
    webhook.answer = (response) => void response.writeHead(200).end();
    startPass(second);
    await webhook.received(4);
    await second.close(5000);
    expect(webhook.texts()).toEqual([expect.stringMatching(/^Only 100 MiB are free on the disk that holds images/)]);
  });

  it('that is over before it was sent is never sent', async () => {
    const { webhook, rig, health } = await setUp();
    webhook.answer = (response) => void response.writeHead(302, { location: '/elsewhere' }).end();
    for (let pass = 0; pass < 3; pass += 1) failingPass(health);
    await webhook.received(3);
    await health.close(5000);
    webhook.answer = (response) => void response.writeHead(200).end();
    const second = await rig.open({ alertWebhookUrl: undefined });
    goodPass(second);
    await second.close(5000);
    const third = await rig.open();
    goodPass(third);
    await third.close(5000);
    expect(webhook.texts()).toEqual([]);
    expect(webhook.requests.map(({ path }) => path)).toEqual(['/hook', '/hook', '/hook']);
  });

  it('that ends while it is on its way is followed by its end', async () => {
    const { webhook, health } = await setUp();
    const usual = webhook.answer;
    webhook.answer = (response) => {
      goodPass(health);
      usual(response);
      webhook.answer = usual;
    };
    for (let pass = 0; pass < 3; pass += 1) failingPass(health);
    await webhook.received(2);
    await health.close(5000);
    expect(webhook.texts()).toEqual([expect.stringContaining('3 passes'), expect.stringContaining('well again')]);
  });

  it('delays no pass, however long the webhook takes', async () => {
    const { webhook, health } = await setUp();
    webhook.answer = () => undefined;
    for (let pass = 0; pass < 3; pass += 1) failingPass(health);
    await webhook.received(1);
    // The first call has no answer yet, and never will.
    goodPass(health);
    expect(health.facts().passes).toMatchObject({ lastResult: 'good', failedInARow: 0 });
    await health.close(0);
    expect(webhook.requests).toHaveLength(1);
  });

  it('shows no secret and cannot mention anybody', async () => {
    const { webhook, rig, health } = await setUp();
    rig.providers = [open('a', 'unauthorized')];
    health.events.emit(
      'outcome',
      failed(createPost('1'), attempt('a', 'unauthorized', `<!channel> & ${canary}\nsays no`)),
    );
    await health.close(5000);
    expect(webhook.texts().join()).toContain('(&lt;!channel&gt; &amp; [secret] says no)');
    expect(rig.files.alerts).toContain('[secret]');
    expect(rig.files.alerts).not.toContain(canary);
  });

  it('starts anew when the alert state cannot be read', async () => {
    const { webhook, rig } = await setUp();
    rig.files.alerts = '{"version":1,"alerts":{"x"';
    rig.freeBytes = 0;
    const health = await rig.open();
    goodPass(health);
    await health.close(5000);
    expect(webhook.texts()).toHaveLength(1);
    expect(() => JSON.parse(rig.files.alerts ?? '')).not.toThrow();
  });

  it('is still sent when the alert state cannot be written', async () => {
    const { webhook, rig } = await setUp();
    const health = await rig.open({ alertFile: { load: async () => undefined, save: fullDisk } });
    rig.freeBytes = 0;
    goodPass(health);
    goodPass(health);
    await health.close(5000);
    expect(webhook.texts()).toHaveLength(1);
  });
});
