import type { PendingPage, PostBoard, Settlement, SettleResult } from '../../core/board.ts';
import type { Clock } from '../../lib/clock.ts';
import { BoardError } from '../../core/errors.ts';
import type { Post } from '../../core/post.ts';
import type { NotionClient } from '../client/client.ts';
import { groupCommit } from './group-commit.ts';
import type { Permit } from '../client/limiter.ts';
import { readPost } from './page-reader.ts';
import { settlementValues } from './page-writer.ts';
import type { BoundBoard } from '../schema/schema.ts';

/** Rows written after one read of the board. */
const largestBatch = 60;
/** How long a batch waits for more rows while requests are scarce, so that one read serves many. */
const waitForMoreMs = 1000;
/**
 * Waits before a refused write is tried once more: an upload just sent is at times not found yet (seen in the field,
 * 2026-11), and a property may have been removed since the schema was read.
 */
const refusalWaitsMs = [750, 1500];

interface Item {
  post: Post;
  settlement: Settlement;
  stillWanted: (now: Post) => boolean;
}

/** What the settler needs of the board. */
export interface SettlerParts {
  notion: NotionClient;
  clock: Clock;
  /** How old the page may be that rows are written by. */
  writableForMs: number;
  /** Has the window room for all the rows that wait? */
  hasRoom(): boolean;
  board(): BoundBoard;
  /** Reads the schema anew. */
  reopen(): Promise<unknown>;
  latest(): PendingPage | undefined;
  readFirstPage(permit: Permit): Promise<PendingPage>;
  find(id: string): Promise<Post>;
}

/**
 * Writes settlements in batches: it waits for room for the whole batch, reads once which rows still wait, and then writes them
 * all at once, so that no row is written by a page that is older than a moment.
 */
export function createSettler(parts: SettlerParts): PostBoard['settle'] {
  const { notion, clock } = parts;
  const { signal } = notion;

  const commit = async (items: readonly Item[]) => {
    const permit = await notion.limiter.acquire(items.length + 1, signal);
    try {
      const latest = parts.latest();
      const fresh =
        latest !== undefined &&
        clock.monotonic() - latest.readAt <= parts.writableForMs &&
        items.every(({ post }) => latest.posts.some(({ id }) => id === post.id));
      const page = fresh ? latest : await parts.readFirstPage(permit);
      return await Promise.allSettled(items.map((item) => settle(item, page, permit)));
    } finally {
      permit.release();
    }
  };

  const settle = async (item: Item, page: PendingPage, permit: Permit): Promise<SettleResult> => {
    const now = await currentPost(item.post, page);
    if (!now || !isUnmoved(now, item.post)) return { kind: 'moved', post: now };
    if (!item.stillWanted(now)) return { kind: 'changed', post: now, written: false };
    const written = await write(item, permit);
    if (!written) return { kind: 'moved', post: undefined };
    return item.stillWanted(written)
      ? { kind: 'settled', post: written }
      : { kind: 'changed', post: written, written: true };
  };

  /** The row as it is now, undefined when it is gone; read by itself only when the page cannot say. */
  const currentPost = async (post: Post, page: PendingPage): Promise<Post | undefined> => {
    const found = page.posts.find(({ id }) => id === post.id);
    if (found) return found;
    const last = page.posts.at(-1);
    const wouldShow = page.next === undefined || (last !== undefined && post.createdAt < last.createdAt);
    if (wouldShow && isPending(post)) return undefined;
    try {
      return await parts.find(post.id);
    } catch (error) {
      if (error instanceof BoardError && error.failure === 'gone') return undefined;
      throw error;
    }
  };

  const write = async ({ post, settlement }: Item, permit: Permit): Promise<Post | undefined> => {
    for (let tries = 0; ; tries += 1) {
      try {
        const answer = await notion.call({ doing: 'write a result to its row', permit }, (client) =>
          client.pages.update({ page_id: post.id, properties: settlementValues(parts.board(), settlement) }),
        );
        return readPost(answer, parts.board());
      } catch (error) {
        const waitMs = refusalWaitsMs[tries];
        if (!(error instanceof BoardError) || error.failure === 'unreachable') throw error;
        if (waitMs === undefined) {
          if (error.failure === 'gone') return undefined;
          throw error;
        }
        await clock.sleep(waitMs, signal);
        if (error.failure === 'refused') await parts.reopen();
      }
    }
  };

  /** While requests are scarce a batch waits for more rows, and for its turn, which makes it larger the longer the queue is. */
  const waitForMore = async () => {
    if (parts.hasRoom()) return;
    await clock.sleep(waitForMoreMs, signal);
    const turn = await notion.limiter.acquire(1, signal);
    turn.release();
  };

  const queue = groupCommit(commit, { largest: largestBatch, waitForMore });
  return (post, settlement, stillWanted) => queue({ post, settlement, stillWanted });
}

function isUnmoved(now: Post, taken: Post): boolean {
  return isPending(now) || now.status === taken.status;
}

function isPending({ status }: Post): boolean {
  return status === 'needs-image' || status === 'generating';
}
