import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { GeneratedFile, ImageRequest, ImageStore, Provenance } from '../core/image.ts';
import type { Attempt, ImageProvider, OpenCall, ProviderContext } from '../core/provider.ts';
import { type ImageOwner, saveProvenance } from './provenance.ts';

/** What making and saving an image needs. */
export interface GenerationParts {
  chain: ImageProvider;
  store: Pick<ImageStore, 'save' | 'saveBeside'>;
  clock: Clock;
  log: Log;
  /** For one image, from its first call, without waits for a free slot. */
  rowTimeoutMs: number;
}

/** One image that somebody wants. */
export interface GenerationJob {
  request: ImageRequest;
  owner: ImageOwner;
  /** Attempts of an earlier process at the same image. */
  attempts?: readonly Attempt[];
  /** Ids of jobs that an earlier process left running elsewhere, by provider. */
  jobs?: Readonly<Record<string, string>>;
  /** Called when a provider is being asked. */
  onAsking?(provider: Pick<ImageProvider, 'name' | 'label'>): void;
  /** Called when a call has ended, or was refused. */
  onAttempt?(attempt: Attempt): void;
  /** Writes down the calls that cost money, before each is made. */
  saveCalls?(calls: CallsUnderWay): Promise<void>;
  /** Writes down the image's name and hash, before the file appears under that name. */
  saveImage?(image: GeneratedFile, attempts: Attempt[]): Promise<void>;
}

/** How the asking stands. */
export interface CallsUnderWay {
  attempts: Attempt[];
  openCalls: OpenCall[];
  jobs: Record<string, string>;
}

/** An image that is safe on disk, with the ledger of all attempts at it. */
export interface Generation {
  image: GeneratedFile;
  attempts: Attempt[];
}

/** Asks the chain for an image, and saves it with its provenance. @throws what the chain and the store throw. */
export async function generateImage(
  job: GenerationJob,
  parts: GenerationParts,
  signal: AbortSignal,
): Promise<Generation> {
  const { chain, store, clock } = parts;
  const attempts: Attempt[] = [...(job.attempts ?? [])];
  const { context, close } = createContext(job, attempts, parts, signal);
  const made = await chain.generate(job.request, context).finally(close);
  const takenAt = clock.now();
  const { bytes, mediaType, width, height, family } = made;
  const provenance: Provenance = {
    provider: made.provider,
    model: made.model,
    costUsd: made.costUsd ?? 0,
    generatedAt: takenAt,
    ...(made.seed !== undefined && { seed: made.seed }),
    ...(made.warnings && { warnings: made.warnings }),
  };
  const encoded = { bytes, mediaType, width, height, family, takenAt };
  const saved = await store.save(encoded, async (named) => job.saveImage?.({ saved: named, provenance }, attempts));
  const image = { saved, provenance };
  await saveProvenance(image, job.owner, job.request, attempts, store);
  return { image, attempts };
}

function createContext(
  job: GenerationJob,
  attempts: Attempt[],
  { clock, log, rowTimeoutMs }: GenerationParts,
  signal: AbortSignal,
): { context: ProviderContext; close: () => void } {
  let isClosed = false;
  let deadlineAt = clock.monotonic() + rowTimeoutMs;
  const jobs: Record<string, string> = { ...job.jobs };
  const open = new Set<OpenCall>();
  const save = async () => {
    // A provider that was given up may still have something to say, but the journal has gone on.
    if (!isClosed) await job.saveCalls?.({ attempts, openCalls: [...open], jobs });
  };
  const context: ProviderContext = {
    signal,
    get deadlineAt() {
      return deadlineAt;
    },
    waited: (ms) => (deadlineAt += ms),
    asking: (provider) => job.onAsking?.(provider),
    record(attempt) {
      attempts.push(attempt);
      job.onAttempt?.(attempt);
    },
    async open(call) {
      open.add(call);
      await save();
      return async () => {
        open.delete(call);
        await save();
      };
    },
    log,
    job: {
      load: async (provider) => jobs[provider],
      async save(provider, id) {
        if (id === undefined) delete jobs[provider];
        else jobs[provider] = id;
        await save();
      },
    },
  };
  return { context, close: () => void (isClosed = true) };
}
