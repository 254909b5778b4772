import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { silentLog } from '../../../../src/lib/log.ts';
import { createHeartbeatFile } from '../../../../src/monitoring/health/heartbeat-file.ts';
import { writeAtomic } from '../../../../src/state/files.ts';

// Beats often, blocks its event loop until a file appears, and beats on.
const [file = '', release = ''] = process.argv.slice(2);
let beats = 0;
const closing = new AbortController();
const heartbeat = createHeartbeatFile({
  content: async () => ({ beats: (beats += 1) }),
  save: (text) => writeAtomic(file, text),
  clock: { now: () => Date.now(), monotonic: () => performance.now(), sleep: () => delay(1) },
  log: silentLog,
});
const beating = heartbeat.beatOn(closing.signal);
for (let count = 0; count < 3; count += 1) await heartbeat.beat();
process.stdout.write('blocked\n');
const cell = new Int32Array(new SharedArrayBuffer(4));
while (!existsSync(release)) Atomics.wait(cell, 0, 0, 5);
const enough = AbortSignal.timeout(100);
while (!enough.aborted) await delay(1);
closing.abort();
await beating;
