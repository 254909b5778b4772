import type { BudgetState } from './budget.ts';

/** Everything that the status page shows to one viewer. Times are ISO 8601, UTC; no text holds a secret. */
export interface Overview {
  at: string;
  version: string;
  viewer: { name: string; canLogOut: boolean };
  /** Absent until the board was read once. */
  board?: { title: string; url: string };
  activity: Activity;
  /** Why the worker cannot do its work; one sentence. */
  trouble?: string;
  /** Why the rows below may be out of date; one sentence. */
  boardTrouble?: string;
  alerts: string[];
  running: RunningRow[];
  /** `further`: how many more are known; `more`: there are others that nobody has counted. */
  waiting: { rows: Row[]; further: number; more: boolean };
  failed: { rows: FailedRow[]; more: boolean };
  /** Newest first; absent while they cannot be read. */
  pictures?: ImageView[];
  providers: ProviderView[];
  /** Oldest first. */
  days: DayView[];
  /** Absent while it cannot be read. */
  spend?: SpendView;
}

/** What the worker does now. */
export type Activity =
  | { kind: 'working'; since: string; done: number; total: number; /** Is the total not the whole? */ more: boolean }
  | { kind: 'starting' }
  | { kind: 'paused'; since: string }
  | { kind: 'idle'; /** When the schedule begins the next pass. */ nextAt?: string };

/** A row of the board. */
export interface Row {
  id: string;
  /** In Notion; empty where it leads nowhere. */
  url: string;
  title: string;
  /** When it was last changed on the board. */
  since: string;
}

/** A row that is being served. */
export interface RunningRow extends Omit<Row, 'since'> {
  /** Label of the provider that is being asked; absent before the first. */
  provider?: string;
  /** Is its image made, and only to be written to the board? */
  isMade?: boolean;
  /** Since when that provider is asked, or the row is in this state. */
  since: string;
}

export interface FailedRow extends Row {
  /** What the row says: one sentence and the next step. */
  error: string;
}

/** An image of the board, or one that the viewer asked for over HTTP. */
export interface ImageView {
  url: string;
  thumbnailUrl: string;
  /** ISO 8601, UTC. */
  generatedAt: string;
  width: number;
  height: number;
  prompt: string;
  /** The provider's label; in a record its name. */
  provider: string;
  model: string;
  /** "Hugging Face out of credit until 1 Dec → Stable Diffusion, 8.2 s, free"; empty where it was not recorded. */
  why: string;
  costUsd: number;
}

export interface ProviderView {
  name: string;
  label: string;
  /** ready: it is asked · left-out: it is not asked now · absent: it is not configured. */
  state: 'ready' | 'left-out' | 'absent';
  /** The state for people: "Ready", "Out of credit". */
  words: string;
  /** Until when it is left out. */
  until?: string;
  /** Does a request to ask it again make a difference? */
  canAskAgain: boolean;
  lastError?: { at: string; message: string };
  medianMs?: number;
}

export interface DayView {
  /** UTC, as `2026-11-22`. */
  day: string;
  /** Images by the provider's name. */
  counts: Record<string, number>;
}

/** The month's money in US dollars. */
export type SpendView = Omit<BudgetState, 'isReached'>;
