import { BoardError, ChainExhaustedError, ConfigError, LockedError } from '../core/errors.ts';
import { reactions } from '../core/reactions.ts';
import type { JournalEntry } from '../core/journal.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Post } from '../core/post.ts';
import type { ChainWithPlaceholder, Slot } from '../core/provider.ts';
import { type PostParts, skipped, upload } from './generate.ts';
import { fingerprintOf, toImageRequest } from '../generation/request.ts';
import { newEntry, showsSettlement, tellInterruption } from './entry.ts';
import { finishedPicture, makePicture, type PicturedEntry } from '../generation/generate.ts';
import { why } from '../messages/row.ts';

/** How long a card stays after a real picture was tried for in vain. */
const nextHealingMs = 6 * 3_600_000;

/** What a card needs to make way for a real picture. */
export interface HealParts extends PostParts {
  chain: ChainWithPlaceholder;
}

/** The journal of a row that shows a card. */
type CardEntry = JournalEntry & { card: NonNullable<JournalEntry['card']> };

/**
 * Replaces the drawn card of one row by a real picture, in the same order of steps as `generatePost`. Status is never
 * written, and a row that was touched since keeps its card; so does one for which no provider makes a picture.
 * @throws {ConfigError} {BoardError} when no other row would do better; the signal's reason when aborted.
 */
export async function healPost(post: Post, slot: Slot, parts: HealParts, signal: AbortSignal): Promise<Outcome> {
  const { journal, clock } = parts;
  const startedAt = clock.monotonic();
  const earlier = await journal.read(post.id);
  const card = earlier?.settled ?? earlier?.standing ?? earlier?.card;
  if (!earlier || card?.healAt === undefined) return left(post, 'it shows no card of this worker');
  const entry = openHealing(earlier, card, post);
  if (!showsSettlement(post, card)) return keepCard(post, entry, undefined, 'it was changed by hand', parts);
  try {
    const request = toImageRequest(post, entry.generation);
    await journal.write(entry);
    const pictured =
      (await finishedPicture(entry, request, parts)) ??
      (await makePicture(entry, request, { ...parts, chain: parts.chain.real }, signal));
    slot();
    const outcome = await settleHealed(post, pictured, card, parts);
    if (!outcome) return await keepCard(post, entry, undefined, 'it was changed meanwhile', parts);
    return { ...outcome, durationMs: clock.monotonic() - startedAt };
  } catch (failure) {
    signal.throwIfAborted();
    if (failure instanceof ConfigError || failure instanceof LockedError) throw failure;
    if (failure instanceof BoardError && failure.failure === 'unreachable') throw failure;
    const again = mayHelp(failure) ? clock.now() + nextHealingMs : undefined;
    const said = failure instanceof Error ? failure.message : String(failure);
    return keepCard(post, entry, again, `its card stays: ${said}`, parts);
  }
}

/** The entry to go on with; a paid call that was cut off is repeated no further, for the row has a picture. */
function openHealing(earlier: JournalEntry, card: CardEntry['card'], post: Post): CardEntry {
  const fingerprint = fingerprintOf(post);
  if (earlier.card && earlier.fingerprint === fingerprint) return { ...tellInterruption(earlier).entry, card };
  return { ...newEntry(post.id, fingerprint, earlier.generation), card };
}

async function settleHealed(
  post: Post,
  entry: PicturedEntry,
  card: CardEntry['card'],
  parts: HealParts,
): Promise<Extract<Outcome, { kind: 'done' }> | undefined> {
  const { board, journal, clock } = parts;
  const uploaded = await upload(entry, parts);
  const { attempts, image, uploadId, rendition: file } = uploaded;
  const { provider, model, costUsd, generatedAt, warnings } = entry.facts;
  const reason = why(attempts, clock.now(), ['in place of a card', ...(warnings ?? [])]);
  const result = await board.settle(
    post,
    {
      kind: 'image-ready',
      image: file,
      uploadId,
      provider,
      model,
      why: reason,
      costUsd,
      generatedAt,
      keepsStatus: true,
    },
    (now) =>
      fingerprintOf(now) === entry.fingerprint &&
      (showsSettlement(now, card) || showsSettlement(now, { image: file.path })),
  );
  if (result.kind === 'moved' || (result.kind === 'changed' && !result.written)) return undefined;
  const { card: _, ...healed } = uploaded;
  await journal.write({ ...healed, step: 'settled', settled: { at: clock.now(), image: file.path } });
  const label = attempts.findLast(({ outcome }) => outcome === 'ok')?.label ?? provider;
  return { kind: 'done', post, image, provider, label, model, costUsd, attempts, durationMs: 0 };
}

/** Puts the journal back to the card, which may be looked at again at `healAt`, or stays for good. */
async function keepCard(
  post: Post,
  { card, postId, generation, fingerprint, attempts, image }: CardEntry,
  healAt: number | undefined,
  reason: string,
  { journal, store }: HealParts,
): Promise<Outcome> {
  if (image) await store.forget(image);
  const { healAt: _, ...stays } = card;
  const settled = { ...stays, ...(healAt !== undefined && { healAt }) };
  await journal.write({ version: 1, postId, generation, fingerprint, attempts, step: 'settled', settled });
  return left(post, reason);
}

function left(post: Post, reason: string): Outcome {
  return { ...skipped(post, reason), quiet: true };
}

/** Could another try end better? A refused prompt stays refused. */
function mayHelp(failure: unknown): boolean {
  return !(failure instanceof ChainExhaustedError) || reactions[failure.last.code].next;
}
