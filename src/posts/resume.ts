import type { SavedImage } from '../core/image.ts';
import type { Post } from '../core/post.ts';
import type { OpenCall } from '../core/provider.ts';
import type {
  Claimed,
  Failing,
  ImageResult,
  JournalEntry,
  Result,
  Settled,
  Unfinished,
} from '../state/journal-schema.ts';
import { hasFingerprint } from './fingerprint.ts';
import { callsCutOff, claimed, settled } from './transitions.ts';

/** What stands in Provider of a row with a placeholder. */
export const placeholderProvider = 'placeholder';

/** A query of the board this soon after our own write may be older than the write (Notion's query may lag). */
const staleForMs = 120_000;

/** How a row that waits for its image goes on. */
export type Resumption =
  /** It only looks as if it waited. */
  | { kind: 'leave'; reason: string }
  /** Its failure was never written. */
  | { kind: 'write-failure'; entry: Failing }
  | Continuation;

/** How a row with a placeholder goes on. */
export type Healing =
  | { kind: 'leave'; reason: string }
  /** The row was written before the process ended: only the journal is closed. */
  | { kind: 'close'; entry: Settled }
  /** The placeholder stays for good. */
  | { kind: 'keep'; entry: Unfinished; placeholder: ImageResult; reason: string }
  | (Continuation & { placeholder: ImageResult });

/** The next step is the one after the entry's. */
export interface Continuation {
  kind: 'continue';
  entry: Exclude<Unfinished, Failing>;
  /** Paid calls that the end of an earlier process cut off. */
  cutOff: OpenCall[];
  /** An image on disk that serves no more. */
  discard?: SavedImage;
}

/**
 * Which step comes next for a row that is marked, or failed and due: the one after its journal's entry, or the first of a new
 * generation or try. `now` is wall-clock ms.
 */
export function resume(entry: JournalEntry | undefined, post: Post, now: number): Resumption {
  if (!entry) return begin(claimed(post, 0, firstTry));
  if (entry.step === 'settled') return afterSettled(entry, post, now);
  const written = ifWritten(entry, post);
  if (written) return afterSettled(written, post, now);
  // The process ended while it replaced a placeholder, and the row was marked again since.
  if (entry.task.kind === 'heal') return begin(claimed(post, entry.generation + 1, firstTry), imageOf(entry));
  const isUnchanged = hasFingerprint(post, entry.fingerprint);
  if (entry.step === 'failing') {
    if (isUnchanged && post.status === 'generating') return { kind: 'write-failure', entry };
    // Whoever marked the row since wants a new try.
    return afterFailure(entry, { ...claimed(post, entry.generation, entry.task), attempts: entry.attempts }, post);
  }
  const { entry: reached, cutOff } = callsCutOff(entry);
  if (isUnchanged) return { kind: 'continue', entry: reached, cutOff };
  const next = { ...claimed(post, entry.generation, entry.task), attempts: reached.attempts };
  return begin(next, imageOf(entry));
}

/** Which step comes next for a row whose placeholder may make way for a real image. */
export function resumeHealing(entry: JournalEntry | undefined, post: Post): Healing {
  const placeholder = entry && placeholderIn(entry);
  if (!entry || placeholder?.healAt === undefined) {
    return { kind: 'leave', reason: 'it shows no placeholder of this worker' };
  }
  const begun = entry.step !== 'settled' && entry.step !== 'failing' && entry.task.kind === 'heal' ? entry : undefined;
  const written = begun && ifWritten(begun, post);
  if (written) return { kind: 'close', entry: written };
  const fresh = claimed(post, entry.generation, { kind: 'heal', placeholder });
  if (!showsResult(post, placeholder)) {
    return { kind: 'keep', entry: begun ?? fresh, placeholder, reason: 'it was changed by hand' };
  }
  // A paid call that was cut off is repeated no further, for the row has an image.
  const goesOn = begun && hasFingerprint(post, begun.fingerprint) ? callsCutOff(begun).entry : undefined;
  return { ...(goesOn ? begin(goesOn) : begin(fresh, begun && imageOf(begun))), placeholder };
}

/** Does the row show what we wrote, so that a mark on it must be newer? */
export function showsResult(post: Post, result: Result): boolean {
  if (result.kind === 'image') return post.imageFile === result.path || post.imageNames.includes(result.path);
  return post.error !== '' && result.error.startsWith(post.error.slice(0, 100));
}

function afterSettled(entry: Settled, post: Post, now: number): Resumption {
  const { result, generation, retries } = entry;
  if (post.status === 'failed' && result.kind === 'failure' && result.retryAt !== undefined) {
    const task = { kind: 'generate' as const, retries: retries + 1, earlier: result };
    return afterFailure(entry, claimed(post, generation, task), post);
  }
  const isJustWritten = Math.abs(now - result.at) < staleForMs;
  if (isJustWritten && !showsResult(post, result)) {
    return { kind: 'leave', reason: 'its result was written a moment ago' };
  }
  const next = claimed(post, generation + 1, firstTry);
  return result.kind === 'image' ? begin(next) : afterFailure(entry, next, post);
}

/** An image that the board did not take goes up in the next try, unless the row was edited; a placeholder is drawn anew. */
function afterFailure(entry: Settled | Failing, next: Claimed, post: Post): Continuation {
  const { image, generation, attempts, fingerprint } = entry;
  if (image && image.provenance.provider !== placeholderProvider && hasFingerprint(post, fingerprint)) {
    return begin({ ...next, generation, attempts, fingerprint, step: 'generated', image });
  }
  return begin(next, image?.saved);
}

const firstTry: Claimed['task'] = { kind: 'generate', retries: 0 };

function begin(entry: Continuation['entry'], discard?: SavedImage): Continuation {
  return { kind: 'continue', entry, cutOff: [], ...(discard && { discard }) };
}

/** The entry's end, if the row was written before the process ended. */
function ifWritten(entry: Unfinished, post: Post): Settled | undefined {
  if (!('pendingWrite' in entry) || !showsResult(post, entry.pendingWrite)) return undefined;
  return settled(entry, entry.pendingWrite.at);
}

function imageOf(entry: Unfinished): SavedImage | undefined {
  return 'image' in entry ? entry.image?.saved : undefined;
}

/** The placeholder that the row shows, as far as the journal knows. */
function placeholderIn(entry: JournalEntry): ImageResult | undefined {
  if (entry.step !== 'settled' && entry.task.kind === 'heal') return entry.task.placeholder;
  const result = entry.step === 'settled' ? entry.result : 'pendingWrite' in entry ? entry.pendingWrite : undefined;
  return result?.kind === 'image' ? result : undefined;
}
