import { describe, expect, it, vi } from 'vitest';
import { flushPromises } from '../../support/chain/rig.ts';
import type { Health } from '../../../src/monitoring/health/health.ts';
import {
  attempt,
  canary,
  closed,
  createPost,
  createRig,
  endPass,
  failed,
  failingPass,
  failPass,
  goodPass,
  open,
  readPending,
  startPass,
  stopPass,
} from '../../support/monitoring/rig.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

async function setUp() {
  const rig = createRig();
  return { rig, health: await rig.open(), time: rig.time };
}

const isStuck = (health: Health) => health.facts().alerts.includes('rowsStuck');

describe('rows are stuck', () => {
  it('when three good passes in a row left one waiting, until none does', async () => {
    const { rig, health, time } = await setUp();
    for (const expected of [false, false, true]) {
      goodPass(health, createPost('1'));
      time.pass(minuteMs);
      expect(isStuck(health)).toBe(expected);
    }
    await health.close(5000);
    expect(rig.files.alerts).toContain('https://www.notion.so/1');
    const second = await rig.open();
    expect(isStuck(second)).toBe(true);
    goodPass(second);
    expect(isStuck(second)).toBe(false);
  });

  it('also when each pass is a process of its own', async () => {
    const { rig } = await setUp();
    for (const expected of [false, false, true]) {
      const health = await rig.open();
      goodPass(health, createPost('1'));
      expect(isStuck(health)).toBe(expected);
      await health.close(5000);
    }
  });

  it('when one waits for half an hour while passes go well', async () => {
    const { health, time } = await setUp();
    startPass(health);
    readPending(health, [createPost('1')]);
    time.pass(31 * minuteMs);
    endPass(health);
    expect(isStuck(health)).toBe(false);
    goodPass(health, createPost('1'));
    expect(isStuck(health)).toBe(true);
  });

  it('when one is taken again and again to no end', async () => {
    const { health } = await setUp();
    for (let pass = 0; pass < 3; pass += 1) {
      const post = createPost('1');
      startPass(health);
      readPending(health, [post]);
      health.events.emit('outcome', { kind: 'skipped', post, reason: 'it was edited', again: true });
      endPass(health);
    }
    expect(isStuck(health)).toBe(true);
  });

  it('not by passes that take only some rows', async () => {
    const { health } = await setUp();
    for (let pass = 0; pass < 4; pass += 1) {
      startPass(health, 'limited');
      readPending(health, [createPost('1')]);
      endPass(health, 'limited');
    }
    expect(isStuck(health)).toBe(false);
  });

  it('not while passes fail, take only some rows, or serve all that they see', async () => {
    const { health, time } = await setUp();
    for (let pass = 0; pass < 5; pass += 1) {
      startPass(health);
      readPending(health, [createPost('1')]);
      failPass(health, 'x');
      startPass(health, 'limited');
      readPending(health, [createPost('2')]);
      endPass(health, 'limited');
      startPass(health);
      const post = createPost(`new-${pass}`);
      readPending(health, [createPost('3'), post]);
      health.events.emit('outcome', failed(createPost('3')));
      health.events.emit('outcome', { kind: 'skipped', post, reason: 'it was edited', again: true });
      // A page that was read before the row came to its end may still show it.
      readPending(health, [createPost('3'), post]);
      endPass(health);
      time.pass(20 * minuteMs);
      expect(isStuck(health)).toBe(false);
    }
  });

  it.each([dayMs, -dayMs])('not because the clock jumped by %d ms', async (jump) => {
    const { health, time } = await setUp();
    goodPass(health, createPost('1'));
    time.setWall(jump);
    goodPass(health, createPost('1'));
    expect(isStuck(health)).toBe(false);
    expect(health.facts().oldestWaitingMs).toBeGreaterThanOrEqual(0);
  });
});

describe('the disk is low', () => {
  it('below 500 MiB, until there is clearly more', async () => {
    const rig = createRig();
    const isLow: boolean[] = [];
    for (const mebibytes of [600, 499, 600, 499, 800]) {
      rig.freeBytes = mebibytes * 1024 * 1024;
      const health = await rig.open();
      goodPass(health);
      await health.close(5000);
      isLow.push(health.facts().alerts.includes('diskLow'));
    }
    expect(isLow).toEqual([false, true, true, true, false]);
  });

  it('is unknown where the system does not say', async () => {
    const health = await createRig().open({ statfs: () => Promise.reject(new Error('ENOSYS')) });
    goodPass(health);
    await health.close(5000);
    expect(health.facts()).toMatchObject({ alerts: [] });
    expect(health.facts()).not.toHaveProperty('freeDiskBytes');
  });
});

