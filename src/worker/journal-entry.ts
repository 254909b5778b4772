import type { ImageStore } from '../core/image.ts';
import type { Journal, JournalEntry } from '../core/journal.ts';
import type { Post } from '../core/post.ts';
import type { Attempt, OpenCall } from '../core/provider.ts';

/** A look at the board this soon after our own write may be older than the write (Notion's query may lag). */
const staleForMs = 120_000;

/**
 * The entry to go on with: the unfinished one of the same row as it stands, or a new one. Undefined when the row only looks
 * marked because the look is older than what was just written.
 */
export async function openEntry(
  post: Post,
  fingerprint: string,
  parts: { journal: Journal; store: ImageStore; now: number },
): Promise<JournalEntry | undefined> {
  const { journal, store, now } = parts;
  const earlier = await journal.read(post.id);
  if (!earlier) return newEntry(post.id, fingerprint, 0);
  if (earlier.settled) {
    if (post.status === 'failed' && earlier.settled.retryAt !== undefined) {
      return { ...newEntry(post.id, fingerprint, earlier.generation), retries: (earlier.retries ?? 0) + 1 };
    }
    const justWritten = Math.abs(now - earlier.settled.at) < staleForMs;
    return justWritten && !showsSettlement(post, earlier.settled)
      ? undefined
      : newEntry(post.id, fingerprint, earlier.generation + 1);
  }
  if (earlier.card) {
    // The worker ended while it replaced a card, and the row was marked again since.
    if (earlier.image) await store.forget(earlier.image);
    return newEntry(post.id, fingerprint, earlier.generation + 1);
  }
  // The row was written before the worker ended, and has been marked again since.
  const written = earlier.rendition ?? earlier.image;
  if (written && earlier.uploadId !== undefined && showsSettlement(post, { image: written.path })) {
    return newEntry(post.id, fingerprint, earlier.generation + 1);
  }
  if (earlier.fingerprint === fingerprint) return earlier;
  if (earlier.image) await store.forget(earlier.image);
  return { ...newEntry(post.id, fingerprint, earlier.generation), attempts: earlier.attempts };
}

/**
 * The entry with the paid calls that the end of an earlier process cut off told as attempts: money may have been spent on
 * them. `cutOff` are those calls.
 */
export function tellInterruption(entry: JournalEntry): { entry: JournalEntry; cutOff: OpenCall[] } {
  const { open = [], ...rest } = entry;
  // A job that was begun elsewhere is picked up by its id.
  const cutOff = open.filter(({ provider }) => entry.jobs?.[provider] === undefined);
  if (cutOff.length === 0) return { entry: rest, cutOff };
  const told = cutOff.map((call): Attempt => {
    return { ...call, durationMs: 0, outcome: 'interrupted', possiblySpent: true };
  });
  const interruptions = (entry.interruptions ?? 0) + 1;
  return { entry: { ...rest, attempts: [...entry.attempts, ...told], interruptions }, cutOff };
}

/** An entry of which nothing is done yet. */
export function newEntry(postId: string, fingerprint: string, generation: number): JournalEntry {
  return { version: 1, postId, generation, step: 'generating', fingerprint, attempts: [] };
}

/** Does the row show our own last writing, so that the mark on it must be newer? */
export function showsSettlement(post: Post, settled: { image?: string; error?: string }): boolean {
  if (settled.image !== undefined) return post.imageFile === settled.image || post.imageNames.includes(settled.image);
  return settled.error !== undefined && post.error !== '' && settled.error.startsWith(post.error.slice(0, 100));
}
