import type { StateFile } from '../../src/state/state-file.ts';

/** A state file in memory. */
export interface MemoryFile extends StateFile {
  text: string | undefined;
  /** How often it was to be saved. */
  saves: number;
  /** What saving comes to, once it is set. */
  failure: Error | undefined;
}

/** A state file in memory that holds this text, or is not there yet. */
export function createMemoryFile(text?: string): MemoryFile {
  const file: MemoryFile = {
    text,
    saves: 0,
    failure: undefined,
    load: async () => file.text,
    async save(next) {
      file.saves += 1;
      if (file.failure) throw file.failure;
      file.text = next;
    },
  };
  return file;
}
