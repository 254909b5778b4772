import type { BoardFacts, PostBoard } from '../../core/board.ts';
import type { Clock } from '../../lib/clock.ts';
import { BoardError, ConfigError } from '../../core/errors.ts';
import { listen, type WorkerEvents } from '../../core/events.ts';
import { isoTime } from '../../lib/dates.ts';
import type { Log } from '../../lib/log.ts';
import { troubleMessages } from '../../messages/page.ts';
import type { RunningRow } from '../../core/overview.ts';
import type { Post } from '../../core/post.ts';
import { readPending } from '../../worker/row-source.ts';
import type { BoardLook } from '../sources.ts';

/** A row that is being served. */
interface ServedRow extends Pick<RunningRow, 'provider' | 'isMade'> {
  post: Post;
  /** Wall-clock ms. */
  since: number;
}

/** The rows of the board as far as they are known. */
export interface BoardState extends Partial<BoardName>, Omit<BoardLook, keyof BoardName> {
  served: readonly ServedRow[];
  /** Rows that came to their end in the pass under way. */
  ended: number;
  /** Why the last look failed. */
  trouble?: string;
}

type BoardName = Pick<BoardLook, 'title' | 'url'>;

interface BoardViewOptions {
  board: { look(): Promise<BoardLook> };
  events: WorkerEvents;
  clock: Clock;
  log: Log;
  /** Called when a look has ended. */
  onLook: () => void;
}

/** Nobody scrolls through more failures than these. */
const mostFailed = 100;

/** The rows as the worker's events and looks at the board show them. */
export function createBoardView({ board, events, clock, log, onLook }: BoardViewOptions) {
  let known: Partial<BoardName> & { trouble?: string } = {};
  let waiting: readonly Post[] = [];
  let failed: readonly Post[] = [];
  let [moreWaiting, moreFailed] = [false, false];
  const served = new Map<string, ServedRow>();
  /** Rows that came to their end in this pass; a page of rows read a moment ago may still show them. */
  const ended = new Set<string>();
  /** Rows that changed hands while a look was under way, which saw them before or after. */
  const moved = new Set<string>();
  let lookedAt = Number.NEGATIVE_INFINITY;
  let isLooking = false;

  const noteMove = (id: string) => {
    if (isLooking) moved.add(id);
  };
  const update = (id: string, state: Omit<ServedRow, 'post' | 'since'>) => {
    const row = served.get(id);
    if (row) served.set(id, { post: row.post, ...state, since: clock.now() });
  };

  const unlisten = listen(events, {
    marked(id) {
      if (id === undefined) return;
      ended.delete(id);
      noteMove(id);
      waiting = [...waiting, ...failed.filter((post) => post.id === id)];
      failed = without(failed, id);
    },
    pendingRead({ posts, isFirst, more }) {
      if (!isFirst) return;
      delete known.trouble;
      waiting = posts.filter(({ id }) => !served.has(id) && !ended.has(id));
      moreWaiting = more;
      const marked = new Set(waiting.map(({ id }) => id));
      failed = failed.filter(({ id }) => !marked.has(id));
    },
    taken(post) {
      served.set(post.id, { post, since: clock.now() });
      ended.delete(post.id);
      noteMove(post.id);
      waiting = without(waiting, post.id);
      failed = without(failed, post.id);
    },
    asking: (postId, { label }) => update(postId, { provider: label }),
    attempt: ({ outcome }, postId = '') => update(postId, { isMade: outcome === 'ok' }),
    outcome(outcome) {
      const { id } = outcome.post;
      const held = served.get(id)?.post;
      served.delete(id);
      noteMove(id);
      if (outcome.kind === 'skipped' && outcome.again) {
        if (held) waiting = [held, ...without(waiting, id)];
        return;
      }
      ended.add(id);
      waiting = without(waiting, id);
      failed = without(failed, id);
      if (outcome.kind === 'failed') {
        const row = { ...outcome.post, error: outcome.error, editedAt: isoTime(clock.now()) };
        failed = [row, ...failed].slice(0, mostFailed);
      }
    },
    pass({ state }) {
      if (state === 'running') ended.clear();
      if (state === 'running' || state === 'queued') return;
      // Rows still held go on with the next pass.
      waiting = [...[...served.values()].map(({ post }) => post), ...waiting];
      served.clear();
    },
  });

  const isAtRest = ({ id }: Post) => !served.has(id) && !moved.has(id);

  const take = (look: BoardLook) => {
    known = { title: look.title, url: look.url };
    waiting = [...waiting.filter(({ id }) => moved.has(id)), ...look.waiting.filter(isAtRest)];
    failed = [...failed.filter(({ id }) => moved.has(id)), ...look.failed.filter(isAtRest)];
    ({ moreWaiting, moreFailed } = look);
  };

  const look = async () => {
    moved.clear();
    try {
      take(await board.look());
    } catch (error) {
      known.trouble = troubleWords(error, log);
    }
    lookedAt = clock.monotonic();
    isLooking = false;
    onLook();
  };

  return {
    /** Looks at the board in the background when the last look is older than `maxAgeMs`; never twice at once. */
    look(maxAgeMs: number) {
      if (isLooking || clock.monotonic() - lookedAt < maxAgeMs) return;
      isLooking = true;
      void look();
    },
    state: (): BoardState => ({
      ...known,
      served: [...served.values()],
      waiting,
      moreWaiting,
      failed,
      moreFailed,
      ended: ended.size,
    }),
    close: unlisten,
  };
}

function without(posts: readonly Post[], id: string): readonly Post[] {
  return posts.filter((post) => post.id !== id);
}

function troubleWords(error: unknown, log: Log): string {
  if (error instanceof ConfigError) return error.problems.join(' ');
  if (error instanceof BoardError) return error.message;
  log.error({ error }, 'The look at the board for the status page failed');
  return troubleMessages.boardUnread;
}

/** Reads what the status page shows of the board, by one or two requests to Notion. @throws {ConfigError} {BoardError} in words. */
export async function readBoard(
  { board, events }: { board: PostBoard; events: WorkerEvents },
  { title, url }: BoardFacts,
): Promise<BoardLook> {
  const waiting = await readPending({ board, events });
  const failed = await board.failed();
  return {
    title,
    url,
    waiting: waiting.posts,
    moreWaiting: waiting.next !== undefined,
    failed: failed.posts,
    moreFailed: failed.next !== undefined,
  };
}
