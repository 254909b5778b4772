import { z } from 'zod';
import { provenanceSchema, savedImageSchema } from '../core/image.ts';
import { attemptSchema, openCallSchema } from '../core/provider.ts';
import { type FailureResult, type ImageResult, type JournalEntry, journalVersion } from './journal-schema.ts';

const mark = z.object({
  at: z.number(),
  image: z.string().exactOptional(),
  error: z.string().exactOptional(),
  retryAt: z.number().exactOptional(),
  healAt: z.number().exactOptional(),
});
type Mark = z.infer<typeof mark>;

/** An entry of version 1, whose step was told by which of its fields are there. */
export const version1Schema = z.object({
  version: z.literal(1),
  postId: z.string(),
  generation: z.int().nonnegative(),
  step: z.enum(['generating', 'saving', 'uploading', 'settled']),
  fingerprint: z.string(),
  attempts: z.array(attemptSchema),
  image: savedImageSchema.exactOptional(),
  facts: provenanceSchema.exactOptional(),
  rendition: savedImageSchema.exactOptional(),
  uploadId: z.string().exactOptional(),
  settled: mark.exactOptional(),
  jobs: z.record(z.string(), z.string()).exactOptional(),
  open: z.array(openCallSchema).exactOptional(),
  interruptions: z.int().nonnegative().exactOptional(),
  retries: z.int().nonnegative().exactOptional(),
  standing: mark.exactOptional(),
  card: mark.exactOptional(),
});
export type Version1Entry = z.infer<typeof version1Schema>;

/** The same entry in the words of today's version; nothing that the row still needs is lost. */
export function fromVersion1(old: Version1Entry): JournalEntry {
  const { postId, generation, attempts, retries = 0 } = old;
  const every = { version: journalVersion, postId, generation, fingerprint: `1:${old.fingerprint}`, attempts } as const;
  const image = old.image && old.facts && { saved: old.image, provenance: old.facts };
  if (old.settled) {
    const result = old.settled.image === undefined ? toFailure(old.settled) : toImage(old.settled, old.settled.image);
    return { ...every, step: 'settled', retries, ...(image && { image }), result };
  }
  const unfinished = { ...every, task: taskOf(old), interruptions: old.interruptions ?? 0 };
  if (image && old.uploadId !== undefined && old.rendition) {
    const { rendition: file, uploadId: id, standing } = old;
    const pendingWrite = toImage(standing?.image === undefined ? { at: 0 } : standing, file.path);
    return { ...unfinished, step: 'uploading', image, upload: { id, file }, pendingWrite };
  }
  if (image) return { ...unfinished, step: 'generated', image };
  if (!old.open && !old.jobs) return { ...unfinished, step: 'claimed' };
  return { ...unfinished, step: 'generating', openCalls: old.open ?? [], jobs: old.jobs ?? {} };
}

function taskOf({ card, standing, retries = 0 }: Version1Entry): Exclude<JournalEntry, { step: 'settled' }>['task'] {
  if (card?.image !== undefined) return { kind: 'heal', placeholder: toImage(card, card.image) };
  const earlier = standing?.error === undefined ? undefined : toFailure(standing);
  return { kind: 'generate', retries, ...(earlier && { earlier }) };
}

function toImage({ at, healAt }: Mark, path: string): ImageResult {
  return { kind: 'image', at, path, ...(healAt !== undefined && { healAt }) };
}

function toFailure({ at, error = '', retryAt }: Mark): FailureResult {
  return { kind: 'failure', at, error, ...(retryAt !== undefined && { retryAt }) };
}
