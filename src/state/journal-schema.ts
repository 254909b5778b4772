import { z } from 'zod';
import { attemptSchema, openCallSchema } from '../core/provider.ts';
import { generatedFileSchema, savedImageSchema } from '../core/image.ts';

/** The version that is written. Older ones are read by journal-version-1.ts; a newer one is refused. */
export const journalVersion = 2;

/** What we wrote to the row, or are about to, when its image is ready. Times are wall-clock ms. */
const imageResult = z.object({
  kind: z.literal('image'),
  at: z.number(),
  /** The file that the row names. */
  path: z.string(),
  /** From when a placeholder may make way for a real image. */
  healAt: z.number().exactOptional(),
});
export type ImageResult = z.infer<typeof imageResult>;

/** The same for a row that got no image. */
const failureResult = z.object({
  kind: z.literal('failure'),
  at: z.number(),
  error: z.string(),
  /** When the row is tried again; without it the failure is final. */
  retryAt: z.number().exactOptional(),
});
export type FailureResult = z.infer<typeof failureResult>;

export type Result = ImageResult | FailureResult;

/** What the row is worked on for. */
const task = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('generate'),
    /** How often the row was tried again after it had failed. */
    retries: z.int().nonnegative(),
    /** The failure that stands in the row until the new try has a result. */
    earlier: failureResult.exactOptional(),
  }),
  z.object({
    kind: z.literal('heal'),
    /** The placeholder that stays in the row until a real image takes its place. */
    placeholder: imageResult,
  }),
]);

const everyStep = {
  version: z.literal(journalVersion),
  postId: z.string(),
  /** How often the settled row was marked again. */
  generation: z.int().nonnegative(),
  /** Stands for everything in the row that the image depends on. */
  fingerprint: z.string(),
  attempts: z.array(attemptSchema),
};
const unfinished = {
  ...everyStep,
  task,
  /** How often paid calls were cut off by the end of the process. */
  interruptions: z.int().nonnegative(),
};

/** The row is ours; nobody has been asked. */
const claimed = z.object({ ...unfinished, step: z.literal('claimed') });
/** Providers are being asked: the paid calls under way, and ids of jobs that run elsewhere, by provider. */
const generating = z.object({
  ...unfinished,
  step: z.literal('generating'),
  openCalls: z.array(openCallSchema),
  jobs: z.record(z.string(), z.string()),
});
/** The image has its name and hash, and is on disk or can be finished. */
const generated = z.object({ ...unfinished, step: z.literal('generated'), image: generatedFileSchema });
/** The upload has its id; when it is done, `pendingWrite` is written to the row. */
const uploading = z.object({
  ...unfinished,
  step: z.literal('uploading'),
  image: generatedFileSchema,
  /** The file that goes up is the image, or a smaller one of the same. */
  upload: z.object({ id: z.string(), file: savedImageSchema }),
  pendingWrite: imageResult,
});
/** There is no image, or the board did not take it; `pendingWrite` is written to the row. */
const failing = z.object({
  ...unfinished,
  step: z.literal('failing'),
  image: generatedFileSchema.exactOptional(),
  pendingWrite: failureResult,
});
/** The row has its result. */
const settled = z.object({
  ...everyStep,
  step: z.literal('settled'),
  retries: z.int().nonnegative(),
  image: generatedFileSchema.exactOptional(),
  result: z.discriminatedUnion('kind', [imageResult, failureResult]),
});

/** How far one row has come: one variant a step, each with exactly the fields that exist then. */
export const journalEntrySchema = z.discriminatedUnion('step', [
  claimed,
  generating,
  generated,
  uploading,
  failing,
  settled,
]);
export type JournalEntry = z.infer<typeof journalEntrySchema>;

export type Claimed = z.infer<typeof claimed>;
export type Generating = z.infer<typeof generating>;
export type Generated = z.infer<typeof generated>;
export type Uploading = z.infer<typeof uploading>;
export type Failing = z.infer<typeof failing>;
export type Settled = z.infer<typeof settled>;
export type Unfinished = Exclude<JournalEntry, Settled>;
