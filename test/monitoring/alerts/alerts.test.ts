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
import { startListener } from '../../support/monitoring/listener.ts';

const fullDisk = () => Promise.reject(new Error('ENOSPC'));

async function setUp() {
  const listener = await startListener();
  const rig = createRig({ alertWebhookUrl: `${listener.url}/hook` });
  return { listener, rig, health: await rig.open() };
}

describe('an alert', () => {
  it('is told once when it begins and once when it ends, as Slack takes it', async () => {
    const { listener, health } = await setUp();
    for (let pass = 0; pass < 6; pass += 1) failingPass(health);
    await listener.came(1);
    goodPass(health);
    goodPass(health);
    await listener.came(2);
    await health.close(5000);
    expect(listener.heard.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /hook', 'POST /hook']);
    expect(listener.texts()).toEqual([
      expect.stringMatching(/^3 passes in a row failed.*Notion could not be reached\. Operator: /),
      'A pass went through: it is well again.',
    ]);
  });

  it('is told once when several rows meet the same trouble at once', async () => {
    const { listener, rig } = await setUp();
    const { lines, ...log } = createLines();
    const health = await rig.open({ log });
    rig.providers = [open('a', 'unauthorized')];
    startPass(health);
    for (const id of ['1', '2', '3']) {
      health.events.emit('outcome', failed(createPost(id), attempt('a', 'unauthorized', 'wrong key')));
    }
    await health.close(5000);
    expect(listener.texts()).toEqual([expect.stringMatching(/^Provider a refuses its key \(wrong key\).*Operator: /)]);
    expect(lines).toEqual([expect.stringMatching(/^info Alert: Provider a refuses its key/)]);
  });

  it('is not told again after a restart, but its end is', async () => {
    const { listener, rig, health } = await setUp();
    rig.providers = [open('a', 'retired')];
    health.events.emit('outcome', failed(createPost('1'), attempt('a', 'retired')));
    await health.close(5000);
    const second = await rig.open();
    second.events.emit('outcome', failed(createPost('1'), attempt('a', 'retired')));
    goodPass(second);
    await second.close(5000);
    expect(listener.texts()).toHaveLength(1);
    const third = await rig.open();
    rig.providers = [closed('a')];
    third.events.emit('outcome', failed(createPost('1'), attempt('a', 'ok')));
    await third.close(5000);
    expect(listener.texts()).toEqual([
      expect.stringMatching(/^Provider a no longer offers the model/),
      'Provider a makes pictures: it is well again.',
    ]);
  });

  it('is told again when another key is refused too, and a provider that is gone is forgotten', async () => {
    const { listener, rig, health } = await setUp();
    rig.providers = [open('a', 'unauthorized'), open('b', 'unauthorized')];
    goodPass(health);
    await health.close(5000);
    expect(listener.texts()).toHaveLength(2);
    // Nothing is remembered of a new key.
    rig.providers = [closed('a')];
    const second = await rig.open();
    // That nothing has failed proves nothing.
    goodPass(second);
    expect(second.facts().alerts).toEqual(['unauthorized:a']);
    rig.providers = [open('a', 'unauthorized')];
    goodPass(second);
    await second.close(5000);
    expect(listener.texts()).toHaveLength(3);
    expect(second.facts().alerts).toEqual(['unauthorized:a']);
  });

  it('does not end by an old success while the provider is left out', async () => {
    const { listener, rig, health } = await setUp();
    rig.providers = [open('a', 'unauthorized')];
    health.events.emit('outcome', failed(createPost('1'), attempt('a', 'unauthorized')));
    health.events.emit('outcome', failed(createPost('2'), attempt('a', 'ok')));
    await health.close(5000);
    expect(listener.texts()).toHaveLength(1);
  });

  it('is kept while the webhook is down, and told at the next pass', async () => {
    const { listener, rig, health } = await setUp();
    listener.answer = (response) => void response.writeHead(503).end();
    rig.freeBytes = 100 * 1024 * 1024;
    startPass(health);
    await listener.came(3);
    await health.close(5000);
    expect(listener.heard).toHaveLength(3);

    const second = await rig.open();
    listener.answer = (response) => void response.writeHead(200).end();
    startPass(second);
    await listener.came(4);
    await second.close(5000);
    expect(listener.texts()).toEqual([expect.stringMatching(/^Only 100 MiB are free on the disk that holds images/)]);
  });

  it('that is over before anybody was told of it is told to nobody', async () => {
    const { listener, rig, health } = await setUp();
    listener.answer = (response) => void response.writeHead(302, { location: '/elsewhere' }).end();
    for (let pass = 0; pass < 3; pass += 1) failingPass(health);
    await listener.came(3);
    await health.close(5000);
    listener.answer = (response) => void response.writeHead(200).end();
    const second = await rig.open({ alertWebhookUrl: undefined });
    goodPass(second);
    await second.close(5000);
    const third = await rig.open();
    goodPass(third);
    await third.close(5000);
    expect(listener.texts()).toEqual([]);
    expect(listener.heard.map(({ path }) => path)).toEqual(['/hook', '/hook', '/hook']);
  });

  it('that ends while it is being told is told to be over afterwards', async () => {
    const { listener, health } = await setUp();
    const usual = listener.answer;
    listener.answer = (response) => {
      goodPass(health);
      usual(response);
      listener.answer = usual;
    };
    for (let pass = 0; pass < 3; pass += 1) failingPass(health);
    await listener.came(2);
    await health.close(5000);
    expect(listener.texts()).toEqual([expect.stringContaining('3 passes'), expect.stringContaining('well again')]);
  });

  it('delays no pass, however long the webhook takes', async () => {
    const { listener, health } = await setUp();
    listener.answer = () => undefined;
    for (let pass = 0; pass < 3; pass += 1) failingPass(health);
    await listener.came(1);
    // The first call has no answer yet, and never will.
    goodPass(health);
    expect(health.facts().passes).toMatchObject({ lastResult: 'good', failedInARow: 0 });
    await health.close(0);
    expect(listener.heard).toHaveLength(1);
  });

  it('shows no secret and cannot mention anybody', async () => {
    const { listener, rig, health } = await setUp();
    rig.providers = [open('a', 'unauthorized')];
    health.events.emit(
      'outcome',
      failed(createPost('1'), attempt('a', 'unauthorized', `<!channel> & ${canary}\nsays no`)),
    );
    await health.close(5000);
    expect(listener.texts().join()).toContain('(&lt;!channel&gt; &amp; [secret] says no)');
    expect(rig.files.alerts).toContain('[secret]');
    expect(rig.files.alerts).not.toContain(canary);
  });

  it('starts anew when what was told cannot be read', async () => {
    const { listener, rig } = await setUp();
    rig.files.alerts = '{"version":1,"alerts":{"x"';
    rig.freeBytes = 0;
    const health = await rig.open();
    goodPass(health);
    await health.close(5000);
    expect(listener.texts()).toHaveLength(1);
    expect(() => JSON.parse(rig.files.alerts ?? '')).not.toThrow();
  });

  it('is still told when it cannot be kept', async () => {
    const { listener, rig } = await setUp();
    const health = await rig.open({ alertFile: { load: async () => undefined, save: fullDisk } });
    rig.freeBytes = 0;
    goodPass(health);
    goodPass(health);
    await health.close(5000);
    expect(listener.texts()).toHaveLength(1);
  });
});
