import { createHash } from 'node:crypto';
import type { PostBoard, Settlement } from '../core/board.ts';
import type { ImageStore, SavedImage } from '../core/image.ts';
import type { Outcome, Skipped } from '../core/outcome.ts';
import type { Post } from '../core/post.ts';
import { headlineOf } from '../generation/request.ts';
import type { Clock } from '../lib/clock.ts';
import { why } from '../messages/row.ts';
import type { Failing, Generated, Uploading } from '../state/journal-schema.ts';
import type { Journal } from '../state/journal.ts';
import { hasFingerprint } from './fingerprint.ts';
import { placeholderProvider, showsResult } from './resume.ts';
import { settled, uploadBegun } from './transitions.ts';

/** A smaller file of the same image, for a board that takes none so large. */
export type Shrink = (
  bytes: Uint8Array,
  limitBytes: number,
) => Promise<{ bytes: Uint8Array; width: number; height: number }>;

/** What writing a result to a row needs. */
export interface SettlementParts {
  board: PostBoard;
  journal: Journal;
  store: ImageStore;
  clock: Clock;
  shrink: Shrink;
  /** The largest file that the board takes. */
  maxUploadBytes: number;
  /** Are placeholders replaced once a real provider is back? */
  healing: boolean;
}

/** Brings the image to the board; an upload that a crash interrupted goes on. */
export async function upload(entry: Generated | Uploading, parts: SettlementParts): Promise<Uploading> {
  const { board, journal, store, clock, healing } = parts;
  const file = await fileToUpload(entry.image.saved, parts);
  const heals = healing && entry.task.kind === 'generate' && entry.image.provenance.provider === placeholderProvider;
  const now = clock.now();
  const uploading = (id: string) =>
    uploadBegun(entry, { id, file }, { kind: 'image', at: now, path: file.path, ...(heals && { healAt: now }) });
  const earlier = 'upload' in entry && entry.upload.file.sha256 === file.sha256 ? entry.upload.id : undefined;
  const id = await board.upload(file, () => store.read(file), {
    id: earlier,
    begun: (id) => journal.write(uploading(id)),
  });
  return uploading(id);
}

/** What became of a write to a row. */
export type Settling =
  | { kind: 'settled' }
  /** Nothing was written, or the row was `edited` in the same moment and what was written is out of date. */
  | { kind: 'unsettled'; reason: string; post: Post; edited?: 'before' | 'meanwhile' };

/** Writes what is pending to the row, unless somebody changed or moved it, and then closes the journal. */
export async function settle(post: Post, entry: Uploading | Failing, parts: SettlementParts): Promise<Settling> {
  const { board, journal, clock } = parts;
  const result = await board.settle(post, settlementOf(entry, clock.now()), (now) => isStillWanted(now, post, entry));
  if (result.kind === 'moved') {
    const reason = result.post
      ? `an editor moved it to "${result.post.statusName}"`
      : 'it was moved or deleted meanwhile';
    return { kind: 'unsettled', reason, post: result.post ?? post };
  }
  if (result.kind === 'settled' || result.written) await journal.write(settled(entry, clock.now()));
  if (result.kind === 'settled') return { kind: 'settled' };
  const edited = result.written ? 'meanwhile' : 'before';
  return { kind: 'unsettled', reason: 'it was edited meanwhile', post: result.post, edited };
}

/** The outcome of a row that shows its image. */
export function done(post: Post, { image, attempts }: Uploading, durationMs: number): Outcome {
  const { provider, model, costUsd } = image.provenance;
  const label = attempts.findLast(({ outcome }) => outcome === 'ok')?.label ?? provider;
  return { kind: 'done', post, image: image.saved, provider, label, model, costUsd, attempts, durationMs };
}

export function skipped(post: Post, reason: string): Skipped {
  return { kind: 'skipped', post, reason, again: false };
}

function settlementOf(entry: Uploading | Failing, now: number): Settlement {
  const { attempts, task } = entry;
  if (entry.step === 'failing') return { kind: 'failed', error: entry.pendingWrite.error, why: why(attempts, now) };
  const { provider, model, costUsd, generatedAt, warnings = [] } = entry.image.provenance;
  const heals = task.kind === 'heal';
  return {
    kind: 'image-ready',
    image: entry.upload.file,
    uploadId: entry.upload.id,
    provider,
    model,
    why: why(attempts, now, heals ? ['in place of a card', ...warnings] : warnings),
    costUsd,
    generatedAt,
    ...(heals && { keepsStatus: true }),
  };
}

/** Does the row as it stands `now` still want the result that was made for it as it stood `before`? */
function isStillWanted(now: Post, before: Post, entry: Uploading | Failing): boolean {
  if (!hasFingerprint(now, entry.fingerprint)) return false;
  if (entry.step === 'failing') return true;
  if (entry.task.kind === 'heal') {
    return showsResult(now, entry.task.placeholder) || showsResult(now, entry.pendingWrite);
  }
  // A placeholder also depends on the words it shows.
  return entry.image.provenance.provider !== placeholderProvider || headlineOf(now) === headlineOf(before);
}

/** The image itself, or a JPEG beside it where the board takes none so large. */
async function fileToUpload(
  image: SavedImage,
  { store, shrink, maxUploadBytes }: SettlementParts,
): Promise<SavedImage> {
  if (image.byteLength <= maxUploadBytes) return image;
  const { bytes, width, height } = await shrink(await store.read(image), maxUploadBytes);
  const path = await store.saveBeside(image, '.jpg', bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { path, sha256, byteLength: bytes.byteLength, mediaType: 'image/jpeg', width, height };
}
