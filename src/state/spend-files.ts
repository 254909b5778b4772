import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
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

export const lineEnd = 0x0a;

/** The files in a folder made by `prepareFolder`. */
export function createSpendFiles(imagesDir: string): SpendFiles {
  const { spend } = statePaths(imagesDir);
  const fileOf = (month: string) => join(spend, `${month}.jsonl`);
  return {
    read: (month, fromByte) => onDisk(spend, () => readIfThere(fileOf(month), fromByte)),
    append: (month, line) =>
      onDisk(spend, async () => {
        await using file = await open(fileOf(month), 'a+');
        const { size } = await file.stat();
        const isTorn = size > 0 && (await readFrom(file, size - 1))[0] !== lineEnd;
        await file.appendFile(`${isTorn ? '\n' : ''}${line}\n`);
        await file.sync();
        if (size === 0) await syncFolder(spend);
      }),
  };
}

async function readIfThere(path: string, fromByte: number): Promise<Uint8Array> {
  try {
    await using file = await open(path);
    return await readFrom(file, fromByte);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return new Uint8Array();
    throw error;
  }
}

async function readFrom(file: FileHandle, fromByte: number): Promise<Uint8Array> {
  const { size } = await file.stat();
  const bytes = Buffer.alloc(Math.max(0, size - fromByte));
  let filled = 0;
  while (filled < bytes.byteLength) {
    const { bytesRead } = await file.read(bytes, filled, bytes.byteLength - filled, fromByte + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
