import { type GeneratedFile, type SavedImage } from '../core/image.ts';
import type { Post } from '../core/post.ts';
import type { Attempt, OpenCall } from '../core/provider.ts';
import type { CallsUnderWay, Generation } from '../generation/generate.ts';
import {
  type Claimed,
  type Failing,
  type FailureResult,
  type Generated,
  type Generating,
  type ImageResult,
  type JournalEntry,
  journalVersion,
  type Settled,
  type Unfinished,
  type Uploading,
} from '../state/journal-schema.ts';
import { fingerprintOf } from './fingerprint.ts';

/** The row is taken, as it stands now. */
export function claimed(post: Post, generation: number, task: Unfinished['task']): Claimed {
  const fingerprint = fingerprintOf(post);
  const every = { version: journalVersion, postId: post.id, generation, fingerprint } as const;
  return { ...every, attempts: [], task, interruptions: 0, step: 'claimed' };
}

/** Calls that cost money are made, or have ended without an image. */
export function callsChanged(entry: Unfinished, { attempts, openCalls, jobs }: CallsUnderWay): Generating {
  return { ...every(entry), attempts, step: 'generating', openCalls, jobs };
}

/** The image has its name and hash. */
export function imageNamed(entry: Unfinished, { image, attempts }: Generation): Generated {
  return { ...every(entry), attempts, step: 'generated', image };
}

/** The upload has its id. */
export function uploadBegun(
  entry: Generated | Uploading,
  upload: { id: string; file: SavedImage },
  pendingWrite: ImageResult,
): Uploading {
  return { ...every(entry), step: 'uploading', image: entry.image, upload, pendingWrite };
}

/** There is no image to write to the row, but a failure; an image that the board did not take is kept. */
export function failed(entry: Unfinished, attempts: Attempt[], pendingWrite: FailureResult): Failing {
  const image: GeneratedFile | undefined = 'image' in entry ? entry.image : undefined;
  return { ...every(entry), attempts, step: 'failing', ...(image && { image }), pendingWrite };
}

/** What was pending is written to the row. */
export function settled(entry: Uploading | Failing, at: number): Settled {
  const { version, postId, generation, fingerprint, attempts, task, image, pendingWrite } = entry;
  const retries = task.kind === 'generate' ? task.retries : 0;
  const result = { ...pendingWrite, at };
  return {
    version,
    postId,
    generation,
    fingerprint,
    attempts,
    step: 'settled',
    retries,
    ...(image && { image }),
    result,
  };
}

/** The placeholder stays in the row: until `healAt`, or for good. */
export function placeholderStays(entry: Unfinished, placeholder: ImageResult, healAt: number | undefined): Settled {
  const { version, postId, generation, fingerprint, attempts } = entry;
  const { healAt: _, ...stays } = placeholder;
  const result = { ...stays, ...(healAt !== undefined && { healAt }) };
  return { version, postId, generation, fingerprint, attempts, step: 'settled', retries: 0, result };
}

/** The row is not tried again by itself. */
export function retryForgotten(entry: JournalEntry): JournalEntry {
  if (entry.step === 'settled') {
    return entry.result.kind === 'image' ? entry : { ...entry, result: final(entry.result) };
  }
  if (entry.step === 'failing') return { ...entry, pendingWrite: final(entry.pendingWrite) };
  if (entry.task.kind === 'heal' || !entry.task.earlier) return entry;
  return { ...entry, task: { ...entry.task, earlier: final(entry.task.earlier) } };
}

/** Paid calls that the end of an earlier process cut off become attempts: money may have been spent on them. `cutOff` are those calls. */
export function callsCutOff<E extends Unfinished>(entry: E): { entry: E; cutOff: OpenCall[] } {
  if (entry.step !== 'generating') return { entry, cutOff: [] };
  // A job that was begun elsewhere is picked up by its id.
  const cutOff = entry.openCalls.filter(({ provider }) => entry.jobs[provider] === undefined);
  const interrupted = cutOff.map((call): Attempt => {
    return { ...call, durationMs: 0, outcome: 'interrupted', possiblySpent: true };
  });
  return {
    entry: {
      ...entry,
      attempts: [...entry.attempts, ...interrupted],
      interruptions: entry.interruptions + (cutOff.length > 0 ? 1 : 0),
      openCalls: [],
    },
    cutOff,
  };
}

function final({ retryAt: _retryAt, ...result }: FailureResult): FailureResult {
  return result;
}

function every({ version, postId, generation, fingerprint, attempts, task, interruptions }: Unfinished) {
  return { version, postId, generation, fingerprint, attempts, task, interruptions };
}
