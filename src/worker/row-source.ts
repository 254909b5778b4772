import type { PendingPage, PostBoard } from '../core/board.ts';
import { BoardError } from '../core/errors.ts';
import type { WorkerEvents } from '../core/events.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Post } from '../core/post.ts';
import type { Clock } from '../lib/clock.ts';
import { placeholderProvider } from '../posts/resume.ts';
import { retryForgotten } from '../posts/transitions.ts';
import type { Journal } from '../state/journal.ts';
import type { ChangeSignal } from './change-signal.ts';

/** A claim of another worker holds for so long; one row never takes longer. */
const claimLeaseMs = 15 * 60_000;

/** Pages read in one search: Notion's queries end after 10,000 rows (2026-11), and cursors may not. */
const mostPages = 1000;

/** What finding rows needs. */
export interface RowSourceParts {
  board: PostBoard;
  events: WorkerEvents;
  journal: Journal;
  clock: Clock;
  workerId: string;
}

/** The rows that are being worked on, by id. */
export type RowsInProgress = Map<string, Promise<void>>;

/** Where a pass gets its rows. */
export interface RowSource {
  /** A row to begin with now; undefined when there is none at present. */
  next(): Promise<Post | undefined>;
  /** Learns what became of a row. */
  onOutcome(outcome: Outcome): void;
}

/** One page of the rows that wait, which whoever watches sees too. */
export async function readPending(
  { board, events }: Pick<RowSourceParts, 'board' | 'events'>,
  options: NonNullable<Parameters<PostBoard['pending']>[0]> = {},
): Promise<PendingPage> {
  const page = await board.pending(options);
  events.emit('pendingRead', {
    posts: page.posts,
    isFirst: options.cursor === undefined,
    more: page.next !== undefined,
  });
  return page;
}

/** The rows that wait, then those that failed and are due for another try. */
export function boardRows(
  parts: RowSourceParts,
  inProgress: RowsInProgress,
  takeMarked: ChangeSignal['take'] = () => undefined,
): RowSource {
  const { board, clock, journal } = parts;
  const ended = new Set<string>();
  /** Rows to be taken again, but only as read after this time. */
  const again = new Map<string, number>();
  /** The pages further down, and of failed rows, where rows were found last. */
  let further: PendingPage | undefined;
  let failed: PendingPage | undefined;
  let due: Set<string> | undefined;
  let hasRead = false;

  const isFree = ({ readAt }: PendingPage, post: Post) =>
    !inProgress.has(post.id) &&
    !ended.has(post.id) &&
    readAt >= (again.get(post.id) ?? Number.NEGATIVE_INFINITY) &&
    !isHeld(post, parts.workerId, clock);

  const freeOn = (page: PendingPage): Post | undefined => page.posts.find((post) => isFree(page, post));
  const dueOn = (page: PendingPage) => page.posts.find((post) => due?.has(post.id) && isFree(page, post));

  const nextWaiting = async (): Promise<Post | undefined> => {
    const marked = takeMarked();
    for (const id of marked ?? []) ended.delete(id);
    // What asked for this pass may be newer than the query of the one before.
    const first = await readPending(parts, { anew: marked !== undefined || !hasRead });
    hasRead = true;
    const known = freeOn(first) ?? (further && board.isFresh(further) ? freeOn(further) : undefined);
    if (known || (first.next === undefined && again.size === 0)) return known;
    further = await search((cursor) => readPending(parts, cursor === undefined ? { anew: true } : { cursor }), freeOn);
    return further && freeOn(further);
  };

  const nextDue = async (): Promise<Post | undefined> => {
    due ??= new Set(await journal.dueRetries(clock.now()));
    if ([...due].every((id) => ended.has(id) || inProgress.has(id))) return undefined;
    const known = failed && board.isFresh(failed) ? dueOn(failed) : undefined;
    if (known) return known;
    failed = await search((cursor) => board.failed(cursor), dueOn);
    if (failed) return dueOn(failed);
    // The others were moved or deleted, unless the query lags behind what was written.
    for (const id of due) {
      if (ended.has(id) || inProgress.has(id)) continue;
      const post = await findFailed(board, id);
      if (post) return post;
      due.delete(id);
      await forgetRetry(id, journal);
    }
    return undefined;
  };

  return {
    next: async () => (await nextWaiting()) ?? nextDue(),
    onOutcome(outcome) {
      const { id } = outcome.post;
      if (outcome.kind === 'skipped' && outcome.again) again.set(id, clock.monotonic());
      else {
        again.delete(id);
        ended.add(id);
      }
    },
  };
}

