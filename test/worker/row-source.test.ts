import { describe, expect, it } from 'vitest';
import type { PendingPage, PostBoard } from '../../src/core/board.ts';
import { BoardError } from '../../src/core/errors.ts';
import type { Journal, JournalEntry } from '../../src/core/journal.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import type { Post } from '../../src/core/post.ts';
import { newEntry } from '../../src/posts/entry.ts';
import { boardQueue, cardQueue } from '../../src/worker/row-source.ts';
import { createFakeClock } from '../support/fake-clock.ts';

const postOf = (id: string, status: Post['status'] = 'failed'): Post => ({
  id,
  url: '',
  title: id,
  prompt: id,
  caption: '',
  status,
  statusName: status,
  options: {},
  imageNames: [],
  imageFile: '',
  provider: '',
  error: '',
  createdAt: '',
  editedAt: '',
});

const handled = (post: Post): Outcome => ({ kind: 'failed', post, error: '', attempts: [] });

/** A board whose queries show these pages, whatever stands in its rows, and a journal with these rows due. */
function setUp({ rows = [], failed = [], due = [] }: { rows?: Post[]; failed?: PendingPage[]; due?: string[] }) {
  const clock = createFakeClock();
  const entries = new Map<string, JournalEntry>();
  const asked = { pending: 0, failed: 0, ready: 0, find: 0 };
  const unused = async () => Promise.reject(new Error('nobody asked for this'));
  const none: PendingPage = { readAt: 0, posts: [] };
  const pageAt = (cursor = '0') => failed[Number(cursor)] ?? none;
  const board: PostBoard = {
    open: unused,
    claim: unused,
    upload: unused,
    settle: unused,
    requeue: unused,
    isFresh: () => true,
    pending: async () => ((asked.pending += 1), none),
    failed: async (cursor) => ((asked.failed += 1), pageAt(cursor)),
    ready: async (_, cursor) => ((asked.ready += 1), pageAt(cursor)),
    async find(id) {
      asked.find += 1;
      const row = rows.find((each) => each.id === id);
      if (!row) throw new BoardError('gone', 'The row is gone.');
      return row;
    },
  };
  const journal: Journal = {
    read: async (id) => entries.get(id),
    write: async (entry) => void entries.set(entry.postId, entry),
    due: async () => due,
    cards: async () => due,
  };
  for (const id of due) {
    const settled = { at: clock.now(), error: 'No.', retryAt: clock.now() };
    entries.set(id, { ...newEntry(id, '', 0), step: 'settled', settled });
  }
  return { parts: { board, journal, clock, workerId: 'w-1' }, entries, asked };
}

describe('rows that are due for another try', () => {
  it('are found although the query lags behind them', async () => {
    const { parts, entries } = setUp({ rows: [postOf('a')], due: ['a'] });
    const queue = boardQueue(parts, new Map());
    expect(await queue.next()).toMatchObject({ id: 'a' });
    queue.told(handled(postOf('a')));
    expect(await queue.next()).toBeUndefined();
    expect(entries.get('a')?.settled).toMatchObject({ retryAt: expect.any(Number) });
  });

  it('are forgotten once they were moved or deleted, and looked for no more', async () => {
    const { parts, entries, asked } = setUp({ rows: [postOf('a', 'approved')], due: ['a', 'b'] });
    const queue = boardQueue(parts, new Map());
    expect(await queue.next()).toBeUndefined();
    for (const id of ['a', 'b']) expect(entries.get(id)?.settled).toEqual({ at: expect.any(Number), error: 'No.' });
    expect(asked).toMatchObject({ failed: 1, find: 2 });
    await queue.next();
    expect(asked).toMatchObject({ failed: 1, find: 2 });
  });

  it('are forgotten when they were moved while they were tried again, and when their journal is lost', async () => {
    const { parts, entries } = setUp({ due: ['a', 'b'] });
    entries.set('a', { ...newEntry('a', 'f', 0), retries: 1, standing: { at: 0, error: 'No.', retryAt: 0 } });
    entries.delete('b');
    expect(await boardQueue(parts, new Map()).next()).toBeUndefined();
    expect(entries.get('a')).toEqual({ ...newEntry('a', 'f', 0), retries: 1 });
    expect(entries.get('b')?.standing).toBeUndefined();
  });

  it('cost one query for a page of them', async () => {
    const posts = Array.from({ length: 100 }, (_, index) => postOf(`row ${index}`));
    const { parts, asked } = setUp({ failed: [{ readAt: 0, posts }], due: posts.map(({ id }) => id) });
    const queue = boardQueue(parts, new Map());
    for (let post = await queue.next(); post; post = await queue.next()) queue.told(handled(post));
    expect(asked).toMatchObject({ failed: 1, find: 0 });
  });

  it('end the search where Notion’s cursor goes round in a circle', async () => {
    const { parts, asked } = setUp({ failed: [{ readAt: 0, posts: [], next: '0' }], due: ['a'] });
    expect(await boardQueue(parts, new Map()).next()).toBeUndefined();
    expect(asked.failed).toBe(1000);
  });
});

describe('cards that may make way', () => {
  it('cost one query for a page of them, and none while no provider would be asked', async () => {
    const posts = Array.from({ length: 100 }, (_, index) => postOf(`row ${index}`, 'image-ready'));
    const { parts, asked } = setUp({ failed: [{ readAt: 0, posts }], due: posts.map(({ id }) => id) });
    let isOpen = false;
    const queue = await cardQueue(parts, new Map(), () => isOpen);
    expect(await queue?.next()).toBeUndefined();
    expect(asked.ready).toBe(0);
    isOpen = true;
    for (let post = await queue?.next(); post; post = await queue?.next()) queue?.told(handled(post));
    expect(asked.ready).toBe(1);
  });
});
