import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, rmdir, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { LockedError } from '../../src/core/errors.ts';
import { silentLog } from '../../src/lib/log.ts';
import { prepareFolder } from '../../src/state/files.ts';
import { acquireLock } from '../../src/state/lock.ts';
import { thisHolder } from '../../src/state/lock-holder.ts';
import type { LockHolder } from '../../src/state/lock-holder.ts';
import { filesIn, useFolders } from '../support/images/folder.ts';

const newFolder = useFolders();
const noon = Date.UTC(2026, 10, 21, 10, 2, 3);
const isLinux = process.platform === 'linux';

async function newImagesDir() {
  const folder = await newFolder();
  await prepareFolder(folder);
  const state = join(folder, '.state');
  const file = join(state, 'lock');
  const time = { now: noon };
  let losses = 0;
  const warnings: object[] = [];
  const acquire = () =>
    acquireLock({
      folder,
      clock: { now: () => time.now, monotonic: () => time.now, sleep: () => Promise.resolve() },
      log: { ...silentLog, warn: (data) => warnings.push(data) },
      onLost: () => losses++,
    });
  const setAge = (path: string, ageMs: number) => utimes(path, (noon - ageMs) / 1000, (noon - ageMs) / 1000);
  /** Leaves a lock as another process would have. */
  const leave = async (text: string, ageMs = 0, path = file) => {
    await writeFile(path, text);
    await setAge(path, ageMs);
  };
  return { folder, state, file, time, acquire, leave, setAge, warnings, losses: () => losses };
}

/** This process as a holder, but for the changes; `undefined` leaves a field out. */
async function holderLike(changes: Record<string, unknown>): Promise<string> {
  return JSON.stringify({ ...(await thisHolder(noon)), ...changes });
}

const statOf = (id: number | undefined) => readFile(`/proc/${id}/stat`, 'utf8');

async function endedPid(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(child, 'exit');
  return child.pid ?? Number.NaN;
}

/** Asks again until it is so; the test's own time limit is the bound. */
async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}

const locked = (who: string, folder: string) =>
  new LockedError(
    `Another worker${who} is using ${folder}. Stop it first, or give this one a folder of its own with IMAGES_DIR.`,
  );

describe('the lock on the images folder', () => {
  it('is held by one worker, and free again after its release', async () => {
    const { folder, acquire, state } = await newImagesDir();
    const lock = await acquire();
    const who = ` (process ${process.pid} on host ${hostname()}, since 10:02 UTC)`;
    await expect(acquire()).rejects.toThrow(locked(who, folder));
    await lock.release();
    expect(await filesIn(state)).toEqual([]);
    await (await acquire()).release();
  });

  it('is released once, and only while it is ours', async () => {
    const { acquire, leave, file } = await newImagesDir();
    const lock = await acquire();
    const other = await holderLike({});
    await leave(other);
    await lock.release();
    expect(await readFile(file, 'utf8')).toBe(other);
  });

  it('is not released a second time', async () => {
    const { acquire, file } = await newImagesDir();
    const lock = await acquire();
    const text = await readFile(file, 'utf8');
    await lock.release();
    await writeFile(file, text);
    await lock.release();
    expect(await readFile(file, 'utf8')).toBe(text);
  });

  it('says that the folder is not there', async () => {
    const folder = join(await newFolder(), 'gone');
    const clock = { now: () => noon, monotonic: () => 0, sleep: () => Promise.resolve() };
    const lock = acquireLock({ folder, clock, log: silentLog, onLost: () => undefined });
    await expect(lock).rejects.toThrow('is not there');
  });
});

