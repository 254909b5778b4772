import { z } from 'zod';

const passSummary = z.object({
  done: z.number(),
  failed: z.number(),
  skipped: z.number(),
  /** Images by the label of the provider that made them. */
  providers: z.record(z.string(), z.number()),
  costUsd: z.number(),
  /** Money that may have been spent besides, on calls without an image. */
  possibleUsd: z.number(),
  durationMs: z.number(),
});
/** One pass over the board in numbers. */
export type PassSummary = z.infer<typeof passSummary>;

/** One pass, from being asked for to its end. Times are ISO 8601, UTC. */
export const passStateSchema = z.object({
  id: z.string(),
  /** The worker started, the schedule said so, somebody asked, a notice came that a row was marked. */
  reason: z.enum(['start', 'schedule', 'request', 'notice']),
  /** The whole board, at most so many of its rows, or one row asked for by hand, which says nothing of the passes. */
  scope: z.enum(['board', 'limited', 'row']),
  state: z.enum(['queued', 'running', 'done', 'failed', 'stopped']),
  requestedAt: z.string(),
  startedAt: z.string().exactOptional(),
  endedAt: z.string().exactOptional(),
  /** Of a pass that is done. */
  summary: passSummary.exactOptional(),
  /** What a failed pass said, in one sentence. */
  error: z.string().exactOptional(),
});
export type PassState = z.infer<typeof passStateSchema>;
export type PassReason = PassState['reason'];
