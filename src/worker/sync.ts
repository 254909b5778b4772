import { setMaxListeners } from 'node:events';
import type { PendingPage, PostBoard } from '../core/board.ts';
import type { Clock } from '../core/clock.ts';
import { BoardError } from '../core/errors.ts';
import type { Journal } from '../core/journal.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Post } from '../core/post.ts';
import { generatePost, type PostParts } from './generate-post.ts';

/** Rows whose pictures wait for their upload and their write at once; pictures themselves stay on disk meanwhile. */
const mostInHand = 32;
/** A claim of another worker holds for so long; one row never takes longer. */
const claimLeaseMs = 15 * 60_000;

/** What a pass needs. */
export interface PassParts extends PostParts {
  workerId: string;
  /** Hears of every row as soon as it is told on the board. */
  onOutcome: (outcome: Outcome) => void;
  /** Hears how many rows are known to wait; `more` when there are further ones. */
  onSight?: (waiting: number, more: boolean) => void;
}

export interface PassOptions {
  /** Most rows to take. */
  limit?: number;
  /** Only this row. */
  pageId?: string;
}

/** One pass over the board in numbers. */
export interface PassSummary {
  done: number;
  failed: number;
  skipped: number;
  /** Pictures by the label of the provider that made them. */
  providers: Record<string, number>;
  costUsd: number;
  /** Money that may have been spent besides, on calls without a picture. */
  possibleUsd: number;
  durationMs: number;
}

/**
 * One pass: takes every row that waits, several at once, until none is left.
 * @throws {ConfigError} {BoardError} when no row can be served any more, after the rows in hand came to rest; the signal's
 * reason when aborted. Rows held then stay Generating, and the next pass resumes them.
 */
export async function syncPosts(parts: PassParts, options: PassOptions, signal: AbortSignal): Promise<PassSummary> {
  const startedAt = parts.clock.monotonic();
  const summary: PassSummary = {
    done: 0,
    failed: 0,
    skipped: 0,
    providers: {},
    costUsd: 0,
    possibleUsd: 0,
    durationMs: 0,
  };
  const stop = new AbortController();
  // Every row in hand listens to it, several times over.
  setMaxListeners(0, stop.signal);
  const onAbort = () => stop.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  const inHand = new Map<string, Promise<void>>();
  try {
    const queue = options.pageId === undefined ? boardQueue(parts, inHand) : pageQueue(parts.board, options.pageId);
    await work(parts, queue, inHand, summary, options.limit ?? Number.POSITIVE_INFINITY, stop);
  } catch (error) {
    stop.abort(error);
    throw error;
  } finally {
    await Promise.allSettled(inHand.values());
    signal.removeEventListener('abort', onAbort);
    summary.durationMs = parts.clock.monotonic() - startedAt;
  }
  stop.signal.throwIfAborted();
  return summary;
}

/** Where a pass gets its rows. */
interface RowQueue {
  /** A row to begin with now; undefined when there is none at present. */
  next(): Promise<Post | undefined>;
  /** Hears what became of a row. */
  told(outcome: Outcome): void;
}

async function work(
  parts: PassParts,
  queue: RowQueue,
  inHand: Map<string, Promise<void>>,
  summary: PassSummary,
  limit: number,
  stop: AbortController,
): Promise<void> {
  const started = new Set<string>();
  for (;;) {
    while (inHand.size >= mostInHand) await Promise.race(inHand.values());
    const ticket = await parts.chain.enter(stop.signal);
    const post = await queue.next().catch((error: unknown) => {
      ticket();
      throw error;
    });
    if (!post || (started.size >= limit && !started.has(post.id))) {
      ticket();
      if (inHand.size === 0) return;
      // A row in hand may come back to the queue.
      await Promise.race(inHand.values());
      continue;
    }
    started.add(post.id);
    const life = generatePost(post, ticket, parts, stop.signal)
      .then((outcome) => {
        queue.told(outcome);
        count(summary, outcome);
        parts.onOutcome(outcome);
      })
      .catch((error: unknown) => stop.abort(error))
      .finally(() => {
        ticket();
        inHand.delete(post.id);
      });
    inHand.set(post.id, life);
  }
}

