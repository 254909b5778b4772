import type { EventEmitter } from 'node:events';
import type { Outcome } from './outcome.ts';
import type { PassState } from './pass.ts';
import type { Post } from './post.ts';
import type { Attempt } from './provider.ts';

/** What happens in the worker, for whoever watches it. A listener returns at once and never throws. */
export interface WorkerEventMap {
  /** A pass was asked for, began or ended. */
  pass: [pass: PassState];
  /** Somebody says that a row was marked, this one where it is known. */
  marked: [postId?: string];
  /** The rows that wait or are held, as a first look at the board shows them; `more` when there are further ones. */
  pendingRead: [posts: readonly Post[], more: boolean];
  /** A row is being served from now on. */
  taken: [post: Post];
  /** A provider is being asked for a row's picture. */
  asking: [postId: string, provider: { name: string; label: string }];
  /** A call of a provider has ended, or was refused; for this row, or for a picture over HTTP. */
  attempt: [attempt: Attempt, postId?: string];
  /** What became of a row; one that is taken again is told again. */
  outcome: [outcome: Outcome];
  /** Passes were paused, or go on. */
  paused: [isPaused: boolean];
  /** Notion answered a request; 0 when no answer came. */
  notionAnswered: [status: number];
  /** Notion asked for a pause of so many ms. */
  notionPaused: [ms: number];
}

export type WorkerEvents = EventEmitter<WorkerEventMap>;

/** Who hears of one kind of event. */
export type Listener<E> = E extends keyof WorkerEventMap
  ? WorkerEventMap[E] extends unknown[]
    ? (...told: WorkerEventMap[E]) => void
    : never
  : never;

/** Listens to one kind of event until the answer's function is called. */
export function listen<E extends keyof WorkerEventMap>(
  events: WorkerEvents,
  event: E,
  listener: Listener<E>,
): () => void {
  events.on(event, listener);
  return () => void events.off(event, listener);
}
