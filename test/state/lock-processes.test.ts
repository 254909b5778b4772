import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { silentLog } from '../../src/lib/log.ts';
import { prepareFolder } from '../../src/state/files.ts';
import { acquireLock } from '../../src/state/lock.ts';
import { thisHolder } from '../../src/state/lock-holder.ts';
import { filesIn, useFolders } from '../support/images/folder.ts';

const newFolder = useFolders();
const child = fileURLToPath(new URL('../support/images/children/take-lock.ts', import.meta.url));
const running = new Set<() => void>();

afterEach(() => {
  for (const kill of running) kill();
  running.clear();
});

/** A worker in a process of its own, ready to take locks. */
async function startWorker() {
  const worker = spawn(process.execPath, ['--import', 'tsx', child], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(worker, 'exit');
  const kill = () => worker.kill('SIGKILL');
  running.add(kill);
  const lines = createInterface({ input: worker.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<string> => String((await lines.next()).value);
  expect(await answer()).toBe('ready');
  return {
    pid: worker.pid ?? Number.NaN,
    async take(folder: string): Promise<string> {
      worker.stdin.write(`${folder}\n`);
      return answer();
    },
    async kill(): Promise<void> {
      kill();
      await ended;
    },
    async end(): Promise<void> {
      worker.stdin.end();
      expect(await ended).toEqual([0, null]);
    },
  };
}

async function newImagesDir(): Promise<string> {
  const folder = await newFolder();
  await prepareFolder(folder);
  return folder;
}

const acquire = (folder: string) =>
  acquireLock({ folder, clock: systemClock, log: silentLog, onLost: () => undefined });

describe('locks between processes', () => {
  it('keep others out while the holder lives, and end with it', async () => {
    const folder = await newImagesDir();
    const worker = await startWorker();
    expect(await worker.take(folder)).toBe('held');
    await expect(acquire(folder)).rejects.toThrow(`(process ${worker.pid} on host`);
    await worker.end();
    expect(await filesIn(folder)).toEqual([]);
  });

  it('are taken over at once from a worker that was killed', async () => {
    const folder = await newImagesDir();
    const worker = await startWorker();
    expect(await worker.take(folder)).toBe('held');
    await worker.kill();
    await (await acquire(folder)).release();
    expect(await filesIn(folder)).toEqual([]);
  });

  it('go to exactly one of eight that start at once, whatever they find', async () => {
    const workers = await Promise.all(Array.from({ length: 8 }, startWorker));
    const dead = await startWorker();
    await dead.kill();
    const stale = { ...(await thisHolder(systemClock.now())), pid: dead.pid };
    for (let round = 0; round < 30; round++) {
      const folder = await newImagesDir();
      const lock = join(folder, '.state', 'lock');
      if (round % 3 > 0) await writeFile(lock, JSON.stringify(stale));
      if (round % 3 > 1)
        await writeFile(`${lock}.${stale.token}.takeover`, JSON.stringify({ ...stale, token: randomUUID() }));
      const answers = await Promise.all(workers.map((worker) => worker.take(folder)));
      expect(answers.toSorted()).toEqual(['held', ...Array.from({ length: 7 }, () => 'locked')]);
    }
    await Promise.all(workers.map((worker) => worker.end()));
  });
});
