import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { prepareFolder } from '../../src/state/files.ts';
import { thisHolder } from '../../src/state/lock-holder.ts';
import { useFolders } from '../support/images/folder.ts';
import { startLockProcess } from '../support/state/lock-process.ts';

const newFolder = useFolders();

it('gives the lock to exactly one of eight processes that start at once, whatever they find', async () => {
  const workers = await Promise.all(Array.from({ length: 8 }, startLockProcess));
  const dead = await startLockProcess();
  await dead.kill();
  const stale = { ...(await thisHolder(systemClock.now())), pid: dead.pid };
  for (let round = 0; round < 30; round++) {
    const folder = await newFolder();
    await prepareFolder(folder);
    const lock = join(folder, '.state', 'lock');
    if (round % 3 > 0) await writeFile(lock, JSON.stringify(stale));
    if (round % 3 > 1)
      await writeFile(`${lock}.${stale.token}.takeover`, JSON.stringify({ ...stale, token: randomUUID() }));
    const answers = await Promise.all(workers.map((worker) => worker.take(folder)));
    expect(answers.toSorted()).toEqual(['held', ...Array.from({ length: 7 }, () => 'locked')]);
  }
  await Promise.all(workers.map((worker) => worker.end()));
});
