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
