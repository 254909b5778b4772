import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { runCommand } from '../support/cli/command.ts';
import { openOffice } from '../support/worker/setup.ts';
import { createComposeCheck, ourComposeFile } from '../support/deploy/compose.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const page = join(root, 'docs/operations.md');
const text = await readFile(page, 'utf8');
const settings = [...(await readFile(join(root, '.env.example'), 'utf8')).matchAll(/^([A-Z_]+)=/gm)].map(
  ([, name = '']) => name,
);

/** The code of one language, block by block. */
function blocks(language: string): string[] {
  return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, tag, code = '']) =>
    tag === language ? [code] : [],
  );
}

/** What stands under a heading, up to the next of the same depth. */
function section(title: string): string {
  const [, found] = text.split(`\n## ${title}\n`);
  return found?.split('\n## ')[0] ?? '';
}

/** What stands in backticks in the first cells of a section's tables. */
function firstCells(title: string): string[] {
  const rows = section(title).matchAll(/^\| ([^|]*`[^|]*) \|/gm);
  return [...rows].flatMap(([, cell = '']) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code));
}

/** Finds a message within one line of code; … stands for what varies. */
function patternOf(words: string): RegExp {
  const parts = words.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(parts.join('.*?'));
}

async function sources(): Promise<string> {
  const names = (await readdir(join(root, 'src'), { recursive: true })).filter((name) => name.endsWith('.ts'));
  return (await Promise.all(names.map((name) => readFile(join(root, 'src', name), 'utf8')))).join('\n');
}

describe('docs/operations.md', () => {
  it('leads only to files and headings that are there', () => {
    const titles = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => title);
    const anchors = new Set(titles.map((title) => `#${title.toLowerCase().replaceAll(' ', '-')}`));
    const targets = [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) => target);
    const files = targets.filter((target) => !/^(#|https:)/.test(target));
    expect(files).not.toEqual([]);
    expect(files.filter((file) => !existsSync(join(dirname(page), file)))).toEqual([]);
    expect(targets.filter((target) => target.startsWith('#') && !anchors.has(target))).toEqual([]);
  });

  it('names only npm scripts that are there', async () => {
    const { scripts } = z
      .object({ scripts: z.record(z.string(), z.string()) })
      .parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')));
    const named = [...text.matchAll(/npm (?:run )?(start|(?<=run )[a-z:]+)/g)].map(([, name = '']) => name);
    expect(new Set(named)).toContain('doctor');
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });

  it('names only commands and options that the command line has', { timeout: 120_000 }, async () => {
    const start = /(?:npm run|dist\/cli\.js|run --rm worker|^`|\b`)\s*(sync|start|doctor|init|generate)\b([^`\n]*)/gm;
    const options = new Map<string, string[]>();
    for (const [, command = '', rest = ''] of text.matchAll(start)) {
      options.set(command, [...(options.get(command) ?? []), ...(rest.match(/--[a-z-]{2,}/g) ?? [])]);
    }
    expect([...options.keys()]).toEqual(expect.arrayContaining(['start', 'doctor', 'init', 'sync', 'generate']));
    for (const [command, named] of options) {
      const { code, output } = await runCommand([command, '--help'], {});
      expect(code, output).toBe(0);
      expect(named.filter((option) => !output.includes(option))).toEqual([]);
    }
  });

  it('names only settings that there are', () => {
    const named = [...text.matchAll(/\b[A-Z]{2,}(?:_[A-Z]+)+\b/g)].map(([name]) => name.replace(/_FILE$/, ''));
    // What is no setting of ours: a variable of Node.js, families of sockets, a placeholder for any name.
    const known = new Set([...settings, 'NODE_ENV', 'AF_INET', 'AF_NETLINK', 'AF_UNIX', 'NAME']);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  it('tells the exit codes as --help does', async () => {
    const { output } = await runCommand(['--help'], {});
    const told = [...section('Exit codes').matchAll(/^\| ([\d, ]+) \|/gm)].flatMap(([, cell = '']) => cell.split(', '));
    const [, codes = ''] = /Exit codes:(.*)/s.exec(output) ?? [];
    expect(told).toEqual(codes.match(/\b\d+\b(?= |,)/g));
  });

  it.each(['Logs', 'Troubleshooting', 'Health and alerts'])('quotes under "%s" what the code says', async (title) => {
    const code = await sources();
    const facts = /^(passes|oldestWaitingSince|providers|freeDiskBytes|alerts|liveness|readiness)$/;
    const quoted = firstCells(title);
    expect(quoted.length).toBeGreaterThan(5);
    expect(quoted.filter((words) => !facts.test(words) && !patternOf(words).test(code))).toEqual([]);
    for (const name of quoted.filter((words) => facts.test(words))) expect(code).toMatch(new RegExp(`\\b${name}\\b`));
  });

  it('tells of everything that a worker keeps in .state', async () => {
    const paths = firstCells('What is in the folder');
    const told = new Set(paths.map((path) => path.replace(/^\.state\//, '').replace(/\/$/, '')));
    const office = await openOffice();
    office.addRows(1);
    await office.pass();
    const kept = ['lock', ...(await readdir(join(office.folder, '.state')))];
    expect(kept).toEqual(expect.arrayContaining(['journal', 'worker-id', 'heartbeat']));
    expect(kept.filter((name) => !told.has(name))).toEqual([]);
  });

  it('shows Compose files that are valid, and the volume that Compose makes', async () => {
    const problems = await createComposeCheck();
    const files = blocks('yaml');
    expect(files).toHaveLength(1);
    for (const file of files) expect(problems(file)).toEqual([]);
    const { name, volumes } = await ourComposeFile();
    const named = [...text.matchAll(/\b[a-z-]+_pictures\b/g)].map(([volume]) => volume);
    expect(new Set(named)).toEqual(new Set([`${name}_pictures`, 'second_pictures']));
    expect(volumes).toHaveProperty('pictures');
  });
});

describe('the systemd unit', () => {
  const [unit = ''] = blocks('ini');
  const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;

  it('starts the built command line by the settings file, and reads the end by a signal as success', () => {
    expect(unit).toMatch(/^ExecStart=\/usr\/bin\/node \/opt\/notion-to-facebook\/dist\/cli\.js start$/m);
    expect(unit).toMatch(/^EnvironmentFile=\/etc\/notion-to-facebook\.env$/m);
    expect(unit).toMatch(/^SuccessExitStatus=143$/m);
    const [, seconds] = /^TimeoutStopSec=(\d+)$/m.exec(unit) ?? [];
    expect(Number(seconds)).toBeGreaterThan(8);
  });

  it('lets the worker write to its own folder only', () => {
    for (const line of ['DynamicUser=yes', 'ProtectSystem=strict', 'NoNewPrivileges=yes', 'CapabilityBoundingSet=']) {
      expect(unit.split('\n')).toContain(line);
    }
    expect(unit.match(/^(?:ReadWritePaths|WorkingDirectory)=.*$/gm)).toEqual([
      'WorkingDirectory=%S/notion-to-facebook',
      'ReadWritePaths=%S/notion-to-facebook',
    ]);
  });

  it.runIf(hasSystemd)('is understood by systemd', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'unit-'));
    try {
      const [, credentials = ''] = blocks('ini');
      const file = join(folder, 'notion-to-facebook.service');
      const here = unit.replace('/usr/bin/node', process.execPath).replace('[Service]\n', `[Service]\n${credentials}`);
      await writeFile(file, here);
      const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' });
      expect(stderr).not.toContain('notion-to-facebook.service:');
      expect(status, stderr).toBe(0);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
