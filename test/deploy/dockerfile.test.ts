import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { execForm, imageOf, ourDockerfile, pairsOf } from '../support/deploy/dockerfile.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const stages = await ourDockerfile();
const image = imageOf(stages);
const instructions = stages.flatMap((stage) => stage.instructions);
const named = (name: string) => instructions.filter((instruction) => instruction.name === name);
const packageFile = z
  .object({ name: z.string(), description: z.string(), license: z.string(), scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')));

describe('the Dockerfile', () => {
  it('pins every base image to one line of Node 24 by its tag', () => {
    expect(stages.map((stage) => stage.image)).toEqual(Array(3).fill('node:24-bookworm-slim'));
  });

  it('copies and never adds', () => {
    expect(named('ADD')).toEqual([]);
  });

  it('copies only what is in the repository or what an earlier stage made', () => {
    const copies = named('COPY').map(({ flags, rest }) => ({ flags, sources: rest.split(/\s+/).slice(0, -1) }));
    const own = copies.filter(({ flags }) => flags.length === 0).flatMap(({ sources }) => sources);
    expect(own.filter((source) => !existsSync(join(root, source)))).toEqual([]);
    expect(copies.filter(({ flags }) => flags.length > 0)).toEqual([
      { flags: ['--from=dependencies'], sources: ['/app/node_modules'] },
      { flags: ['--from=build'], sources: ['/app/dist'] },
    ]);
  });

  it('installs from the lock and runs no script of a package', () => {
    const installs = named('RUN').filter(({ rest }) => /"npm", "(ci|install|i)"/.test(rest));
    expect(installs).toHaveLength(2);
    for (const { rest } of installs) expect(execForm(rest).slice(0, 2)).toEqual(['npm', 'ci']);
    for (const { rest } of installs) expect(execForm(rest)).toContain('--ignore-scripts');
    expect(execForm(installs[1]?.rest ?? '')).toContain('--omit=dev');
  });

  it('runs only npm scripts that exist', () => {
    const scripts = named('RUN').flatMap(({ rest }) => /"npm", "run", "([^"]+)"/.exec(rest)?.[1] ?? []);
    expect(scripts).toEqual(['build']);
    expect(packageFile.scripts).toHaveProperty('build');
  });

  it('installs system packages without recommendations, and removes the lists in the same layer', () => {
    const layers = named('RUN').filter(({ rest }) => rest.includes('apt-get'));
    expect(layers).toHaveLength(1);
    for (const { rest } of layers) {
      expect(rest).toMatch(/^apt-get update && apt-get install --yes --no-install-recommends [a-z -]+ && /);
      expect(rest).toContain('rm -rf /var/lib/apt/lists/*');
      for (const fonts of ['fonts-noto-core', 'fonts-noto-cjk', 'fonts-noto-color-emoji'])
        expect(rest).toContain(fonts);
    }
  });

  it('holds no secret', () => {
    const settings = { ...pairsOf(named('ENV')), ...pairsOf(named('ARG')) };
    expect(Object.keys(settings).filter((name) => /TOKEN|KEY|SECRET|AUTH|PASSWORD/.test(name))).toEqual([]);
  });

  it('says what the image is in the words of package.json', () => {
    const { name, description, license } = packageFile;
    expect(image.labels).toEqual({
      'org.opencontainers.image.title': name,
      'org.opencontainers.image.description': description,
      'org.opencontainers.image.licenses': license,
    });
  });

  it('ends as a user who is not root, after everything that needs root', () => {
    expect(image.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    const names = stages.at(-1)?.instructions.map(({ name }) => name) ?? [];
    expect(names.filter((name) => name === 'USER')).toHaveLength(1);
    expect(names.slice(names.indexOf('USER'))).not.toContain('RUN');
    expect(names.slice(names.indexOf('USER'))).not.toContain('COPY');
  });

  it('keeps everything in one volume, which belongs to that user', () => {
    expect(image.volumes).toEqual([image.environment['IMAGES_DIR']]);
    expect(named('RUN').some(({ rest }) => rest.includes(`install --directory --owner=node --group=node /data`))).toBe(
      true,
    );
  });

  it('starts the worker without a shell, which would swallow the signal to stop', () => {
    expect([...image.entrypoint, ...image.command]).toEqual(['node', 'dist/cli.js', 'start']);
    expect(image.stopSignal).toBe('SIGTERM');
  });
});

describe('.dockerignore', () => {
  it('lets through what the Dockerfile copies and nothing else', async () => {
    const lines = (await readFile(join(root, '.dockerignore'), 'utf8'))
      .split('\n')
      .filter((line) => !/^(#|$)/.test(line));
    const copied = named('COPY')
      .filter(({ flags }) => flags.length === 0)
      .flatMap(({ rest }) => rest.split(/\s+/).slice(0, -1));
    expect(lines[0]).toBe('*');
    expect(lines.slice(1).toSorted()).toEqual([...new Set(copied)].map((path) => `!${path}`).toSorted());
  });
});

describe('the health check', () => {
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
    const [program, ...args] = image.healthCheck;
    expect(program).toBe('node');
    return new Promise((resolve) => {
      const child = execFile(process.execPath, args, { env: { IMAGES_DIR: folder } }, () => resolve(child.exitCode));
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