/**
 * The rows that show a placeholder which may make way for a real image; undefined when there are none. One at a time is the
 * probe until one of them got its image, and none is begun while `isOpen` says that no provider would be asked.
 */
export async function placeholderRows(
  { board, journal, clock }: RowSourceParts,
  inProgress: RowsInProgress,
  isOpen: () => boolean,
): Promise<RowSource | undefined> {
  const due = new Set(await journal.duePlaceholders(clock.now()));
  if (due.size === 0) return undefined;
  let isProved = false;
  let page: PendingPage | undefined;
  const dueOn = ({ posts }: PendingPage) => posts.find(({ id }) => due.has(id) && !inProgress.has(id));
  return {
    async next() {
      if (due.size === 0 || (!isProved && inProgress.size > 0) || !isOpen()) return undefined;
      if (!page || !board.isFresh(page) || !dueOn(page)) {
        page = await search((cursor) => board.ready(placeholderProvider, cursor), dueOn);
      }
      const post = page && dueOn(page);
      // Rows in progress may come back, but those that are on no page were approved, moved or deleted.
      if (!post) for (const id of due) if (!inProgress.has(id)) due.delete(id);
      return post;
    },
    onOutcome(outcome) {
      due.delete(outcome.post.id);
      isProved ||= outcome.kind === 'done';
    },
  };
}

/** One row by its id. @throws {BoardError} when it is not marked, or another live worker holds it. */
export function singleRow({ board, workerId, clock }: RowSourceParts, pageId: string): RowSource {
  let isWanted = true;
  return {
    async next() {
      if (!isWanted) return undefined;
      isWanted = false;
      const post = await findMarked(board, pageId);
      if (!post.claim || !isHeld(post, workerId, clock)) return post;
      const since = new Date(post.claim.at).toISOString();
      throw new BoardError(
        'refused',
        `Another worker (${post.claim.worker}) holds the row since ${since}: wait for it.`,
      );
    },
    onOutcome(outcome) {
      isWanted = outcome.kind === 'skipped' && outcome.again;
    },
  };
}

/** The rows that a pass would take now, without writing anything anywhere. */
export async function* waitingRows({
  board,
  workerId,
  clock,
}: Pick<RowSourceParts, 'board' | 'workerId' | 'clock'>): AsyncGenerator<Post> {
  for (let page = await board.pending(); ; page = await board.pending({ cursor: page.next })) {
    yield* page.posts.filter((post) => !isHeld(post, workerId, clock));
    if (page.next === undefined) return;
  }
}

/** One row that waits, or failed. @throws {BoardError} when it is not marked. */
export async function findMarked(board: PostBoard, pageId: string): Promise<Post> {
  const post = await board.find(pageId);
  if (['needs-image', 'generating', 'failed'].includes(post.status)) return post;
  const stands = post.statusName === '' ? 'has no status' : `stands at "${post.statusName}"`;
  throw new BoardError('refused', `The row ${stands}: mark it for a picture in Notion first.`);
}

/** Puts a row that failed back in the queue. @throws {BoardError} when it is not marked, nor failed. */
export async function markAgain(board: PostBoard, pageId: string): Promise<Post> {
  const post = await findMarked(board, pageId);
  return post.status === 'failed' ? board.requeue(post) : post;
}

/** The first page on which there is something; undefined when there is none. */
async function search(
  read: (cursor?: string) => Promise<PendingPage>,
  find: (page: PendingPage) => Post | undefined,
): Promise<PendingPage | undefined> {
  let page = await read();
  for (let pages = 1; !find(page); pages += 1) {
    if (page.next === undefined || pages === mostPages) return undefined;
    page = await read(page.next);
  }
  return page;
}

/** The row if it stands as failed; one that is gone does not. */
async function findFailed(board: PostBoard, id: string): Promise<Post | undefined> {
  try {
    const post = await board.find(id);
    return post.status === 'failed' ? post : undefined;
  } catch (error) {
    if (!(error instanceof BoardError) || error.failure === 'unreachable') throw error;
    return undefined;
  }
}

async function forgetRetry(postId: string, journal: Journal): Promise<void> {
  const entry = await journal.read(postId);
  if (entry) await journal.write(retryForgotten(entry));
  else await journal.forgetRetry(postId);
}

/** Does another live worker hold the row? Its own rows a worker resumes at once. */
function isHeld({ status, claim }: Post, workerId: string, clock: Clock): boolean {
  if (status !== 'generating' || !claim || claim.worker === workerId) return false;
  return Math.abs(clock.now() - claim.at) < claimLeaseMs;
}
