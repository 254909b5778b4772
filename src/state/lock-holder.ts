import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { z } from 'zod';
import { parseJson } from '../lib/json.ts';
import { isCode } from './disk-error.ts';

const lockHolder = z.object({
  pid: z.int().positive(),
  host: z.string(),
  bootId: z.string().exactOptional(),
  /** In the kernel's ticks since boot; tells a process from a later one with the same id. */
  processStart: z.string().exactOptional(),
  /** ISO 8601, UTC. */
  startedAt: z.iso.datetime(),
  token: z.uuid(),
});

/** The process that holds a lock, as the lock's file names it. */
export type LockHolder = z.infer<typeof lockHolder>;

/** This process, with a token that no other holder has. */
export async function thisHolder(startedAtMs: number): Promise<LockHolder> {
  const bootId = await readBootId();
  const own = await readProcess(process.pid);
  return {
    pid: process.pid,
    host: hostname(),
    ...(bootId === undefined ? {} : { bootId }),
    ...(own === undefined ? {} : { processStart: own.start }),
    startedAt: new Date(startedAtMs).toISOString(),
    token: randomUUID(),
  };
}

/** Reads a lock's file; undefined when it is torn or nobody's. */
export function parseHolder(text: string): LockHolder | undefined {
  return lockHolder.safeParse(parseJson(text)).data;
}

/** Is it certain that the holder's process has ended? */
export async function isGone(holder: LockHolder): Promise<boolean> {
  if (holder.host !== hostname()) return false;
  const bootId = await readBootId();
  if (holder.bootId !== undefined && bootId !== undefined && holder.bootId !== bootId) return true;
  if (!isAlive(holder.pid)) return true;
  const current = await readProcess(holder.pid);
  if (current && holder.processStart !== undefined) return current.hasEnded || current.start !== holder.processStart;
  // Without start times: in a container that was started again the worker has the same id as before.
  return holder.pid === process.pid;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and another user's.
    return !isCode(error, 'ESRCH');
  }
}

/** Linux only; undefined elsewhere. */
async function readBootId(): Promise<string | undefined> {
  return readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  );
}

/** Linux only; undefined elsewhere. */
async function readProcess(pid: number): Promise<{ start: string; hasEnded: boolean } | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // proc(5): field 2 is the program's name in brackets and may hold anything; then come 3, the state, and 22, the start.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, start] = [fields[0], fields[19]];
  return state && start ? { start, hasEnded: state === 'Z' || state === 'X' } : undefined;
}
