import { BoardError, ChainExhaustedError, ConfigError, LockedError } from '../core/errors.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Post } from '../core/post.ts';
import type { ChainWithPlaceholder, Slot } from '../core/provider.ts';
import { reactions } from '../core/reactions.ts';
import { toImageRequest } from '../generation/request.ts';
import type { ImageResult, Unfinished } from '../state/journal-schema.ts';
import { ensureGenerated, type PostParts } from './generate.ts';
import { resumeHealing } from './resume.ts';
import { done, settle, skipped, upload } from './settlement.ts';
import { placeholderStays } from './transitions.ts';

/** How long a placeholder stays after a real image was tried for in vain. */
const nextHealingMs = 6 * 3_600_000;

/** What a placeholder needs to make way for a real image. */
export interface HealParts extends PostParts {
  chain: ChainWithPlaceholder;
}

/**
 * Replaces the placeholder of one row by a real image, by the same steps as `generatePost`. Status is never written, and a row
 * that was touched since keeps its placeholder; so does one for which no provider makes an image.
 * @throws {ConfigError} {BoardError} when no other row would do better; the signal's reason when aborted.
 */
export async function healPost(post: Post, slot: Slot, parts: HealParts, signal: AbortSignal): Promise<Outcome> {
  const { journal, store, clock, chain } = parts;
  const startedAt = clock.monotonic();
  const next = resumeHealing(await journal.read(post.id), post);
  if (next.kind === 'leave') return left(post, next.reason);
  if (next.kind === 'close') {
    await journal.write(next.entry);
    return left(post, 'it shows a real image already');
  }
  const { placeholder } = next;
  if (next.kind === 'keep') return keepPlaceholder(post, next.entry, placeholder, undefined, next.reason, parts);
  const { entry } = next;
  if (next.discard) await store.forget(next.discard);
  let reached: Unfinished = entry;
  try {
    const request = toImageRequest(post, entry.generation);
    await journal.write(entry);
    const generated = await ensureGenerated(entry, request, { ...parts, chain: chain.real }, signal);
    reached = generated;
    slot();
    const uploaded = await upload(generated, parts);
    reached = uploaded;
    const settling = await settle(post, uploaded, parts);
    // A row that was edited just as it was written shows the new image all the same.
    const isWritten = settling.kind === 'settled' || settling.edited === 'meanwhile';
    if (isWritten) return done(post, uploaded, clock.monotonic() - startedAt);
    return await keepPlaceholder(post, uploaded, placeholder, undefined, 'it was changed meanwhile', parts);
  } catch (failure) {
    signal.throwIfAborted();
    if (failure instanceof ConfigError || failure instanceof LockedError) throw failure;
    if (failure instanceof BoardError && failure.failure === 'unreachable') throw failure;
    const healAt = mayHelp(failure) ? clock.now() + nextHealingMs : undefined;
    const said = failure instanceof Error ? failure.message : String(failure);
    return keepPlaceholder(post, reached, placeholder, healAt, `its card stays: ${said}`, parts);
  }
}

/** Puts the journal back to the placeholder, which may be replaced from `healAt` on, or stays for good. */
async function keepPlaceholder(
  post: Post,
  entry: Unfinished,
  placeholder: ImageResult,
  healAt: number | undefined,
  reason: string,
  { journal, store }: HealParts,
): Promise<Outcome> {
  if ('image' in entry && entry.image) await store.forget(entry.image.saved);
  await journal.write(placeholderStays(entry, placeholder, healAt));
  return left(post, reason);
}

function left(post: Post, reason: string): Outcome {
  return { ...skipped(post, reason), quiet: true };
}

/** Could another try end better? A refused prompt stays refused. */
function mayHelp(failure: unknown): boolean {
  return !(failure instanceof ChainExhaustedError) || reactions[failure.last.code].next;
}