function boardQueue(parts: PassParts, inHand: Map<string, Promise<void>>): RowQueue {
  const { board, clock, onSight } = parts;
  const handled = new Set<string>();
  /** Rows to be taken again, but only as seen after this time. */
  const again = new Map<string, number>();
  /** The pages further down, and of failed rows, where rows were found last. */
  let further: PendingPage | undefined;
  let failed: PendingPage | undefined;
  let due: Set<string> | undefined;

  const isFree = ({ readAt }: PendingPage, post: Post) =>
    !inHand.has(post.id) &&
    !handled.has(post.id) &&
    readAt >= (again.get(post.id) ?? Number.NEGATIVE_INFINITY) &&
    !isHeld(post, parts.workerId, clock);

  const freeOn = (page: PendingPage): Post | undefined => page.posts.find((post) => isFree(page, post));
  const dueOn = (page: PendingPage) => page.posts.find((post) => due?.has(post.id) && isFree(page, post));

  const nextWaiting = async (): Promise<Post | undefined> => {
    const first = await board.pending();
    onSight?.(first.posts.filter(({ id }) => !handled.has(id)).length, first.next !== undefined);
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
    // Nobody waits for these any more: they were moved or deleted.
    for (const id of due) if (!handled.has(id) && !inHand.has(id)) await forgetRetry(id, parts.journal);
    due.clear();
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

/** The first page on which there is something; undefined when there is none. */
async function search(
  read: (cursor?: string) => Promise<PendingPage>,
  find: (page: PendingPage) => Post | undefined,
): Promise<PendingPage | undefined> {
  let page = await read();
  while (!find(page)) {
    if (page.next === undefined) return undefined;
    page = await read(page.next);
  }
  return page;
}

async function forgetRetry(postId: string, journal: Journal): Promise<void> {
  const entry = await journal.read(postId);
  if (!entry?.settled) return;
  const { retryAt: _, ...settled } = entry.settled;
  await journal.write({ ...entry, settled });
}

function pageQueue(board: PostBoard, pageId: string): RowQueue {
  let wanted = true;
  return {
    async next() {
      if (!wanted) return undefined;
      wanted = false;
      return markedPost(board, pageId);
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

function count(summary: PassSummary, outcome: Outcome): void {
  if (outcome.kind === 'skipped' && outcome.again) return;
  summary[outcome.kind] += 1;
  if (outcome.kind === 'skipped') return;
  for (const { possiblySpent, costUsd = 0 } of outcome.attempts) if (possiblySpent) summary.possibleUsd += costUsd;
  if (outcome.kind !== 'done') return;
  summary.costUsd += outcome.costUsd;
  summary.providers[outcome.label] = (summary.providers[outcome.label] ?? 0) + 1;
}

/** One row that waits, or failed. @throws {BoardError} when it is not marked. */
export async function markedPost(board: PostBoard, pageId: string): Promise<Post> {
  const post = await board.find(pageId);
  if (['needs-image', 'generating', 'failed'].includes(post.status)) return post;
  const stands = post.statusName === '' ? 'has no status' : `stands at "${post.statusName}"`;
  throw new BoardError('refused', `The row ${stands}: mark it for a picture in Notion first.`);
}

/** The rows that a pass would take now, without writing anything anywhere. */
export async function* waitingPosts(board: PostBoard, workerId: string, clock: Clock): AsyncGenerator<Post> {
  for (let page = await board.pending(); ; page = await board.pending({ cursor: page.next })) {
    yield* page.posts.filter((post) => !isHeld(post, workerId, clock));
    if (page.next === undefined) return;
  }
}
