import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { healthCheck } from '../support/container.ts';

describe('the health check of the Dockerfile', () => {
  const folders: string[] = [];
  afterEach(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
  });

  const check = async (ageMs: number | undefined) => {
    const folder = await mkdtemp(join(tmpdir(), 'health-'));
    folders.push(folder);
    if (ageMs !== undefined) {
      const file = join(folder, '.state', 'heartbeat');
      await mkdir(join(folder, '.state'));
      await writeFile(file, '{}');
      const seconds = (Date.now() - ageMs) / 1000;
      await utimes(file, seconds, seconds);
    }
    return new Promise((resolve) => {
      const child = execFile(process.execPath, healthCheck, { env: { IMAGES_DIR: folder } }, () =>
        resolve(child.exitCode),
      );
    });
  };

  it('passes while the heartbeat is younger than three minutes', async () => {
    expect(await check(0)).toBe(0);
    expect(await check(120_000)).toBe(0);
  });

  it('fails when the heartbeat is older, far ahead after a jump of the clock, or absent', async () => {
    expect(await check(240_000)).toBe(1);
    expect(await check(-86_400_000)).toBe(1);
    expect(await check(undefined)).toBe(1);
  });
});
