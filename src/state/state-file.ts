import { z } from 'zod';
import { ConfigError } from '../core/errors.ts';
import { parseJson } from '../lib/json.ts';
import type { Log } from '../lib/log.ts';
import { readIfPresent, remove, writeAtomic } from './files.ts';

/** A small file that is replaced as a whole. */
export interface StateFile {
  /** Undefined when there is none yet. */
  load(): Promise<string | undefined>;
  /** Replaces the whole text, or leaves the old one. */
  save(text: string): Promise<void>;
}

/** A state file whose absence says something. */
export interface RemovableFile extends StateFile {
  remove(): Promise<void>;
}

/** The state file at a path. @throws {ConfigError} when the disk refuses to save or remove it. */
export function stateFile(path: string): RemovableFile {
  return {
    load: async () => (await readIfPresent(path))?.toString(),
    save: (text) => writeAtomic(path, text),
    remove: () => remove(path),
  };
}

/** What a state file holds, and what is logged when that cannot be read. */
interface StateFormat<T> {
  /** The file's name under `.state/`. */
  name: string;
  /** The version that is written, and the newest that is read. */
  version: number;
  schema: z.ZodType<T>;
  log: Log;
  unreadable: string;
}

/**
 * The content of a state file; undefined when there is none, and when it is torn or cannot be read, for then it is started anew.
 * @throws {ConfigError} when a newer version of the worker wrote it.
 */
export async function readState<T>(
  file: StateFile,
  { name, version, schema, log, unreadable }: StateFormat<T>,
): Promise<T | undefined> {
  try {
    const text = await file.load();
    if (text === undefined) return undefined;
    const content = parseJson(text);
    refuseNewer(content, name, version);
    return schema.parse(content);
  } catch (error) {
    if (error instanceof NewerVersionError) throw error;
    log.warn({ err: error }, unreadable);
    return undefined;
  }
}

const anyVersion = z.object({ version: z.number() });

class NewerVersionError extends ConfigError {}

/** @throws {ConfigError} when the content says that a newer version of the worker wrote it. */
export function refuseNewer(content: unknown, name: string, known: number): void {
  const version = anyVersion.safeParse(content).data?.version;
  if (version === undefined || version <= known) return;
  throw new NewerVersionError(
    `${name} was written by a newer version of the worker (version ${version} of the file; this worker reads up to ${known}): update the worker, or give it the images folder of its own version.`,
  );
}
