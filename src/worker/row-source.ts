import type { PendingPage, PostBoard } from '../core/board.ts';
import type { Clock } from '../lib/clock.ts';
import { BoardError } from '../core/errors.ts';
import type { Journal } from '../core/journal.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Post } from '../core/post.ts';
import type { Bell } from './change-signal.ts';
import { placeholderProvider, newEntry } from '../posts/entry.ts';

/** A claim of another worker holds for so long; one row never takes longer. */
const claimLeaseMs = 15 * 60_000;

/** Pages read in one search: Notion's queries end after 10,000 rows (2026-11), and cursors may not. */
const mostPages = 1000;

/** What the queues need. */
export interface QueueParts {
  board: PostBoard;
  journal: Journal;
  clock: Clock;
  workerId: string;
}

/** The rows that are being worked on, by id. */
export type InHand = Map<string, Promise<void>>;

/** Where a pass gets its rows. */
export interface RowQueue {
  /** A row to begin with now; undefined when there is none at present. */
  next(): Promise<Post | undefined>;
  /** Hears what became of a row. */
  told(outcome: Outcome): void;
}

/** The rows that wait, then those that failed and are due for another try. `look` tells of rows marked since the last one. */
export function boardQueue(parts: QueueParts, inHand: InHand, look: Bell['look'] = () => undefined): RowQueue {
  const { board, clock } = parts;
  const handled = new Set<string>();
  /** Rows to be taken again, but only as seen after this time. */
  const again = new Map<string, number>();
  /** The pages further down, and of failed rows, where rows were found last. */
  let further: PendingPage | undefined;
  let failed: PendingPage | undefined;
  let due: Set<string> | undefined;
  let hasLooked = false;

  const isFree = ({ readAt }: PendingPage, post: Post) =>
    !inHand.has(post.id) &&
    !handled.has(post.id) &&
    readAt >= (again.get(post.id) ?? Number.NEGATIVE_INFINITY) &&
    !isHeld(post, parts.workerId, clock);

  const freeOn = (page: PendingPage): Post | undefined => page.posts.find((post) => isFree(page, post));
  const dueOn = (page: PendingPage) => page.posts.find((post) => due?.has(post.id) && isFree(page, post));

  const nextWaiting = async (): Promise<Post | undefined> => {
    const named = look();
    for (const id of named ?? []) handled.delete(id);
    // What asked for this pass may be newer than the look of the one before.
    const first = await board.pending({ anew: named !== undefined || !hasLooked });
    hasLooked = true;
    const known = freeOn(first) ?? (further && board.isFresh(further) ? freeOn(further) : undefined);
    if (known || (first.next === undefined && again.size === 0)) return known;
    further = await search((cursor) => board.pending(cursor === undefined ? { anew: true } : { cursor }), freeOn);
    return further && freeOn(further);
  };

  const nextDue = async (): Promise<Post | undefined> => {
    due ??= new Set(await parts.journal.due(clock.now()));
    if ([...due].every((id) => handled.has(id) || inHand.has(id))) return undefined;
    const known = failed && board.isFresh(failed) ? dueOn(failed) : undefined;
    if (known) return known;
    failed = await search((cursor) => board.failed(cursor), dueOn);
    if (failed) return dueOn(failed);
    // The others were moved or deleted, unless the query lags behind what was written.
    for (const id of due) {
      if (handled.has(id) || inHand.has(id)) continue;
      const post = await findFailed(board, id);
      if (post) return post;
      due.delete(id);
      await forgetRetry(id, parts.journal);
    }
    return undefined;
  };

  return {
    next: async () => (await nextWaiting()) ?? nextDue(),
    told(outcome) {
      const { id } = outcome.post;
      if (outcome.kind === 'skipped' && outcome.again) again.set(id, clock.monotonic());
      else {
        again.delete(id);
        handled.add(id);
      }
    },
  };
}

/**
 * The rows that show a drawn card which may make way for a real picture; undefined when there are none. One at a time is
 * the probe until one of them got its picture, and none is begun while `isOpen` says that no provider would be asked.
 */
export async function cardQueue(
  parts: QueueParts,
  inHand: InHand,
  isOpen: () => boolean,
): Promise<RowQueue | undefined> {
  const { board, journal, clock } = parts;
  const due = new Set(await journal.cards(clock.now()));
  if (due.size === 0) return undefined;
  let proved = false;
  let page: PendingPage | undefined;
  const cardOn = ({ posts }: PendingPage) => posts.find(({ id }) => due.has(id) && !inHand.has(id));
  return {
    async next() {
      if (due.size === 0 || (!proved && inHand.size > 0) || !isOpen()) return undefined;
      if (!page || !board.isFresh(page) || !cardOn(page)) {
        page = await search((cursor) => board.ready(placeholderProvider, cursor), cardOn);
      }
      const post = page && cardOn(page);
      // Further rows may come back to hand, but those that are on no page were approved, moved or deleted.
      if (!post) for (const id of due) if (!inHand.has(id)) due.delete(id);
      return post;
    },
    told(outcome) {
      due.delete(outcome.post.id);
      proved ||= outcome.kind === 'done';
    },
  };
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
  const { settled, standing: _, ...entry } = (await journal.read(postId)) ?? newEntry(postId, '', 0);
  const { retryAt: __, ...final } = settled ?? {};
  await journal.write({ ...entry, ...(settled && { settled: { ...final, at: settled.at } }) });
}

/** One row by its id. @throws {BoardError} when it is not marked, or another live worker holds it. */
export function pageQueue({ board, workerId, clock }: QueueParts, pageId: string): RowQueue {
  let wanted = true;
  return {
    async next() {
      if (!wanted) return undefined;
      wanted = false;
      const post = await markedPost(board, pageId);
      if (!post.claim || !isHeld(post, workerId, clock)) return post;
      const since = new Date(post.claim.at).toISOString();
      throw new BoardError(
        'refused',
        `Another worker (${post.claim.worker}) holds the row since ${since}: wait for it.`,
      );
    },
    told(outcome) {
      wanted = outcome.kind === 'skipped' && outcome.again;
    },
  };
}

/** Does another live worker hold the row? Its own rows a worker resumes at once. */
function isHeld({ status, claim }: Post, workerId: string, clock: Clock): boolean {
  if (status !== 'generating' || !claim || claim.worker === workerId) return false;
  return Math.abs(clock.now() - claim.at) < claimLeaseMs;
}

/** One row that waits, or failed. @throws {BoardError} when it is not marked. */
export async function markedPost(board: PostBoard, pageId: string): Promise<Post> {
  const post = await board.find(pageId);
  if (['needs-image', 'generating', 'failed'].includes(post.status)) return post;
  const stands = post.statusName === '' ? 'has no status' : `stands at "${post.statusName}"`;
  throw new BoardError('refused', `The row ${stands}: mark it for a picture in Notion first.`);
}

/** Puts a row that failed back in the queue. @throws {BoardError} when it is not marked, nor failed. */
export async function markAgain(board: PostBoard, pageId: string): Promise<Post> {
  const post = await markedPost(board, pageId);
  return post.status === 'failed' ? board.requeue(post) : post;
}

/** The rows that a pass would take now, without writing anything anywhere. */
export async function* waitingPosts(board: PostBoard, workerId: string, clock: Clock): AsyncGenerator<Post> {
  for (let page = await board.pending(); ; page = await board.pending({ cursor: page.next })) {
    yield* page.posts.filter((post) => !isHeld(post, workerId, clock));
    if (page.next === undefined) return;
  }
}
