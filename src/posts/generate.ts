import { BoardError, ChainExhaustedError, ConfigError, LockedError } from '../core/errors.ts';
import type { WorkerEvents } from '../core/events.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Post } from '../core/post.ts';
import type { OpenCall, Slot } from '../core/provider.ts';
import { generateImage, type GenerationParts } from '../generation/generate.ts';
import { saveProvenance } from '../generation/provenance.ts';
import { RowMistake, toImageRequest } from '../generation/request.ts';
import type { ImageRequest } from '../core/image.ts';
import { interruptedCall, noImage, notLetTake, notTaken, rowMistake, unforeseen } from '../messages/row.ts';
import type { Failing, Generated, Unfinished, Uploading } from '../state/journal-schema.ts';
import { hasFingerprint } from './fingerprint.ts';
import { type Continuation, resume } from './resume.ts';
import { planRetry, RowFailure, type RetryPlan, type Timing } from './retry-plan.ts';
import { done, settle, type SettlementParts, skipped, upload } from './settlement.ts';
import { callsChanged, failed, imageNamed } from './transitions.ts';

/** A paid call that was cut off and cost more is not repeated without a person, in US dollars. */
const mostRiskedUsd = 0.05;

/** What one row's life needs. */
export interface PostParts extends SettlementParts, Omit<GenerationParts, 'store'> {
  events: WorkerEvents;
  /** The status option that puts a row back in the queue, as editors read it. */
  needsImage: string;
  timing: Timing;
}

/**
 * One row from marked to image ready: claim, generate, save, upload, settle. Each step is in the journal before the next begins,
 * so that a row that was interrupted anywhere goes on where it stopped. `slot` is given back as soon as no provider is needed
 * any more; at the end the caller gives it back.
 * @throws {ConfigError} {BoardError} when no other row would do better; the signal's reason when aborted.
 */
export async function generatePost(taken: Post, slot: Slot, parts: PostParts, signal: AbortSignal): Promise<Outcome> {
  const { board, journal, store, clock } = parts;
  const startedAt = clock.monotonic();
  const next = resume(await journal.read(taken.id), taken, clock.now());
  if (next.kind === 'leave') return skipped(taken, next.reason);
  if (next.kind === 'write-failure') return settleFailure(taken, next.entry, parts);
  const { entry, cutOff, discard } = next;
  if (discard) await store.forget(discard);
  let reached: Unfinished = entry;
  try {
    const request = toImageRequest(taken, entry.generation);
    refuseToPayAgain(cutOff, entry, parts);
    await journal.write(entry);
    const post = await board.claim(taken);
    if (!hasFingerprint(post, entry.fingerprint)) return { ...skipped(post, 'it was edited just now'), again: true };

    const generated = await ensureGenerated(entry, request, parts, signal);
    reached = generated;
    slot();
    const uploaded = await upload(generated, parts);
    reached = uploaded;
    return await settleImage(post, uploaded, startedAt, parts);
  } catch (failure) {
    signal.throwIfAborted();
    return await fail(taken, reached, failure, parts);
  }
}

/** The image that an interrupted run left, if it is whole, or a new one. @throws what the chain and the store throw. */
export async function ensureGenerated(
  entry: Continuation['entry'],
  request: ImageRequest,
  parts: PostParts,
  signal: AbortSignal,
): Promise<Generated | Uploading> {
  const { journal, store, events } = parts;
  if ('image' in entry) {
    const saved = await store.find(entry.image.saved);
    if (saved) {
      await saveProvenance(entry.image, entry, request, entry.attempts, store);
      return entry;
    }
  }
  const { postId, attempts } = entry;
  const generation = await generateImage(
    {
      request,
      owner: entry,
      attempts,
      ...(entry.step === 'generating' && { jobs: entry.jobs }),
      onAsking: (provider) => void events.emit('asking', postId, provider),
      onAttempt: (attempt) => void events.emit('attempt', attempt, postId),
      saveCalls: (calls) => journal.write(callsChanged(entry, calls)),
      saveImage: (image, ledger) => journal.write(imageNamed(entry, { image, attempts: ledger })),
    },
    parts,
    signal,
  );
  return imageNamed(entry, generation);
}

async function settleImage(post: Post, entry: Uploading, startedAt: number, parts: PostParts): Promise<Outcome> {
  const settling = await settle(post, entry, parts);
  if (settling.kind === 'settled') return done(post, entry, parts.clock.monotonic() - startedAt);
  return unsettled(settling, parts);
}

async function settleFailure(post: Post, entry: Failing, parts: PostParts): Promise<Outcome> {
  const settling = await settle(post, entry, parts);
  if (settling.kind !== 'settled') return unsettled(settling, parts);
  return { kind: 'failed', post, error: entry.pendingWrite.error, attempts: entry.attempts };
}

/** A row that was edited is taken again. */
async function unsettled(
  { reason, post, edited }: Exclude<Awaited<ReturnType<typeof settle>>, { kind: 'settled' }>,
  { board }: PostParts,
): Promise<Outcome> {
  if (!edited) return skipped(post, reason);
  return { ...skipped(edited === 'meanwhile' ? await board.requeue(post) : post, reason), again: true };
}

async function fail(post: Post, entry: Unfinished, failure: unknown, parts: PostParts): Promise<Outcome> {
  const now = parts.clock.now();
  const retries = entry.task.kind === 'generate' ? entry.task.retries : 0;
  const retry = planRetry(failure, retries, parts.timing, now);
  const error = explain(failure, entry, parts, retry);
  const attempts =
    failure instanceof ChainExhaustedError ? [...entry.attempts, ...failure.attempts] : [...entry.attempts];
  const pendingWrite = { kind: 'failure' as const, at: now, error, ...(retry && { retryAt: retry.at }) };
  const failing = failed(entry, attempts, pendingWrite);
  // The process may end after the row is written: what is to be done with it later is written down before.
  await parts.journal.write(failing);
  return settleFailure(post, failing, parts);
}

/** Money that may have been spent is risked once more and no further, and much of it not at all. @throws {RowFailure} */
function refuseToPayAgain(cutOff: readonly OpenCall[], { interruptions }: Unfinished, parts: PostParts): void {
  const call = cutOff.find(({ costUsd }) => costUsd > mostRiskedUsd) ?? (interruptions > 1 ? cutOff[0] : undefined);
  if (call) throw new RowFailure(interruptedCall(call, parts));
}

/** The failure as the row says it. @throws the failure itself when it is not this row's alone. */
function explain(
  failure: unknown,
  entry: Unfinished,
  { needsImage, clock, log }: PostParts,
  retry: RetryPlan | undefined,
): string {
  const next = { needsImage, nextTry: retry?.words };
  if (failure instanceof RowMistake) return rowMistake(failure.message, next);
  if (failure instanceof RowFailure) return failure.message;
  if (failure instanceof ChainExhaustedError) return noImage(failure, clock.now(), next);
  if (failure instanceof BoardError && failure.failure !== 'unreachable') {
    return 'image' in entry ? notTaken(failure.message, next) : notLetTake(failure.message, next);
  }
  if (failure instanceof BoardError || failure instanceof ConfigError || failure instanceof LockedError) throw failure;
  log.error({ err: failure }, 'A fault that the worker does not know');
  return unforeseen(next);
}
