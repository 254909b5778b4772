import { createHash } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import type { ImageRequest, ImageStore, SavedImage } from '../core/image.ts';
import type { Journal, JournalEntry, Provenance } from '../core/journal.ts';
import type { Log } from '../lib/log.ts';
import type { Attempt, ImageProvider, OpenCall, ProviderContext } from '../core/provider.ts';
import { why } from '../messages/row.ts';

/** A smaller file of the same picture, for a board that takes none so large. */
export type Shrink = (
  bytes: Uint8Array,
  limitBytes: number,
) => Promise<{ bytes: Uint8Array; width: number; height: number }>;

/** A journal entry whose picture is safe on disk. */
export type PicturedEntry = JournalEntry & { image: SavedImage; facts: Provenance };

/** Hears how the making of one picture goes. */
export interface PictureWatch {
  asking(postId: string, provider: Pick<ImageProvider, 'name' | 'label'>): void;
  attempted(postId: string, attempt: Attempt): void;
}

/** What making and keeping a picture needs. */
export interface PictureParts {
  chain: ImageProvider;
  store: ImageStore;
  journal: Journal;
  shrink: Shrink;
  clock: Clock;
  log: Log;
  /** For one row, from its first call, without waits for a free slot. */
  rowTimeoutMs: number;
  watch?: PictureWatch;
}

/** The picture that an interrupted run left, if it is whole. */
export async function finishedPicture(
  entry: JournalEntry,
  request: ImageRequest,
  { store }: PictureParts,
): Promise<PicturedEntry | undefined> {
  const { image, facts } = entry;
  const found = image && (await store.find(image));
  if (!found || !facts) return undefined;
  const pictured = { ...entry, image: found, facts };
  await keepProvenance(pictured, request, store);
  return pictured;
}

/** Asks the chain for a picture, and saves it with its provenance. @throws what the chain and the store throw. */
export async function makePicture(
  entry: JournalEntry,
  request: ImageRequest,
  parts: Omit<PictureParts, 'store'> & { store: Pick<ImageStore, 'save' | 'saveBeside'> },
  signal: AbortSignal,
): Promise<PicturedEntry> {
  const { chain, store, journal, clock } = parts;
  const attempts: Attempt[] = [...entry.attempts];
  const { context, close } = createContext(entry, attempts, parts, signal);
  const made = await chain.generate(request, context).finally(close);
  const takenAt = clock.now();
  const { bytes, mediaType, width, height, family } = made;
  const facts: Provenance = {
    provider: made.provider,
    model: made.model,
    costUsd: made.costUsd ?? 0,
    generatedAt: takenAt,
    ...(made.seed !== undefined && { seed: made.seed }),
    ...(made.warnings && { warnings: made.warnings }),
  };
  const saving: JournalEntry = { ...entry, step: 'saving', attempts, facts };
  const picture = { bytes, mediaType, width, height, family, takenAt };
  const image = await store.save(picture, (named) => journal.write({ ...saving, image: named }));
  const pictured = { ...saving, image, facts };
  await keepProvenance(pictured, request, store);
  return pictured;
}

/** The file that goes up: the picture itself, or a JPEG beside it where the board takes none so large. */
export async function fileToUpload(
  { image }: PicturedEntry,
  limitBytes: number,
  { store, shrink }: PictureParts,
): Promise<SavedImage> {
  if (image.byteLength <= limitBytes) return image;
  const { bytes, width, height } = await shrink(await store.read(image), limitBytes);
  const path = await store.saveBeside(image, '.jpg', bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { path, sha256, byteLength: bytes.byteLength, mediaType: 'image/jpeg', width, height };
}

/** The picture's history, beside it: everything that led to it, for whoever asks later. */
async function keepProvenance(
  entry: PicturedEntry,
  request: ImageRequest,
  store: Pick<ImageStore, 'saveBeside'>,
): Promise<void> {
  const { image, facts, postId, generation, attempts } = entry;
  const { prompt, ...options } = request;
  const { generatedAt, ...made } = facts;
  const history = {
    file: image.path,
    sha256: image.sha256,
    postId,
    generation,
    generatedAt: new Date(generatedAt).toISOString(),
    width: image.width,
    height: image.height,
    why: why(attempts, generatedAt, facts.warnings),
    prompt,
    options,
    ...made,
    attempts,
  };
  await store.saveBeside(image, '.json', new TextEncoder().encode(`${JSON.stringify(history, undefined, 2)}\n`));
}

function createContext(
  entry: JournalEntry,
  attempts: Attempt[],
  { journal, clock, log, rowTimeoutMs, watch }: Omit<PictureParts, 'store'>,
  signal: AbortSignal,
): { context: ProviderContext; close: () => void } {
  let isClosed = false;
  let deadlineAt = clock.monotonic() + rowTimeoutMs;
  const jobs: Record<string, string> = { ...entry.jobs };
  const open = new Set<OpenCall>();
  const note = async () => {
    // A provider that was given up may still have something to say, but the journal has gone on.
    if (!isClosed) await journal.write({ ...entry, attempts, jobs, open: [...open] });
  };
  const context: ProviderContext = {
    signal,
    get deadlineAt() {
      return deadlineAt;
    },
    waited: (ms) => (deadlineAt += ms),
    asking: (provider) => watch?.asking(entry.postId, provider),
    record(attempt) {
      attempts.push(attempt);
      watch?.attempted(entry.postId, attempt);
    },
    async open(call) {
      open.add(call);
      await note();
      return async () => {
        open.delete(call);
        await note();
      };
    },
    log,
    job: {
      load: async (provider) => jobs[provider],
      async save(provider, id) {
        if (id === undefined) delete jobs[provider];
        else jobs[provider] = id;
        await note();
      },
    },
  };
  return { context, close: () => void (isClosed = true) };
}
