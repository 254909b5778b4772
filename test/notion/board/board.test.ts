import { setMaxListeners } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import type { PostBoard, Settlement } from '../../../src/core/board.ts';
import { BoardError } from '../../../src/core/errors.ts';
import { silentLog } from '../../../src/lib/log.ts';
import { boardProperties, statusNames } from '../../../src/core/properties.ts';
import { mapValues } from '../../../src/lib/records.ts';
import { type EmbeddedBoard, startEmbeddedBoard } from '../../../src/emulators/notion/embedded-board.ts';
import { demoProperties } from '../../../src/cli/demo/demo.ts';
import { createNotionBoard } from '../../../src/notion/board/board.ts';
import { createNotionClient } from '../../../src/notion/client/client.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

const boards: EmbeddedBoard[] = [];
afterEach(async () => {
  for (const board of boards.splice(0)) await board.close();
});

async function setUp({ requestsPerMinute = 1000, rows = 3 } = {}) {
  const clock = createFakeClock();
  const workspace = await startEmbeddedBoard({ clock, rateLimit: { requests: 1_000_000, windowMs: 60_000 } });
  boards.push(workspace);
  const database = workspace.createDatabase('Posts', demoProperties());
  const ids = Array.from({ length: rows }, (_, index) =>
    database.addRow({ Name: `Post ${index}`, Prompt: `Picture ${index}`, Status: 'Needs image' }),
  );
  const { signal } = new AbortController();
  setMaxListeners(0, signal);
  const common = { clock, random: () => 0.5, log: silentLog, signal };
  const notion = createNotionClient({ token: workspace.token, apiUrl: workspace.url, requestsPerMinute, ...common });
  const address = {
    database: database.id,
    properties: mapValues(boardProperties, ({ name }) => name),
    statuses: statusNames,
  };
  const board = createNotionBoard({ notion, address, clock, workerId: 'w-1' });
  await board.open();
  return { workspace, database, ids, board, clock, queries: () => workspace.count('dataSources.query') };
}

const failed: Settlement = { kind: 'failed', error: 'No.', why: '' };
const always = () => true;
const first = async (board: PostBoard) => {
  const [post] = (await board.pending()).posts;
  if (!post) throw new Error('There is no row.');
  return post;
};

describe('a look at the rows', () => {
  it('serves whoever asks within a moment, and is had anew on wish or later', async () => {
    const { board, clock, queries } = await setUp();
    await Promise.all([board.pending(), board.pending()]);
    clock.advance(250);
    await board.pending();
    expect(queries()).toBe(1);
    await board.pending({ anew: true });
    clock.advance(251);
    await board.pending();
    expect(queries()).toBe(3);
  });

  it('serves for 5 s while requests are scarce', async () => {
    const { board, clock, queries } = await setUp({ requestsPerMinute: 10 });
    await board.pending();
    clock.advance(5000);
    await board.pending();
    expect(queries()).toBe(1);
    clock.advance(1);
    await board.pending();
    expect(queries()).toBe(2);
  });

  it('goes on by its cursor, oldest rows first', async () => {
    const { board, ids } = await setUp({ rows: 130 });
    const { posts, next } = await board.pending();
    const more = await board.pending(next === undefined ? {} : { cursor: next });
    expect([...posts, ...more.posts].map(({ id }) => id)).toEqual(ids);
    expect(more.next).toBeUndefined();
  });

  it('says which status option the board has lost', async () => {
    const { board, database } = await setUp();
    const options = ['Wanted', 'Generating', 'Image ready', 'Failed'].map((name) => ({ name }));
    await board.pending();
    database.setPropertySchema('Status', { status: { options } });
    await expect(board.pending({ anew: true })).rejects.toThrow(/Needs image/);
  });
});

describe('a claim', () => {
  it('shows editors who works on the row, since when', async () => {
    const { board, database, ids } = await setUp();
    expect(await board.claim(await first(board))).toMatchObject({ status: 'generating', claim: { worker: 'w-1' } });
    expect(database.row(ids[0] ?? '').values).toMatchObject({
      Status: 'Generating',
      Claim: 'w-1 since 2026-11-21T10:00:00.000Z',
    });
  });

  it('is left out while requests are scarce', async () => {
    const { board, database, ids } = await setUp({ requestsPerMinute: 10 });
    const post = await first(board);
    expect(await board.claim(post)).toBe(post);
    expect(database.row(ids[0] ?? '').writes).toBe(0);
  });

  it('is refused in words when the row is gone', async () => {
    const { board, database, ids } = await setUp();
    const post = await first(board);
    database.trash(ids[0] ?? '');
    await expect(board.claim(post)).rejects.toSatisfy(
      (error: unknown) => error instanceof BoardError && error.failure === 'gone',
    );
  });
});