describe('a lock whose process is gone is taken over at once', () => {
  it.each([
    ['its process has ended', async () => ({ pid: await endedPid() })],
    ['our own id was its id, and start times are unknown', async () => ({ processStart: undefined })],
  ])('%s', async (_, changes) => {
    const { acquire, leave, state } = await newImagesDir();
    await leave(await holderLike(await changes()));
    const lock = await acquire();
    expect(await filesIn(state)).toEqual(['lock']);
    await lock.release();
    expect(await filesIn(state)).toEqual([]);
  });

  it.skipIf(!isLinux).each([
    ['its id belongs to a later process now', { pid: process.ppid, processStart: '1' }],
    ['our own id was its id, as in a container started again', { processStart: '1' }],
    ['the machine was started since', { bootId: 'another' }],
  ])('%s', async (_, changes) => {
    const { acquire, leave, state } = await newImagesDir();
    await leave(await holderLike(changes));
    await (await acquire()).release();
    expect(await filesIn(state)).toEqual([]);
  });

  it.skipIf(!isLinux)('its process has ended and nobody has noticed', async () => {
    const { acquire, leave, state } = await newImagesDir();
    // The shell becomes a program that never asks after its children.
    const parent = spawn('sh', ['-c', 'exec 3<&0; cat <&3 & echo $!; exec sleep 60'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const [line]: unknown[] = await once(parent.stdout, 'data');
    const pid = Number(String(line));
    await until(async () => (await statOf(parent.pid)).includes('(sleep)'));
    parent.stdin.end();
    await until(async () => (await statOf(pid)).includes(') Z '));
    await leave(await holderLike({ pid, processStart: (await statOf(pid)).split(' ')[21] }));
    await (await acquire()).release();
    expect(await filesIn(state)).toEqual([]);
    parent.kill();
  });
});

describe('a lock whose process cannot be looked at', () => {
  const elsewhere = { host: 'elsewhere', pid: 123 };

  it.each([0, 29_000, -29_000])('holds with a heartbeat %i ms ago', async (ageMs) => {
    const { folder, acquire, leave } = await newImagesDir();
    await leave(await holderLike(elsewhere), ageMs);
    await expect(acquire()).rejects.toThrow(locked(' (process 123 on host elsewhere, since 10:02 UTC)', folder));
  });

  it.each([31_000, -31_000])('is taken over with a heartbeat %i ms ago', async (ageMs) => {
    const { acquire, leave, state } = await newImagesDir();
    await leave(await holderLike(elsewhere), ageMs);
    await (await acquire()).release();
    expect(await filesIn(state)).toEqual([]);
  });

  it('holds while another process has its id and start times are unknown', async () => {
    const { acquire, leave } = await newImagesDir();
    await leave(await holderLike({ pid: process.ppid, processStart: undefined }));
    await expect(acquire()).rejects.toBeInstanceOf(LockedError);
  });

  it.each(['', '{"pid":1', '[]', '{"pid":-1}', '{"pid":1,"token":"../../x"}'])(
    'goes by its age when it is torn: %j',
    async (text) => {
      const { folder, acquire, leave, state } = await newImagesDir();
      await leave(text, 29_000);
      await expect(acquire()).rejects.toThrow(locked('', folder));
      await leave(text, 31_000);
      const lock = await acquire();
      expect(await filesIn(state)).toEqual(['lock']);
      await lock.release();
    },
  );
});

async function staleLock() {
  const dir = await newImagesDir();
  const stale: LockHolder = { ...(await thisHolder(noon)), pid: await endedPid() };
  await dir.leave(JSON.stringify(stale));
  return { ...dir, stale, takeover: join(dir.state, `lock.${stale.token}.takeover`) };
}

describe('a takeover', () => {
  it('yields to another starter that is at it', async () => {
    const { folder, acquire, leave, takeover, file, stale } = await staleLock();
    await leave(await holderLike({ host: 'elsewhere', pid: 5 }), 0, takeover);
    await expect(acquire()).rejects.toThrow(locked(' (process 5 on host elsewhere, since 10:02 UTC)', folder));
    expect(await readFile(file, 'utf8')).toBe(JSON.stringify(stale));
  });

  it('is finished by the next when its starter has died in the middle', async () => {
    const { acquire, leave, takeover, state } = await staleLock();
    await leave(await holderLike({ pid: await endedPid() }), 0, takeover);
    const lock = await acquire();
    expect(await filesIn(state)).toEqual(['lock']);
    await lock.release();
  });

  it('removes what dead starters have left, and not what live ones need', async () => {
    const { acquire, leave, state } = await newImagesDir();
    await leave('', 31_000, join(state, 'lock.old.claim'));
    await leave('', 1_000, join(state, 'lock.young.claim'));
    await leave('', 31_000, join(state, 'worker-id'));
    await (await acquire()).release();
    expect(await filesIn(state)).toEqual(['lock.young.claim', 'worker-id']);
  });
});

async function newHeldLock() {
  const dir = await newImagesDir();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const lock = await dir.acquire();
  /** Lets five seconds pass and waits for what they bring. */
  const pass = async (outcome: () => Promise<boolean> | boolean) => {
    dir.time.now += 5_000;
    await until(() => vi.getTimerCount() === 1);
    vi.advanceTimersByTime(5_000);
    await until(outcome);
  };
  return { ...dir, lock, pass, beatAt: async () => (await stat(dir.file)).mtimeMs };
}

describe('the heartbeat', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('shows every five seconds that the worker lives', async () => {
    const { pass, beatAt, lock, losses } = await newHeldLock();
    expect(await beatAt()).toBe(noon);
    await pass(async () => (await beatAt()) === noon + 5_000);
    await pass(async () => (await beatAt()) === noon + 10_000);
    await lock.release();
    expect(vi.getTimerCount()).toBe(0);
    expect(losses()).toBe(0);
  });

  it('tells once that the folder was taken over, and leaves it to the other', async () => {
    const { pass, leave, lock, losses, file, beatAt } = await newHeldLock();
    const other = await holderLike({});
    await leave(other, 60_000);
    await pass(() => losses() === 1);
    expect(vi.getTimerCount()).toBe(0);
    await lock.release();
    expect(await readFile(file, 'utf8')).toBe(other);
    expect(await beatAt()).toBe(noon - 60_000);
    expect(losses()).toBe(1);
  });

  it('goes on after a beat that failed', async () => {
    const { pass, lock, warnings, losses, beatAt, file } = await newHeldLock();
    const text = await readFile(file);
    await rm(file);
    await mkdir(file);
    await pass(() => warnings.length === 1);
    await rmdir(file);
    await writeFile(file, text);
    await pass(async () => (await beatAt()) === noon + 10_000);
    expect(losses()).toBe(0);
    await lock.release();
  });
});
