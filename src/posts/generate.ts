import type { PostBoard, Settlement } from '../core/board.ts';
import { BoardError, ChainExhaustedError, ConfigError, LockedError } from '../core/errors.ts';
import type { SavedImage } from '../core/image.ts';
import type { JournalEntry, Mark } from '../core/journal.ts';
import type { Outcome, Skipped } from '../core/outcome.ts';
import type { Post } from '../core/post.ts';
import type { OpenCall, Slot } from '../core/provider.ts';
import { fingerprintOf, headlineOf, RowFailure, RowMistake, toImageRequest } from '../generation/request.ts';
import { placeholderProvider, openEntry, tellInterruption } from './entry.ts';
import {
  fileToUpload,
  finishedPicture,
  makePicture,
  type PicturedEntry,
  type PictureParts,
} from '../generation/generate.ts';
import { planRetry, type RetryPlan, type Timing } from './retry-plan.ts';
import { interruptedCall, noImage, notLetTake, notTaken, rowMistake, unforeseen, why } from '../messages/row.ts';

/** A paid call that was cut off and cost more is not repeated without a person, in US dollars. */
const mostRiskedUsd = 0.05;

/** What one row's life needs. */
export interface PostParts extends PictureParts {
  board: PostBoard;
  /** The largest file that the board takes. */
  maxUploadBytes: () => number;
  /** The status option that puts a row back in the queue, as editors read it. */
  needsImage: string;
  timing: Timing;
  /** Are cards replaced once a real provider is back? */
  healing: boolean;
}

/**
 * One row's life: claim, generate, inspect, save, upload, settle. Each step is on disk before the next begins, so that a row
 * that was interrupted anywhere goes on where it stopped. `slot` is given back as soon as no provider is needed any more; at the end the caller gives it back.
 * @throws {ConfigError} {BoardError} when no other row would do better; the signal's reason when aborted.
 */
export async function generatePost(taken: Post, slot: Slot, parts: PostParts, signal: AbortSignal): Promise<Outcome> {
  const { board, journal, store, clock } = parts;
  const startedAt = clock.monotonic();
  const opened = await openEntry(taken, fingerprintOf(taken), { journal, store, now: clock.now() });
  if (!opened) return skipped(taken, 'its result was written a moment ago');
  const { entry, cutOff } = tellInterruption(opened);
  let reached: JournalEntry = entry;
  try {
    const request = toImageRequest(taken, entry.generation);
    refuseToPayAgain(cutOff, entry, parts);
    await journal.write(entry);
    const post = await board.claim(taken);
    if (fingerprintOf(post) !== entry.fingerprint) return { ...skipped(post, 'it was edited just now'), again: true };

    const pictured =
      (await finishedPicture(entry, request, parts)) ?? (await makePicture(entry, request, parts, signal));
    reached = pictured;
    slot();
    return await settleReady(post, await upload(pictured, parts), startedAt, parts);
  } catch (error) {
    signal.throwIfAborted();
    return await settleFailed(taken, reached, error, parts);
  }
}

/** A journal entry whose picture, or its rendition, is at the board. */
type UploadedEntry = PicturedEntry & { rendition: SavedImage; uploadId: string };

export async function upload(entry: PicturedEntry, parts: PostParts): Promise<UploadedEntry> {
  const { board, journal, store } = parts;
  const file = await fileToUpload(entry, parts.maxUploadBytes(), parts);
  const uploading = (uploadId: string) => ({ ...entry, step: 'uploading' as const, rendition: file, uploadId });
  const uploadId = await board.upload(file, () => store.read(file), {
    id: entry.rendition?.sha256 === file.sha256 ? entry.uploadId : undefined,
    begun: (id) => journal.write(uploading(id)),
  });
  return uploading(uploadId);
}