describe('passes fail', () => {
  it('when three in a row do, over restarts too', async () => {
    const { rig, health } = await setUp();
    failingPass(health);
    failingPass(health);
    goodPass(health);
    failingPass(health);
    failingPass(health);
    expect(health.facts().alerts).toEqual([]);
    await health.close(5000);
    const second = await rig.open();
    startPass(second);
    stopPass(second);
    failingPass(second);
    expect(second.facts()).toMatchObject({ alerts: ['passesFailing'], passes: { failedInARow: 3 } });
  });

  it('by a refused token, which is alerted of at once and as that alone', async () => {
    const { health } = await setUp();
    for (let pass = 0; pass < 4; pass += 1) failingPass(health, 'Notion refused the token');
    expect(health.facts().alerts).toEqual(['tokenRefused']);
    expect(health.readiness()).toMatchObject({ ok: false, reason: expect.stringContaining('NOTION_TOKEN') });
    goodPass(health);
    expect(health.facts().alerts).toEqual([]);
  });
});

describe('the facts', () => {
  it('hold the passes, the oldest row, the providers and the disk, without secrets', async () => {
    const { rig, health, time } = await setUp();
    rig.providers = [closed('a'), open('b', 'out_of_credit')];
    goodPass(health, createPost('1', '2026-11-21T09:40:00.000Z'), createPost('2'));
    time.pass(minuteMs);
    startPass(health);
    health.events.emit('outcome', failed(createPost('1'), attempt('b', 'out_of_credit')));
    failPass(health, `${canary} is wrong`);
    startPass(health);
    await health.close(5000);
    expect(health.facts()).toEqual({
      at: '2026-11-21T10:01:00.000Z',
      processId: process.pid,
      startedAt: '2026-11-21T10:00:00.000Z',
      passes: {
        runningSince: '2026-11-21T10:01:00.000Z',
        lastStartedAt: '2026-11-21T10:01:00.000Z',
        lastEndedAt: '2026-11-21T10:01:00.000Z',
        lastResult: 'failed',
        lastError: '[secret] is wrong',
        lastGoodAt: '2026-11-21T10:00:00.000Z',
        lastGood: { done: 0, failed: 0, skipped: 0 },
        failedInARow: 1,
      },
      providers: [
        { name: 'a', state: 'closed' },
        { name: 'b', state: 'open', code: 'out_of_credit', until: '2027-01-15T08:00:00.000Z' },
      ],
      freeDiskBytes: rig.freeBytes,
      alerts: [],
    });
    expect(JSON.parse(rig.files.heartbeat ?? '')).toMatchObject({ liveness: { ok: true }, processId: process.pid });
    expect(rig.files.heartbeat).not.toContain(canary);
  });

  it('show how long the oldest row waits, whatever we write to it', async () => {
    const { health, time } = await setUp();
    goodPass(health, createPost('1', '2026-11-21T09:40:00.000Z'), createPost('2'));
    time.pass(5 * minuteMs);
    startPass(health);
    expect(health.facts()).toMatchObject({
      oldestWaitingSince: '2026-11-21T09:40:00.000Z',
      oldestWaitingMs: 25 * minuteMs,
    });
    readPending(health, [createPost('1', '2026-11-21T10:05:00.000Z')]);
    expect(health.facts().oldestWaitingMs).toBe(25 * minuteMs);
    health.events.emit('outcome', failed(createPost('1')));
    endPass(health);
    expect(health.facts()).not.toHaveProperty('oldestWaitingMs');
  });

  it('forget a row that an editor took back between passes, once the whole queue was read', async () => {
    const { health, time } = await setUp();
    goodPass(health, createPost('1', '2026-11-21T09:40:00.000Z'));
    readPending(health, [createPost('1', '2026-11-21T10:00:00.000Z')]);
    time.pass(5 * minuteMs);
    expect(health.facts().oldestWaitingMs).toBe(25 * minuteMs);
    readPending(health, [], true);
    expect(health.facts().oldestWaitingMs).toBe(25 * minuteMs);
    readPending(health, []);
    expect(health.facts()).not.toHaveProperty('oldestWaitingMs');
  });
});

