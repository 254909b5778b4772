import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openWorkerRig } from '../support/worker/setup.ts';
import { type Container, createContainer, healthCheck, isContained } from '../support/container.ts';

const example = await readFile(new URL('../../.env.example', import.meta.url), 'utf8');

let container: Container;
beforeAll(async () => {
  container = await createContainer();
});
afterAll(() => container[Symbol.asyncDispose]());

/** .env by the README: .env.example copied, these values filled in. */
function filledIn(values: Record<string, string>): string {
  let text = example;
  for (const [name, value] of Object.entries(values)) {
    expect(text).toMatch(new RegExp(`^${name}=`, 'm'));
    text = text.replace(new RegExp(`^${name}=.*$`, 'm'), `${name}=${value}`);
  }
  return text;
}

describe('the worker in the environment of docker-compose.yml', () => {
  it('serves a row, stays healthy and stops in time', async () => {
    const rig = await openWorkerRig();
    const { board, database } = rig;
    const [id = ''] = rig.addRows(1);
    const settings = { NOTION_TOKEN: board.token, NOTION_DATABASE_ID: database.id, NOTION_API_URL: board.url };
    const environment = filledIn(settings);
    const worker = container.run(environment);
    try {
      await Promise.race([
        vi.waitFor(() => expect(rig.text(id, 'Status')).toBe('Image ready'), { timeout: 60_000, interval: 50 }),
        worker.ended.then(({ code, output }) => Promise.reject(new Error(`ended with ${code}: ${output}`))),
      ]);
      const { uid } = await stat(join(container.data, rig.text(id, 'Image file')));
      expect(uid).toBe(container.userId);
      expect(await container.run(environment, healthCheck).ended).toMatchObject({ code: 0, output: '' });
      expect(await readdir(join(container.data, '.state'))).toContain('lock');
    } finally {
      worker.kill('SIGTERM');
    }
    const asked = performance.now();
    const { code, output } = await worker.ended;
    expect(code, output).toBe(143);
    expect(performance.now() - asked).toBeLessThan(8000);
    for (const line of output.trimEnd().split('\n')) expect(() => void JSON.parse(line), line).not.toThrow();
    expect(await readdir(join(container.data, '.state'))).not.toContain('lock');
  });

  it('tells a new user who forgot the two settings what to do', async () => {
    const { code, output } = await container.run(filledIn({})).ended;
    expect(code).toBe(2);
    expect(output).toContain('NOTION_TOKEN is not set');
    expect(output).toContain('NOTION_DATABASE_ID is not set');
  });

  it.runIf(isContained)('can write nowhere but into the volume and /tmp, and is nobody in particular', async () => {
    const tries = ['/app/x', '/x', '/etc/x', '/usr/x', '/data/x', '/tmp/x'];
    const script = `
      const { readFileSync, writeFileSync } = require('node:fs');
      const tried = ${JSON.stringify(tries)}.map((path) => {
        try { writeFileSync(path, ''); return [path, 'written']; } catch ({ code }) { return [path, code]; }
      });
      const [, powers] = /^CapBnd:\\s*(\\w+)/m.exec(readFileSync('/proc/self/status', 'utf8'));
      console.log(JSON.stringify({ ...Object.fromEntries(tried), uid: process.getuid(), powers: Number('0x' + powers) }));`;
    const { code, output } = await container.run('', ['-e', script]).ended;
    expect(code, output).toBe(0);
    expect(JSON.parse(output)).toEqual({
      '/app/x': 'EROFS',
      '/x': 'EROFS',
      '/etc/x': 'EROFS',
      '/usr/x': 'EROFS',
      '/data/x': 'written',
      '/tmp/x': 'written',
      uid: 1000,
      powers: 0,
    });
  });
});
