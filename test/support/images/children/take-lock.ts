import { createInterface } from 'node:readline';
import { systemClock } from '../../../../src/lib/clock.ts';
import { LockedError } from '../../../../src/core/errors.ts';
import { silentLog } from '../../../../src/lib/log.ts';
import { acquireLock } from '../../../../src/state/lock.ts';
import type { FolderLock } from '../../../../src/state/lock.ts';

/** Takes the lock of each folder it is told, and gives all back when its input ends. */
const held: FolderLock[] = [];
process.stdout.write('ready\n');
for await (const folder of createInterface({ input: process.stdin })) {
  try {
    held.push(await acquireLock({ folder, clock: systemClock, log: silentLog, onLost: () => undefined }));
    process.stdout.write('held\n');
  } catch (error) {
    process.stdout.write(error instanceof LockedError ? 'locked\n' : `${String(error)}\n`);
  }
}
for (const lock of held) await lock.release();