describe('liveness', () => {
  it('goes by the progress of the pass under way, and not by the wall clock', async () => {
    const { health, time } = await setUp();
    startPass(health);
    time.setWall(dayMs);
    time.pass(29 * minuteMs);
    expect(health.liveness()).toMatchObject({ ok: true });
    health.events.emit('outcome', failed(createPost('1')));
    time.pass(29 * minuteMs);
    expect(health.liveness()).toMatchObject({ ok: true });
    time.pass(2 * minuteMs);
    expect(health.liveness()).toEqual({
      ok: false,
      reason: 'The pass under way has come no further for 31 minutes: restart the worker.',
    });
  });

  it('ends when passes are due by the schedule and none begins', async () => {
    const { rig, time } = await setUp();
    const health = await rig.open({
      clock: { ...time.clock, now: () => Date.now(), sleep: () => new Promise(() => {}) },
    });
    health.watch({ schedule: '0 * * * *', timeZone: 'UTC' });
    goodPass(health);
    time.pass(119 * minuteMs);
    await health.close(0);
    expect(health.liveness()).toMatchObject({ ok: true });
    time.pass(62 * minuteMs);
    await health.close(0);
    expect(health.liveness()).toMatchObject({ ok: false, reason: expect.stringContaining('No pass has begun') });
  });

  it('lasts when a pass took longer than three runs of the schedule', async () => {
    const { rig, time } = await setUp();
    const health = await rig.open({
      clock: { ...time.clock, now: () => Date.now(), sleep: () => new Promise(() => {}) },
    });
    health.watch({ schedule: '0 * * * *', timeZone: 'UTC' });
    startPass(health);
    for (let row = 0; row < 20; row += 1) {
      time.pass(20 * minuteMs);
      readPending(health, []);
    }
    endPass(health);
    time.pass(minuteMs);
    await health.close(0);
    expect(health.liveness()).toMatchObject({ ok: true });
  });

  it('lasts while passes are paused, and expects them again afterwards', async () => {
    const { rig, time } = await setUp();
    const health = await rig.open({
      clock: { ...time.clock, now: () => Date.now(), sleep: () => new Promise(() => {}) },
    });
    health.watch({ schedule: '0 * * * *', timeZone: 'UTC' });
    goodPass(health);
    health.events.emit('paused', true);
    time.pass(48 * 60 * minuteMs);
    // The heartbeat is written anew by any pass.
    startPass(health, 'limited');
    stopPass(health);
    await flushPromises();
    expect(health.liveness()).toMatchObject({ ok: true });
    health.events.emit('paused', false);
    time.pass(4 * 60 * minuteMs);
    await health.close(0);
    expect(health.liveness()).toMatchObject({ ok: false, reason: expect.stringContaining('No pass has begun') });
  });

  it('ends when the heartbeat stops', async () => {
    const { rig, time } = await setUp();
    const health = await rig.open({ saveHeartbeat: () => new Promise(() => {}) });
    health.watch({ schedule: '0 * * * *', timeZone: 'UTC' });
    time.pass(3 * minuteMs);
    expect(health.liveness()).toMatchObject({ ok: false, reason: expect.stringContaining('heartbeat') });
  });

  it('does not depend on the board', async () => {
    const { health } = await setUp();
    for (let pass = 0; pass < 9; pass += 1) failingPass(health);
    expect(health.liveness()).toMatchObject({ ok: true });
  });
});

describe('readiness', () => {
  it('begins with the first look at the board, and outlasts short outages only', async () => {
    const { health, time } = await setUp();
    expect(health.readiness()).toMatchObject({ ok: false });
    startPass(health);
    readPending(health, []);
    expect(health.readiness()).toMatchObject({ ok: true });
    endPass(health);
    time.pass(10 * minuteMs);
    failingPass(health);
    expect(health.readiness()).toMatchObject({ ok: true });
    time.pass(6 * minuteMs);
    expect(health.readiness()).toEqual({
      ok: false,
      reason: 'The board was last read 16 minutes ago. Notion could not be reached.',
    });
    await health.close(5000);
    expect(health.readiness()).toEqual({ ok: false, reason: 'The worker is stopping.' });
  });

  it('ends with a disk that takes no heartbeat, which harms nothing else', async () => {
    const health = await createRig().open({ saveHeartbeat: () => Promise.reject(new Error('ENOSPC')) });
    goodPass(health);
    await vi.waitUntil(() => !health.readiness().ok);
    expect(health.readiness()).toMatchObject({ ok: false, reason: expect.stringContaining('disk') });
    expect(health.liveness()).toMatchObject({ ok: true });
  });

  it('ends with the folder, in which nothing is written any more', async () => {
    const { rig, health } = await setUp();
    goodPass(health);
    await health.close(5000);
    rig.files.heartbeat = rig.files.alerts = 'of the other worker';
    const second = await rig.open({
      alertFile: { load: async () => undefined, save: async (text) => void (rig.files.alerts = text) },
    });
    second.events.emit('folderLost');
    failingPass(second);
    expect(second.facts().alerts).toContain('folderTaken');
    expect(second.readiness()).toMatchObject({ ok: false });
    await second.close(5000);
    expect(rig.files).toEqual({ heartbeat: 'of the other worker', alerts: 'of the other worker' });
  });
});
