import { z } from 'zod';
import type { BoardFacts, PendingPage, PostBoard } from '../../core/board.ts';
import type { Clock } from '../../lib/clock.ts';
import { BoardError } from '../../core/errors.ts';
import type { Post } from '../../core/post.ts';
import type { NotionClient } from '../client/client.ts';
import { type Identity, readIdentity } from '../client/identity.ts';
import type { Permit } from '../client/limiter.ts';
import { readPost, writeClaim } from './page-reader.ts';
import { statusValues } from './page-writer.ts';
import type { BoardAddress } from '../settings.ts';
import { bindBoard, type BoundBoard, optionFilter } from '../schema/schema.ts';
import { createSettler } from './settler.ts';
import { uploadFile } from './uploads.ts';

/** How old a page may be when rows are taken from it: while there is room for requests, and while rows wait for it. */
const freshForMs = { plenty: 250, scarce: 5000 };
/** Notion's page size. */
const pageSize = 100;
/** Requests that one row costs with its claim. */
const requestsPerRow = 4;

const pageParent = z.object({ parent: z.object({ data_source_id: z.string() }) });
const queryAnswer = z.object({ results: z.array(z.unknown()), next_cursor: z.string().nullable().default(null) });

const waitingStates = ['needs-image', 'generating'] as const;

interface Query {
  states?: readonly ('needs-image' | 'generating' | 'failed' | 'image-ready')[];
  provider?: string;
  cursor?: string | undefined;
  permit?: Permit | undefined;
}

/** The board in Notion. `workerId` is what Claim shows. */
export function createNotionBoard(options: {
  notion: NotionClient;
  address: BoardAddress;
  clock: Clock;
  workerId: string;
}): PostBoard {
  const { notion, address, clock, workerId } = options;
  let identity: Identity | undefined;
  let bound: { board: BoundBoard; facts: BoardFacts } | undefined;
  let binding: Promise<BoardFacts> | undefined;
  let latest: PendingPage | undefined;
  let reading: Promise<PendingPage> | undefined;

  const bind = async (): Promise<BoardFacts> => {
    const board = await bindBoard(notion, address, bound?.board);
    identity ??= await readIdentity(notion);
    const { title, url, missing, dataSourceId: dataSource, properties } = board;
    const ids = {
      dataSource,
      status: properties.status.id,
      ...(identity.botId !== undefined && { bot: identity.botId }),
    };
    const facts = { title, url, maxUploadBytes: identity.maxUploadBytes, missing, ids };
    bound = { board, facts };
    return facts;
  };

  const board = (): BoundBoard => {
    if (!bound) throw new Error('The board is used before it was opened.');
    return bound.board;
  };

  /** By one reading for all who ask at once. */
  const open = (): Promise<BoardFacts> => {
    binding ??= bind().finally(() => (binding = undefined));
    return binding;
  };

  const queryOnce = async ({ states = waitingStates, provider, cursor, permit }: Query): Promise<PendingPage> => {
    const { dataSourceId, properties, statusOptions } = board();
    const names = states.flatMap((state) => statusOptions[state]?.name ?? []);
    const readAt = clock.monotonic();
    const answer = await notion.call({ doing: 'read the rows that wait', ...(permit && { permit }) }, (client) =>
      client.dataSources.query({
        data_source_id: dataSourceId,
        filter: {
          and: [
            { or: names.map((name) => optionFilter(properties.status, name)) },
            ...(provider !== undefined && properties.provider ? [optionFilter(properties.provider, provider)] : []),
          ],
        },
        sorts: [{ timestamp: 'created_time', direction: 'ascending' }],
        page_size: pageSize,
        result_type: 'page',
        filter_properties: Object.values(properties).map(({ id }) => id),
        ...(cursor !== undefined && { start_cursor: cursor }),
      }),
    );
    const { results, next_cursor: next } = queryAnswer.parse(answer);
    const posts = results.flatMap((row) => readPost(row, board()) ?? []);
    return { readAt, posts, ...(next !== null && { next }) };
  };

  /** Tries again with the schema read anew: a property may have been removed or a status renamed. */
  const withSchema = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof BoardError) || error.failure !== 'refused') throw error;
      await open();
      return work();
    }
  };

  const query = (asked: Query): Promise<PendingPage> => withSchema(() => queryOnce(asked));

  /** The first page, by one query for all who ask at once. */
  const readFirstPage = (permit?: Permit): Promise<PendingPage> => {
    reading ??= query({ permit })
      .then((page) => (latest = page))
      .finally(() => (reading = undefined));
    return reading;
  };

  const find = async (id: string): Promise<Post> => {
    const answer = await notion.call({ doing: 'read a row' }, (client) => client.pages.retrieve({ page_id: id }));
    const post = readPost(answer, board());
    if (parentOf(answer) !== board().dataSourceId) {
      throw new BoardError('refused', 'The row belongs to another database: check the id.');
    }
    if (!post) throw new BoardError('gone', "The row is in Notion's trash: restore it there.");
    return post;
  };

  const setStatus = (post: Post, state: 'needs-image' | 'generating', claim: string, doing: string): Promise<Post> =>
    withSchema(async () => {
      const answer = await notion.call({ doing }, (client) =>
        client.pages.update({ page_id: post.id, properties: statusValues(board(), state, claim) }),
      );
      return readPost(answer, board()) ?? post;
    });

  /** Claims and more reads are worth their requests only while the window has room for all the rows that wait. */
  const hasRoom = () => {
    const waiting = latest?.next === undefined ? (latest?.posts.length ?? 1) : 2 * pageSize;
    return !notion.limiter.congested() && notion.limiter.free() >= requestsPerRow * waiting;
  };

  const isFresh = ({ readAt }: PendingPage) =>
    clock.monotonic() - readAt <= (hasRoom() ? freshForMs.plenty : freshForMs.scarce);

  return {
    open,
    pending: ({ cursor, anew = false } = {}) => {
      if (cursor !== undefined) return query({ cursor });
      return latest && isFresh(latest) && !anew ? Promise.resolve(latest) : readFirstPage();
    },
    failed: (cursor) => query({ states: ['failed'], cursor }),
    ready: (provider, cursor) => query({ states: ['image-ready'], provider, cursor }),
    isFresh,
    find,
    async claim(post) {
      if (!hasRoom()) return post;
      return setStatus(post, 'generating', writeClaim(workerId, clock.now()), 'mark a row as taken');
    },
    upload: (image, load, progress) => uploadFile(notion, clock, image, load, progress),
    settle: createSettler({
      notion,
      clock,
      board,
      writableForMs: freshForMs.plenty,
      hasRoom,
      reopen: open,
      latest: () => latest,
      readFirstPage,
      find,
    }),
    requeue: (post) => setStatus(post, 'needs-image', '', 'put a row back in the queue'),
  };
}

function parentOf(answer: unknown): string | undefined {
  return pageParent.safeParse(answer).data?.parent.data_source_id;
}
