import { describe, expect, it, vi } from 'vitest';
import type { Health } from '../../../src/monitoring/health/health.ts';
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
  summary,
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
    expect(rig.files.kept).toContain('https://www.notion.so/1');
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
    health.passStarted({ whole: true });
    health.sighted([createPost('1')]);
    time.pass(31 * minuteMs);
    health.passEnded(summary);
    expect(isStuck(health)).toBe(false);
    goodPass(health, createPost('1'));
    expect(isStuck(health)).toBe(true);
  });

  it('when one is taken again and again to no end', async () => {
    const { health } = await setUp();
    for (let pass = 0; pass < 3; pass += 1) {
      const post = createPost('1');
      health.passStarted({ whole: true });
      health.sighted([post]);
      health.outcome({ kind: 'skipped', post, reason: 'it was edited', again: true });
      health.passEnded(summary);
    }
    expect(isStuck(health)).toBe(true);
  });

  it('not by passes that take only some rows', async () => {
    const { health } = await setUp();
    for (let pass = 0; pass < 4; pass += 1) {
      health.passStarted({ whole: false });
      health.sighted([createPost('1')]);
      health.passEnded(summary);
    }
    expect(isStuck(health)).toBe(false);
  });

  it('not while passes fail, take only some rows, or serve all that they see', async () => {
    const { health, time } = await setUp();
    for (let pass = 0; pass < 5; pass += 1) {
      health.passStarted({ whole: true });
      health.sighted([createPost('1')]);
      health.passFailed(new Error('x'));
      health.passStarted({ whole: false });
      health.sighted([createPost('2')]);
      health.passEnded(summary);
      health.passStarted({ whole: true });
      const post = createPost(`new-${pass}`);
      health.sighted([createPost('3'), post]);
      health.outcome(failed(createPost('3')));
      health.outcome({ kind: 'skipped', post, reason: 'it was edited', again: true });
      // The look before the row was told may still be shown.
      health.sighted([createPost('3'), post]);
      health.passEnded(summary);
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
    const { rig, health } = await setUp();
    const seen: boolean[] = [];
    for (const mebibytes of [600, 499, 600, 499, 800]) {
      rig.freeBytes = mebibytes * 1024 * 1024;
      goodPass(health);
      await health.close(5000);
      seen.push(health.facts().alerts.includes('diskLow'));
    }
    expect(seen).toEqual([false, true, true, true, false]);
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
    second.passStarted({ whole: true });
    second.passStopped();
    failingPass(second);
    expect(second.facts()).toMatchObject({ alerts: ['passesFailing'], passes: { failedInARow: 3 } });
  });

  it('by a refused token, which is told at once and as that alone', async () => {
    const { health } = await setUp();
    for (let pass = 0; pass < 4; pass += 1) failingPass(health, 'Notion refused the token');
    expect(health.facts().alerts).toEqual(['tokenRefused']);
    expect(health.readiness()).toMatchObject({ ok: false, reason: expect.stringContaining('NOTION_TOKEN') });
    goodPass(health);
    expect(health.facts().alerts).toEqual([]);
  });
});

describe('the facts', () => {
  it('tell of the passes, the oldest row, the providers and the disk, without secrets', async () => {
    const { rig, health, time } = await setUp();
    rig.providers = [closed('a'), open('b', 'out_of_credit')];
    goodPass(health, createPost('1', '2026-11-21T09:40:00.000Z'), createPost('2'));
    time.pass(minuteMs);
    health.passStarted({ whole: true });
    health.outcome(failed(createPost('1'), attempt('b', 'out_of_credit')));
    health.passFailed(new Error(`${canary} is wrong`));
    health.passStarted({ whole: true });
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
        lastGood: summary,
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
    health.passStarted({ whole: true });
    expect(health.facts()).toMatchObject({
      oldestWaitingSince: '2026-11-21T09:40:00.000Z',
      oldestWaitingMs: 25 * minuteMs,
    });
    health.sighted([createPost('1', '2026-11-21T10:05:00.000Z')]);
    expect(health.facts().oldestWaitingMs).toBe(25 * minuteMs);
    health.outcome(failed(createPost('1')));
    health.passEnded(summary);
    expect(health.facts()).not.toHaveProperty('oldestWaitingMs');
  });

  it('forget a row that an editor took back between passes, once the whole queue was seen', async () => {
    const { health, time } = await setUp();
    goodPass(health, createPost('1', '2026-11-21T09:40:00.000Z'));
    health.sighted([createPost('1', '2026-11-21T10:00:00.000Z')], true);
    time.pass(5 * minuteMs);
    expect(health.facts().oldestWaitingMs).toBe(25 * minuteMs);
    health.sighted([], false);
    expect(health.facts().oldestWaitingMs).toBe(25 * minuteMs);
    health.sighted([], true);
    expect(health.facts()).not.toHaveProperty('oldestWaitingMs');
  });
});

describe('liveness', () => {
  it('goes by the progress of the pass under way, and not by the wall clock', async () => {
    const { health, time } = await setUp();
    health.passStarted({ whole: true });
    time.setWall(dayMs);
    time.pass(29 * minuteMs);
    expect(health.liveness()).toMatchObject({ ok: true });
    health.outcome(failed(createPost('1')));
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
    health.passStarted({ whole: true });
    for (let row = 0; row < 20; row += 1) {
      time.pass(20 * minuteMs);
      health.sighted([]);
    }
    health.passEnded({ done: 20, failed: 0, skipped: 0 });
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
    health.paused(true);
    time.pass(48 * 60 * minuteMs);
    await health.close(0);
    expect(health.liveness()).toMatchObject({ ok: true });
    health.paused(false);
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
    health.passStarted({ whole: true });
    health.sighted([]);
    expect(health.readiness()).toMatchObject({ ok: true });
    health.passEnded(summary);
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
    rig.files.heartbeat = rig.files.kept = 'of the other worker';
    const second = await rig.open({
      kept: { load: async () => undefined, save: async (text) => void (rig.files.kept = text) },
    });
    second.folderLost();
    failingPass(second);
    expect(second.facts().alerts).toContain('folderTaken');
    expect(second.readiness()).toMatchObject({ ok: false });
    await second.close(5000);
    expect(rig.files).toEqual({ heartbeat: 'of the other worker', kept: 'of the other worker' });
  });
});
