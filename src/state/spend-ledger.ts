import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { z } from 'zod';
import { parseJson } from '../lib/json.ts';
import type { Log } from '../lib/log.ts';
import { isCode, onDisk } from './disk-error.ts';
import { syncFolder } from './files.ts';
import { statePaths } from './paths.ts';

/** One file of lines for each month (`2026-11`). Lines are only ever added, by several processes too. */
export interface SpendFiles {
  /** What was added from this byte on; empty when there is nothing. @throws {ConfigError} */
  read(month: string, fromByte: number): Promise<Uint8Array>;
  /** Adds a line, apart from any torn one before it; it is on disk before this returns. @throws {ConfigError} */
  append(month: string, line: string): Promise<void>;
}

const lineSchema = z.object({
  id: z.string().min(1),
  /** ISO 8601, UTC. */
  at: z.string(),
  provider: z.string(),
  model: z.string(),
  /** open: set aside for a call · spent · possible: nobody knows · released: certainly not billed. */
  state: z.enum(['open', 'spent', 'possible', 'released']),
  usd: z.number().min(0).max(1e6),
});

/** One change: how a paid call stands from now on. */
export type SpendLine = z.infer<typeof lineSchema>;

/** One month's spend, summed over its lines in whole nanodollars, which do not drift as fractions do. */
export type SpendLedger = ReturnType<typeof createSpendLedger>;

const lineEnd = 0x0a;

/** Whole nanodollars. */
export function toNanos(usd: number): number {
  return Math.round(usd * 1e9);
}

/** The files in a folder made by `prepareFolder`. */
export function createSpendFiles(imagesDir: string): SpendFiles {
  const { spend } = statePaths(imagesDir);
  const fileOf = (month: string) => join(spend, `${month}.jsonl`);
  return {
    read: (month, fromByte) =>
      onDisk(spend, () =>
        buffer(createReadStream(fileOf(month), { start: fromByte })).catch((error: unknown) => {
          if (isCode(error, 'ENOENT')) return Buffer.alloc(0);
          throw error;
        }),
      ),
    append: (month, line) =>
      onDisk(spend, async () => {
        await using file = await open(fileOf(month), 'a+');
        const { size } = await file.stat();
        const last = size === 0 ? undefined : await file.read(Buffer.alloc(1), 0, 1, size - 1);
        await file.appendFile(`${last && last.buffer[0] !== lineEnd ? '\n' : ''}${line}\n`);
        await file.sync();
        if (size === 0) await syncFolder(spend);
      }),
  };
}

/** A month's ledger of which nothing is read yet. */
export function createSpendLedger(month: string, files: SpendFiles, log: Log) {
  const calls = new Map<string, { state: SpendLine['state']; nanos: number }>();
  const nanos: Record<SpendLine['state'], number> = { open: 0, spent: 0, possible: 0, released: 0 };
  let readBytes = 0;

  const count = ({ id, state, usd }: SpendLine) => {
    const earlier = calls.get(id);
    if (earlier) nanos[earlier.state] -= earlier.nanos;
    const call = { state, nanos: toNanos(usd) };
    calls.set(id, call);
    nanos[state] += call.nanos;
  };

  return {
    month,
    nanos,
    /** What one call may cost or did cost; 0 when the call is unknown. */
    nanosOf: (id: string) => calls.get(id)?.nanos ?? 0,
    /** Reads the lines that were added, by other processes too. */
    async catchUp() {
      const bytes = await files.read(month, readBytes);
      // A last line without its end is torn, or still being written.
      const whole = bytes.subarray(0, bytes.lastIndexOf(lineEnd) + 1);
      readBytes += whole.byteLength;
      for (const text of new TextDecoder().decode(whole).split('\n')) {
        if (text === '') continue;
        const line = lineSchema.safeParse(parseJson(text)).data;
        if (line) count(line);
        else log.warn({ month, line: text.slice(0, 200) }, 'A line of the spend ledger cannot be read and is left out');
      }
    },
    /** Writes a change down, then counts it. */
    async write(line: SpendLine) {
      await files.append(month, JSON.stringify(line));
      count(line);
    },
  };
}
