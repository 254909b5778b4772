import { EventEmitter } from 'node:events';
import type { BoardFacts } from './board.ts';
import type { BudgetState } from './budget.ts';
import type { Outcome } from './outcome.ts';
import type { PassState } from './pass.ts';
import type { Post } from './post.ts';
import type { Attempt } from './provider.ts';

/** One page of the rows that wait or are held, as it was read from the board. */
export interface PendingRead {
  posts: readonly Post[];
  /** Is it the first page? */
  isFirst: boolean;
  /** Are there further pages? */
  more: boolean;
}

/** Everything worth watching in the worker. A listener returns at once and never throws. */
export interface WorkerEventMap {
  /** A pass was asked for, began or ended; `error` is what ended a failed one. */
  pass: [pass: PassState, error?: unknown];
  /** Somebody says that a row was marked, this one where it is known. */
  marked: [postId?: string];
  /** The board was found and its properties are bound. */
  boardOpened: [facts: BoardFacts];
  /** A page of the rows that wait was read. */
  pendingRead: [page: PendingRead];
  /** A row is being served from now on. */
  taken: [post: Post];
  /** A provider is being asked for a row's image. */
  asking: [postId: string, provider: { name: string; label: string }];
  /** A call of a provider has ended, or was refused; for this row, or for an image over HTTP. */
  attempt: [attempt: Attempt, postId?: string];
  /** What became of a row; one that is taken again comes again. */
  outcome: [outcome: Outcome];
  /** The HTTP server listens at this address. */
  listening: [url: string];
  /** How the month's money stands after a pass. */
  budget: [state: BudgetState];
  /** Passes were paused, or go on. */
  paused: [isPaused: boolean];
  /** Another worker holds the images folder now. */
  folderLost: [];
  /** Notion answered a request; 0 when no answer came. */
  notionAnswered: [status: number];
  /** Notion asked for a pause of so many ms. */
  notionPaused: [ms: number];
}

export type WorkerEvents = EventEmitter<WorkerEventMap>;

/** Makes the channel of a worker's events, for any number of listeners. */
export function createWorkerEvents(): WorkerEvents {
  return new EventEmitter<WorkerEventMap>().setMaxListeners(0);
}

/** Functions that are called with the values of an event, by kind of event. */
export type Listeners = { [E in keyof WorkerEventMap]?: (...values: WorkerEventMap[E]) => void };

/** Listens to several kinds of event until the answer's function is called. */
export function listen(events: WorkerEvents, listeners: Listeners): () => void {
  const channel: EventEmitter = events;
  const entries = Object.entries(listeners);
  for (const [event, listener] of entries) channel.on(event, listener);
  return () => {
    for (const [event, listener] of entries) channel.off(event, listener);
  };
}
