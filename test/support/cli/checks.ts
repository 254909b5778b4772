import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { BoardDatabase } from '../../../src/emulators/notion/board-database.ts';
import type { EmbeddedBoardOptions } from '../../../src/emulators/notion/options.ts';
import { type WorkerRig, openWorkerRig } from '../worker/setup.ts';

/** A token that no output may show; its shape gives it away to nobody. */
export const canary = 'canary-7b1f-of-the-token';

/** The command told in one sentence why it ended, with neither a stack trace nor the token. */
export function expectSentence({ output }: { output: string }, ...gist: (string | RegExp)[]): void {
  for (const part of gist) expect(output).toMatch(part);
  expect(output.trimEnd().split('\n'), output).toHaveLength(1);
  expect(output).not.toMatch(/\n\s+at |Error:/);
  expect(output).not.toContain(canary);
}

/** A rig with a token of that kind. */
export const openSecretRig = (options: EmbeddedBoardOptions = {}) => openWorkerRig({ token: canary, ...options });

export const statuses = (database: BoardDatabase) => [...database.rows()].map(({ values }) => values['Status']);

/** Nothing was taken, nothing was written. */
export async function expectUntouched(rig: WorkerRig): Promise<void> {
  const { database, board } = rig;
  expect(new Set(statuses(database))).toEqual(new Set(['Needs image']));
  expect(board.count('pages.update') + board.count('fileUploads.create')).toBe(0);
  expect(await rig.pictures()).toEqual([]);
}

/** Every line as the JSON object it has to be. */
export function jsonLines(output: string): Record<string, unknown>[] {
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Record<string, unknown> => JSON.parse(line));
}

/** Leaves the command's stderr out of its output. */
export const withoutStderr = ['sh', '-c', 'exec "$@" 2>/dev/null', 'sh'];

/** Gives the command a terminal. */
export const onTerminal = ['sh', '-c', 'exec script -qec "$*" /dev/null', 'sh'];
export const hasScript = ['/usr/bin/script', '/bin/script'].some(existsSync);

/** A folder of its own for one test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'command-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** May this process mount file systems? */
export const canMount = process.platform === 'linux' && process.getuid?.() === 0 && tryMount();

function tryMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'mount-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]).status === 0;
  if (mounted) spawnSync('umount', [folder]);
  rmdirSync(folder);
  return mounted;
}

/** A small file system in memory, for one test. */
export async function mountMemory(options: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'memory-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'ignore' });
  onTestFinished(async () => {
    execFileSync('umount', ['--lazy', folder], { stdio: 'ignore' });
    await rm(folder, { recursive: true, force: true });
  });
  return folder;
}

/** A server for one test that answers everything with this status and JSON. */
export async function startServer(status: number, answer: (request: IncomingMessage) => object) {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer(request)));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const close = async () => {
    server.closeAllConnections();
    if (server.listening) await once(server.close(), 'close');
  };
  onTestFinished(close);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return { url: `http://127.0.0.1:${address.port}`, close };
}

/** An address where nobody listens. */
export async function closedAddress(): Promise<string> {
  const { url, close } = await startServer(200, () => ({}));
  await close();
  return url;
}