describe('one row', () => {
  it('is found by its id, and not in the trash or in another database', async () => {
    const { board, database, workspace, ids } = await setUp();
    const [id = '', trashed = ''] = ids;
    database.trash(trashed);
    const stranger = workspace.createDatabase('Others', demoProperties()).addRow({ Name: 'x' });
    expect(await board.find(id)).toMatchObject({ id, title: 'Post 0', status: 'needs-image' });
    await expect(board.find(trashed)).rejects.toThrow("The row is in Notion's trash: restore it there.");
    await expect(board.find(stranger)).rejects.toThrow('The row belongs to another database: check the id.');
  });

  it('goes back to the queue without its claim', async () => {
    const { board, database, ids } = await setUp();
    await board.requeue(await board.claim(await first(board)));
    expect(database.row(ids[0] ?? '').values).toMatchObject({ Status: 'Needs image', Claim: '' });
  });
});

describe('settling', () => {
  it('writes many rows after one look', async () => {
    const { board, queries, database, ids } = await setUp({ rows: 25 });
    const { posts } = await board.pending();
    const results = await Promise.all(posts.map((post) => board.settle(post, failed, always)));
    expect(new Set(results.map(({ kind }) => kind))).toEqual(new Set(['settled']));
    for (const id of ids) expect(database.row(id).values).toMatchObject({ Status: 'Failed', Error: 'No.' });
    expect(queries()).toBeLessThanOrEqual(2);
  });

  it.each<[string, (board: Awaited<ReturnType<typeof setUp>>, id: string) => void, object]>([
    [
      'a row that an editor moved',
      ({ database }, id) => database.edit(id, { Status: 'Image ready' }),
      { kind: 'moved', post: undefined },
    ],
    ['a row in the trash', ({ database }, id) => database.trash(id), { kind: 'moved', post: undefined }],
    ['a row deleted for good', ({ database }, id) => database.remove(id), { kind: 'moved', post: undefined }],
  ])('leaves %s alone', async (_, act, result) => {
    const rig = await setUp();
    const post = await first(rig.board);
    act(rig, post.id);
    rig.clock.advance(10_000);
    const writes = rig.workspace.count('pages.update');
    expect(await rig.board.settle(post, failed, always)).toMatchObject(result);
    expect(rig.workspace.count('pages.update')).toBe(writes);
  });

  it('asks whether the row as it stands is still wanted, before and after it is written', async () => {
    const { board, workspace, database, ids, clock } = await setUp();
    const [id = ''] = ids;
    const post = await first(board);
    database.edit(id, { Prompt: 'Changed' });
    clock.advance(10_000);
    const isSame = ({ prompt }: { prompt: string }) => prompt === post.prompt;
    expect(await board.settle(post, failed, isSame)).toMatchObject({ kind: 'changed', written: false });
    expect(workspace.count('pages.update')).toBe(0);

    let looks = 0;
    const untilWritten = () => (looks += 1) === 1;
    expect(await board.settle(post, failed, untilWritten)).toMatchObject({ kind: 'changed', written: true });
    expect(database.row(id).values).toMatchObject({ Status: 'Failed' });
  });

  it('writes what is left of a board that loses a property meanwhile', async () => {
    const { board, database, ids } = await setUp();
    const post = await first(board);
    database.removeProperty('Why');
    expect(await board.settle(post, failed, always)).toMatchObject({ kind: 'settled' });
    expect(database.row(ids[0] ?? '').values).toMatchObject({ Status: 'Failed', Error: 'No.' });
  });

  it('answers for each row by itself when one of them is refused', async () => {
    const { board, workspace } = await setUp();
    const { posts } = await board.pending();
    workspace.options.attachLagMs = 3_600_000;
    const image = { path: 'a_1.png', sha256: 'ab'.repeat(32), byteLength: 1, width: 1, height: 1 };
    const ready: Settlement = {
      kind: 'image-ready',
      image: { ...image, mediaType: 'image/png' },
      uploadId: '11111111-1111-4111-8111-111111111111',
      provider: 'p',
      model: 'm',
      why: '',
      costUsd: 0,
      generatedAt: 0,
    };
    const results = await Promise.allSettled(
      posts.map((post, index) => board.settle(post, index === 1 ? ready : failed, always)),
    );
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });
});
