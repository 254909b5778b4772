/** One pass over the board in numbers. */
export interface PassSummary {
  done: number;
  failed: number;
  skipped: number;
  /** Images by the label of the provider that made them. */
  providers: Record<string, number>;
  costUsd: number;
  /** Money that may have been spent besides, on calls without an image. */
  possibleUsd: number;
  durationMs: number;
}

/** Why a pass is made: the worker started, the schedule said so, somebody asked, a notice came that a row was marked. */
export type PassReason = 'start' | 'schedule' | 'request' | 'notice';

/** One pass, from being asked for to its end. Times are ISO 8601, UTC. */
export interface PassState {
  id: string;
  reason: PassReason;
  /** The whole board, at most so many of its rows, or one row asked for by hand, which says nothing of the passes. */
  scope: 'board' | 'limited' | 'row';
  state: 'queued' | 'running' | 'done' | 'failed' | 'stopped';
  requestedAt: string;
  startedAt?: string;
  endedAt?: string;
  /** Of a pass that is done. */
  summary?: PassSummary;
  /** What a failed pass said, in one sentence. */
  error?: string;
}
