import type { ImageStore } from '../core/image.ts';
import type { Journal, JournalEntry } from '../core/journal.ts';
import type { Post } from '../core/post.ts';
import type { Attempt, OpenCall } from '../core/provider.ts';

/** A look at the board this soon after our own write may be older than the write (Notion's query may lag). */
const staleForMs = 120_000;

/** What stands in Provider of a row with a drawn card. */
export const placeholderProvider = 'placeholder';

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
    const { settled, generation, retries = 0 } = earlier;
    if (post.status === 'failed' && settled.retryAt !== undefined) {
      const next = { ...newEntry(post.id, fingerprint, generation), retries: retries + 1, standing: settled };
      return withUntaken(earlier, next, store);
    }
    const justWritten = Math.abs(now - settled.at) < staleForMs;
    if (justWritten && !showsSettlement(post, settled)) return undefined;
    const next = newEntry(post.id, fingerprint, generation + 1);
    return settled.error === undefined ? next : withUntaken(earlier, next, store);
  }
  if (earlier.card) {
    // The worker ended while it replaced a card, and the row was marked again since.
    if (earlier.image && !showsImage(post, earlier)) await store.forget(earlier.image);
    return newEntry(post.id, fingerprint, earlier.generation + 1);
  }
  // The row was written before the worker ended, and has been marked again since.
  if (earlier.uploadId !== undefined && showsImage(post, earlier)) {
    return newEntry(post.id, fingerprint, earlier.generation + 1);
  }
  if (earlier.fingerprint === fingerprint) return earlier;
  if (earlier.image) await store.forget(earlier.image);
  const { retries, standing } = earlier;
  return {
    ...newEntry(post.id, fingerprint, earlier.generation),
    attempts: tellInterruption(earlier).entry.attempts,
    ...(retries !== undefined && { retries }),
    ...(standing && { standing }),
  };
}

/** The next entry of a row that failed, with the picture that the board did not take; a card is drawn anew. */
async function withUntaken(
  { generation, fingerprint, image, facts, attempts }: JournalEntry,
  next: JournalEntry,
  store: ImageStore,
): Promise<JournalEntry> {
  if (!image || !facts) return next;
  if (fingerprint === next.fingerprint && facts.provider !== placeholderProvider) {
    return { ...next, generation, step: 'saving', image, facts, attempts };
  }
  await store.forget(image);
  return next;
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

/** Does the row show the picture of an entry whose writing nobody vouches for? */
function showsImage(post: Post, { image, rendition = image }: JournalEntry): boolean {
  return rendition !== undefined && showsSettlement(post, { image: rendition.path });
}

/** Does the row show our own last writing, so that the mark on it must be newer? */
export function showsSettlement(post: Post, settled: { image?: string; error?: string }): boolean {
  if (settled.image !== undefined) return post.imageFile === settled.image || post.imageNames.includes(settled.image);
  return settled.error !== undefined && post.error !== '' && settled.error.startsWith(post.error.slice(0, 100));
}
