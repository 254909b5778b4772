import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { strayFiles } from '../support/worker/setup.ts';
import {
  canMount,
  expectSentence,
  expectUntouched,
  jsonLines,
  mountMemory,
  openSecretRig,
  statuses,
} from '../support/cli/checks.ts';
import { runCommand, startCommand } from '../support/cli/command.ts';

describe('the images folder', () => {
  it('says that a file stands where the folder is to be', async () => {
    const rig = await openSecretRig();
    rig.addRows(2);
    const file = join(rig.folder, 'file');
    await writeFile(file, '');
    const ended = await runCommand(['sync'], { ...rig.variables, IMAGES_DIR: join(file, 'images') });
    expect(ended).toMatchObject({ code: 2 });
    expectSentence(ended, join(file, 'images'), 'a file stands in its way', 'IMAGES_DIR');
    await expectUntouched(rig);
  });

  it.skipIf(!canMount)('says that the folder cannot be written to (needs the right to mount)', async () => {
    const rig = await openSecretRig();
    rig.addRows(2);
    const folder = await mountMemory('ro,size=1m');
    const ended = await runCommand(['sync'], { ...rig.variables, IMAGES_DIR: folder });
    expect(ended).toMatchObject({ code: 2 });
    expectSentence(ended, `${folder} cannot be written to (EROFS)`, 'IMAGES_DIR');
    await expectUntouched(rig);
  });

  it.skipIf(!canMount)('loses nothing when the disk is full in the middle (needs the right to mount)', async () => {
    const rig = await openSecretRig();
    const ids = rig.addRows(40);
    const folder = await mountMemory('size=400k');
    const variables = { ...rig.variables, IMAGES_DIR: folder, LOG_LEVEL: 'warn' };
    const full = await runCommand(['sync'], variables);
    expect(full).toMatchObject({ code: 2 });
    expectSentence(full, folder, 'is full; free some space', 'Nothing was lost');
    const ready = statuses(rig.database).filter((status) => status === 'Image ready').length;
    expect(ready).toBeGreaterThan(0);
    expect(ready).toBeLessThan(ids.length);
    expect(statuses(rig.database)).not.toContain('Failed');

    execFileSync('mount', ['-o', 'remount,size=64m', folder]);
    expect(await runCommand(['sync'], variables)).toMatchObject({ code: 0, output: '' });
    expect(new Set(statuses(rig.database))).toEqual(new Set(['Image ready']));
    expect((await readdir(folder)).filter((name) => name.endsWith('.png'))).toHaveLength(ids.length);
    expect(await strayFiles(folder)).toEqual([]);
  });

  it.skipIf(!canMount)('says it when the disk turns read-only in the middle (needs the right to mount)', async () => {
    const rig = await openSecretRig({ latencyMs: 20 });
    rig.addRows(100);
    const folder = await mountMemory('size=64m');
    const variables = { ...rig.variables, IMAGES_DIR: folder };
    const command = startCommand(['sync'], variables, { wrap: ['sh', '-c', 'exec "$@" >/dev/null', 'sh'] });
    await vi.waitUntil(() => statuses(rig.database).includes('Image ready'), { timeout: 30_000 });
    // Refused while a file is open for writing.
    const lock = () => spawnSync('mount', ['-o', 'remount,ro', folder]).status === 0;
    await vi.waitUntil(lock, { timeout: 30_000, interval: 1 });
    const ended = await command.ended;
    expect(ended).toMatchObject({ code: 2 });
    expectSentence(ended, folder, 'cannot be written to (EROFS)');
    expect(statuses(rig.database)).not.toContain('Failed');

    execFileSync('mount', ['-o', 'remount,rw', folder]);
    expect(await runCommand(['sync'], variables)).toMatchObject({ code: 0 });
    expect(new Set(statuses(rig.database))).toEqual(new Set(['Image ready']));
  });

  it('is refused while another worker holds it', async () => {
    const rig = await openSecretRig();
    const start = startCommand(['start'], { ...rig.variables, SYNC_SCHEDULE: '0 0 1 1 *' });
    await start.printed('Pass finished');
    rig.addRows(2);
    const ended = await runCommand(['sync'], rig.variables);
    expect(ended).toMatchObject({ code: 4 });
    expectSentence(ended, `process ${start.pid}`, rig.folder, 'Stop it first', 'IMAGES_DIR');
    await expectUntouched(rig);
    start.kill('SIGTERM');
    await start.ended;
  });

  it('is taken over at once from a worker that was killed', async () => {
    const rig = await openSecretRig();
    const start = startCommand(['start'], { ...rig.variables, SYNC_SCHEDULE: '0 0 1 1 *' });
    await start.printed('Pass finished');
    start.kill('SIGKILL');
    await start.ended;
    expect(await readdir(join(rig.folder, '.state'))).toContain('lock');
    rig.addRows(2);
    expect(await runCommand(['sync'], rig.variables)).toMatchObject({ code: 0 });
    expect(statuses(rig.database)).toEqual(['Image ready', 'Image ready']);
    expect(await readdir(join(rig.folder, '.state'))).not.toContain('lock');
  });
});

describe('clocks', () => {
  it.each([
    ['behind', 86_400_000],
    ['ahead of', -86_400_000],
  ])("warns once that the clock is %s Notion's, and goes on", async (side, clockSkewMs) => {
    const rig = await openSecretRig({ clockSkewMs });
    rig.addRows(3);
    const { code, output } = await runCommand(['sync'], rig.variables);
    expect(code, output).toBe(0);
    const warnings = jsonLines(output).filter(({ level }) => level === 'warn');
    expect(warnings.map(({ msg }) => msg)).toEqual([
      expect.stringMatching(new RegExp(`clock is 24 hours ${side} Notion's: set it right.*network time`)),
    ]);
    expect(new Set(statuses(rig.database))).toEqual(new Set(['Image ready']));
  });

  it('is silent about a clock that is right to the minute', async () => {
    const rig = await openSecretRig({ clockSkewMs: 60_000 });
    rig.addRows(1);
    const { code, output } = await runCommand(['sync'], { ...rig.variables, LOG_LEVEL: 'warn' });
    expect({ code, output }).toEqual({ code: 0, output: '' });
  });

  it.each([1, -1])('is not hindered by state that is %d year off', async (years) => {
    const rig = await openSecretRig();
    const first = rig.addRows(3);
    const start = startCommand(['start'], { ...rig.variables, SYNC_SCHEDULE: '0 0 1 1 *' });
    await start.printed('Pass finished');
    start.kill('SIGKILL');
    await start.ended;
    const state = join(rig.folder, '.state');
    await mkdir(join(state, 'tmp', 'w-00000000'), { recursive: true });
    await writeFile(join(state, 'tmp', 'w-00000000', `${'0'.repeat(64)}.x.png`), 'torn');
    const at = Date.now() / 1000 + years * 31_536_000;
    for (const name of await readdir(state, { recursive: true })) await utimes(join(state, name), at, at);

    const second = rig.addRows(2);
    expect(await runCommand(['sync'], rig.variables)).toMatchObject({ code: 0 });
    expect(new Set(statuses(rig.database))).toEqual(new Set(['Image ready']));
    expect(await rig.pictures()).toHaveLength(first.length + second.length);
    expect(await strayFiles(rig.folder)).toEqual([]);
  });
});
