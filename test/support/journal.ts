import { randomUUID } from 'node:crypto';
import type { GeneratedFile } from '../../src/core/image.ts';
import type { Claimed, JournalEntry, Settled } from '../../src/state/journal-schema.ts';
import type { Journal } from '../../src/state/journal.ts';

/** An image as a journal names it. */
export const generatedFile: GeneratedFile = {
  saved: {
    path: 'flux_generated_20261121_090807_1.png',
    sha256: 'ab'.repeat(32),
    byteLength: 9,
    mediaType: 'image/png',
    width: 1080,
    height: 1080,
  },
  provenance: { provider: 'huggingface', model: 'm', seed: 1, costUsd: 0.003, generatedAt: 1 },
};

export function claimedEntry(postId: string = randomUUID(), changes: Partial<Claimed> = {}): Claimed {
  return {
    version: 2,
    postId,
    generation: 0,
    fingerprint: '1:f',
    attempts: [],
    interruptions: 0,
    task: { kind: 'generate', retries: 0 },
    step: 'claimed',
    ...changes,
  };
}

export function settledEntry(postId: string, result: Settled['result']): Settled {
  const { task: _, interruptions: __, ...every } = claimedEntry(postId);
  return { ...every, step: 'settled', retries: 0, result };
}

/** A journal in memory, whose indexes name these rows. */
export function memoryJournal({ due = [] as string[] } = {}): Journal & { entries: Map<string, JournalEntry> } {
  const entries = new Map<string, JournalEntry>();
  return {
    entries,
    read: async (id) => entries.get(id),
    write: async (entry) => void entries.set(entry.postId, entry),
    forgetRetry: async () => undefined,
    dueRetries: async () => due,
    duePlaceholders: async () => due,
  };
}