async function settleReady(post: Post, entry: UploadedEntry, startedAt: number, parts: PostParts): Promise<Outcome> {
  const { attempts, rendition: file, uploadId } = entry;
  const { provider, model, costUsd, generatedAt, warnings } = entry.facts;
  const headline = headlineOf(post);
  const settlement: Settlement = {
    kind: 'image-ready',
    image: file,
    uploadId,
    provider,
    model,
    why: why(attempts, parts.clock.now(), warnings),
    costUsd,
    generatedAt,
  };
  const isCard = provider === placeholderProvider;
  // A drawn card also depends on the words it shows.
  const showsHeadline = (now: Post) => !isCard || headlineOf(now) === headline;
  const mark = { image: file.path, ...(isCard && parts.healing && { healAt: parts.clock.now() }) };
  const unwritten = await settle(post, entry, settlement, mark, showsHeadline, parts);
  if (unwritten) return unwritten;
  const label = attempts.findLast(({ outcome }) => outcome === 'ok')?.label ?? provider;
  const durationMs = parts.clock.monotonic() - startedAt;
  return { kind: 'done', post, image: entry.image, provider, label, model, costUsd, attempts, durationMs };
}

async function settleFailed(post: Post, entry: JournalEntry, failure: unknown, parts: PostParts): Promise<Outcome> {
  const now = parts.clock.now();
  const retry = planRetry(failure, entry.retries ?? 0, parts.timing, now);
  const error = explain(failure, entry, parts, retry);
  const attempts =
    failure instanceof ChainExhaustedError ? [...entry.attempts, ...failure.attempts] : [...entry.attempts];
  const settlement: Settlement = { kind: 'failed', error, why: why(attempts, now) };
  const mark = { error, ...(retry && { retryAt: retry.at }) };
  const unwritten = await settle(post, { ...entry, attempts }, settlement, mark, () => true, parts);
  return unwritten ?? { kind: 'failed', post, error, attempts };
}

/** Money that may have been spent is risked once more and no further, and much of it not at all. @throws {RowFailure} */
function refuseToPayAgain(cutOff: readonly OpenCall[], { interruptions = 0 }: JournalEntry, parts: PostParts): void {
  const call = cutOff.find(({ costUsd }) => costUsd > mostRiskedUsd) ?? (interruptions > 1 ? cutOff[0] : undefined);
  if (call) throw new RowFailure(interruptedCall(call, parts));
}

/** Writes to the row and then to the journal; answers only when the row was not to be written. */
async function settle(
  post: Post,
  entry: JournalEntry,
  settlement: Settlement,
  mark: Mark,
  stillFits: (now: Post) => boolean,
  { board, journal, clock }: PostParts,
): Promise<Skipped | undefined> {
  const stillWanted = (now: Post) => fingerprintOf(now) === entry.fingerprint && stillFits(now);
  const noted = { at: clock.now(), ...mark };
  // The process may end after the row is written: what is to be done with it later is noted before.
  if (mark.retryAt !== undefined || mark.healAt !== undefined) await journal.write({ ...entry, standing: noted });
  const result = await board.settle(post, settlement, stillWanted);
  if (result.kind === 'moved') {
    const reason = result.post
      ? `an editor moved it to "${result.post.statusName}"`
      : 'it was moved or deleted meanwhile';
    return skipped(result.post ?? post, reason);
  }
  const written = result.kind === 'settled' || result.written;
  const { standing: _, ...settledEntry } = entry;
  if (written) await journal.write({ ...settledEntry, step: 'settled', settled: { ...noted, at: clock.now() } });
  if (result.kind === 'settled') return undefined;
  const waiting = written ? await board.requeue(result.post) : result.post;
  return { ...skipped(waiting, 'it was edited meanwhile'), again: true };
}

/** The failure as the row tells it. @throws the failure itself when it is not this row's alone. */
function explain(
  failure: unknown,
  { image }: JournalEntry,
  { needsImage, clock, log }: PostParts,
  retry: RetryPlan | undefined,
): string {
  const next = { needsImage, nextTry: retry?.words };
  if (failure instanceof RowMistake) return rowMistake(failure.message, next);
  if (failure instanceof RowFailure) return failure.message;
  if (failure instanceof ChainExhaustedError) return noImage(failure, clock.now(), next);
  if (failure instanceof BoardError && failure.failure !== 'unreachable') {
    return image ? notTaken(failure.message, next) : notLetTake(failure.message, next);
  }
  if (failure instanceof BoardError || failure instanceof ConfigError || failure instanceof LockedError) throw failure;
  log.error({ err: failure }, 'A fault that the worker does not know');
  return unforeseen(next);
}

export function skipped(post: Post, reason: string): Skipped {
  return { kind: 'skipped', post, reason, again: false };
}
