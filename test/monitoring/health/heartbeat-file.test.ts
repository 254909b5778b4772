import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { silentLog } from '../../../src/lib/log.ts';
import { createHeartbeatFile } from '../../../src/monitoring/health/heartbeat-file.ts';
import { writeAtomic } from '../../../src/state/files.ts';
import { createTwoClocks } from '../../support/monitoring/rig.ts';

async function temporaryFile() {
  const folder = await mkdtemp(join(tmpdir(), 'heartbeat-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return { folder, file: join(folder, 'heartbeat') };
}

describe('the heartbeat file', () => {
  it('is whole at any instant', async () => {
    const { folder, file } = await temporaryFile();
    let beats = 0;
    const closing = new AbortController();
    const heartbeat = createHeartbeatFile({
      content: async () => ({ beats: (beats += 1), padding: 'x'.repeat(200_000) }),
      save: (text) => writeAtomic(file, text),
      clock: createTwoClocks().clock,
      log: silentLog,
    });
    const beating = heartbeat.beatOn(closing.signal);
    await heartbeat.beat();
    const seen = new Set<unknown>();
    while (seen.size < 20) {
      const { beats, padding } = JSON.parse(await readFile(file, 'utf8'));
      expect(padding).toHaveLength(200_000);
      seen.add(beats);
    }
    closing.abort();
    await beating;
    expect(await readdir(folder)).toEqual(['heartbeat']);
  });

  it('survives a disk that is full, and is written again afterwards', async () => {
    const texts: string[] = [];
    let isFull = true;
    const heartbeat = createHeartbeatFile({
      content: async () => ({ ok: true }),
      save: async (text) => {
        if (isFull) throw new Error('ENOSPC');
        texts.push(text);
      },
      clock: createTwoClocks().clock,
      log: silentLog,
    });
    await heartbeat.beat();
    expect(heartbeat.isWritable()).toBe(false);
    isFull = false;
    await heartbeat.beat();
    expect(heartbeat.isWritable()).toBe(true);
    expect(texts.map((text): unknown => JSON.parse(text))).toEqual([{ ok: true }]);
  });

  it('is written once for all who ask while it is being written', async () => {
    let writes = 0;
    const heartbeat = createHeartbeatFile({
      content: async () => ({}),
      save: async () => void (writes += 1),
      clock: createTwoClocks().clock,
      log: silentLog,
    });
    await Promise.all(Array.from({ length: 50 }, () => heartbeat.beat()));
    expect(writes).toBe(1);
  });

  it('grows old while the event loop is blocked', async () => {
    const { folder, file } = await temporaryFile();
    const release = join(folder, 'release');
    const child = fileURLToPath(new URL('../../support/monitoring/children/beat-and-block.ts', import.meta.url));
    const worker = spawn(process.execPath, ['--import', 'tsx', child, file, release], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void worker.kill('SIGKILL'));
    const ended = once(worker, 'exit');
    await once(worker.stdout, 'data');
    // What was on its way to the disk arrives.
    await delay(200);
    const before = await readFile(file, 'utf8');
    await delay(200);
    expect(await readFile(file, 'utf8')).toBe(before);
    await writeFile(release, '');
    expect(await ended).toEqual([0, null]);
    expect(await readFile(file, 'utf8')).not.toBe(before);
  });
});
