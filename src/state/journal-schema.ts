import { z } from 'zod';
import { reactions } from '../core/reactions.ts';
import type { FailureCode } from '../core/reactions.ts';
import type { JournalEntry } from '../core/journal.ts';

const isFailureCode = (value: string): value is FailureCode => Object.hasOwn(reactions, value);
const failureCode = z.string().refine(isFailureCode);

const attempt = z.object({
  provider: z.string(),
  label: z.string(),
  model: z.string(),
  startedAt: z.string(),
  durationMs: z.number(),
  outcome: z.union([z.literal('ok'), z.literal('interrupted'), failureCode]),
  notAsked: z.boolean().exactOptional(),
  costUsd: z.number().exactOptional(),
  possiblySpent: z.boolean().exactOptional(),
  until: z.string().exactOptional(),
  detail: z.string().exactOptional(),
});

const savedImage = z.object({
  path: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  byteLength: z.int().nonnegative(),
  mediaType: z.enum(['image/png', 'image/jpeg', 'image/webp']),
  width: z.number(),
  height: z.number(),
});

const pictureFacts = z.object({
  provider: z.string(),
  model: z.string(),
  seed: z.number().exactOptional(),
  costUsd: z.number(),
  generatedAt: z.number(),
  warnings: z.array(z.string()).exactOptional(),
});

const settled = z.object({
  at: z.number(),
  image: z.string().exactOptional(),
  error: z.string().exactOptional(),
  retryAt: z.number().exactOptional(),
  healAt: z.number().exactOptional(),
});

const openCall = z.object({
  provider: z.string(),
  label: z.string(),
  model: z.string(),
  startedAt: z.string(),
  costUsd: z.number(),
});

/** An entry as it stands on disk. */
export const journalEntry: z.ZodType<JournalEntry> = z.object({
  version: z.literal(1),
  postId: z.string(),
  generation: z.int().nonnegative(),
  step: z.enum(['generating', 'saving', 'uploading', 'settled']),
  fingerprint: z.string(),
  attempts: z.array(attempt),
  image: savedImage.exactOptional(),
  facts: pictureFacts.exactOptional(),
  rendition: savedImage.exactOptional(),
  uploadId: z.string().exactOptional(),
  settled: settled.exactOptional(),
  jobs: z.record(z.string(), z.string()).exactOptional(),
  open: z.array(openCall).exactOptional(),
  interruptions: z.int().nonnegative().exactOptional(),
  retries: z.int().nonnegative().exactOptional(),
  standing: settled.exactOptional(),
  card: settled.exactOptional(),
});
