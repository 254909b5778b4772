import { describe, expect, it } from 'vitest';
import type { PendingPage, PostBoard } from '../../src/core/board.ts';
import { BoardError } from '../../src/core/errors.ts';
import { createWorkerEvents } from '../../src/core/events.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import type { Post } from '../../src/core/post.ts';
import { boardRows, placeholderRows } from '../../src/worker/row-source.ts';
import type { FailureResult } from '../../src/state/journal-schema.ts';
import { claimedEntry, memoryJournal, settledEntry } from '../support/journal.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { fakePost } from '../support/fake-post.ts';

const failedPost = (id: string, status: Post['status'] = 'failed') =>
  fakePost({ id, title: id, status, statusName: status });

const handled = (post: Post): Outcome => ({ kind: 'failed', post, error: '', attempts: [] });

/** A board whose queries show these pages, whatever stands in its rows, and a journal with these rows due. */
function setUp({ rows = [], failed = [], due = [] }: { rows?: Post[]; failed?: PendingPage[]; due?: string[] }) {
  const clock = createFakeClock();
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
  const journal = memoryJournal({ due });
  for (const id of due) {
    const result = { kind: 'failure' as const, at: clock.now(), error: 'No.', retryAt: clock.now() };
    journal.entries.set(id, settledEntry(id, result));
  }
  const events = createWorkerEvents();
  return { parts: { board, journal, events, clock, workerId: 'w-1' }, entries: journal.entries, asked };
}

describe('rows that are due for another try', () => {
  it('are found although the query lags behind them', async () => {
    const { parts, entries } = setUp({ rows: [failedPost('a')], due: ['a'] });
    const queue = boardRows(parts, new Map());
    expect(await queue.next()).toMatchObject({ id: 'a' });
    queue.onOutcome(handled(failedPost('a')));
    expect(await queue.next()).toBeUndefined();
    expect(entries.get('a')).toMatchObject({ result: { retryAt: expect.any(Number) } });
  });

  it('are forgotten once they were moved or deleted, and looked for no more', async () => {
    const { parts, entries, asked } = setUp({ rows: [failedPost('a', 'approved')], due: ['a', 'b'] });
    const queue = boardRows(parts, new Map());
    expect(await queue.next()).toBeUndefined();
    for (const id of ['a', 'b']) {
      expect(entries.get(id)).toMatchObject({ step: 'settled', result: { kind: 'failure', error: 'No.' } });
      expect(entries.get(id)).not.toHaveProperty('result.retryAt');
    }
    expect(asked).toMatchObject({ failed: 1, find: 2 });
    await queue.next();
    expect(asked).toMatchObject({ failed: 1, find: 2 });
  });

  it('are forgotten when they were moved while they were tried again, and when their journal is lost', async () => {
    const { parts, entries } = setUp({ due: ['a', 'b'] });
    const earlier = { kind: 'failure' as const, at: 0, error: 'No.' };
    const taken = (before: FailureResult) =>
      claimedEntry('a', { task: { kind: 'generate', retries: 1, earlier: before } });
    entries.set('a', taken({ ...earlier, retryAt: 0 }));
    entries.delete('b');
    expect(await boardRows(parts, new Map()).next()).toBeUndefined();
    expect(entries.get('a')).toEqual(taken(earlier));
    expect(entries.has('b')).toBe(false);
  });

  it('cost one query for a page of them', async () => {
    const posts = Array.from({ length: 100 }, (_, index) => failedPost(`row ${index}`));
    const { parts, asked } = setUp({ failed: [{ readAt: 0, posts }], due: posts.map(({ id }) => id) });
    const queue = boardRows(parts, new Map());
    for (let post = await queue.next(); post; post = await queue.next()) queue.onOutcome(handled(post));
    expect(asked).toMatchObject({ failed: 1, find: 0 });
  });

  it('end the search where Notion’s cursor goes round in a circle', async () => {
    const { parts, asked } = setUp({ failed: [{ readAt: 0, posts: [], next: '0' }], due: ['a'] });
    expect(await boardRows(parts, new Map()).next()).toBeUndefined();
    expect(asked.failed).toBe(1000);
  });
});

describe('cards that may make way', () => {
  it('cost one query for a page of them, and none while no provider would be asked', async () => {
    const posts = Array.from({ length: 100 }, (_, index) => failedPost(`row ${index}`, 'image-ready'));
    const { parts, asked } = setUp({ failed: [{ readAt: 0, posts }], due: posts.map(({ id }) => id) });
    let isOpen = false;
    const queue = await placeholderRows(parts, new Map(), () => isOpen);
    expect(await queue?.next()).toBeUndefined();
    expect(asked.ready).toBe(0);
    isOpen = true;
    for (let post = await queue?.next(); post; post = await queue?.next()) queue?.onOutcome(handled(post));
    expect(asked.ready).toBe(1);
  });
});
