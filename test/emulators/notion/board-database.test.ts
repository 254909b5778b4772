import { describe, expect, it } from 'vitest';
import { startEmbeddedBoard } from '../../../src/emulators/notion/embedded-board.ts';
import { at, setUp } from '../../support/emulators/setup.ts';

describe('a person at the board', () => {
  it('writes plain values or the shapes of the API', async () => {
    const { database } = await setUp();
    const bytes = Uint8Array.of(1, 2, 3);
    const id = database.addRow({
      Name: 'Post',
      Prompt: { rich_text: [{ text: { content: 'A hill' } }] },
      Steps: 4,
      Tags: ['a', 'b'],
      Due: '2026-11-22',
      Done: true,
      Link: 'https://e.com',
      Image: [
        { name: 'a.png', bytes },
        { name: 'b.png', url: 'https://e.com/b.png' },
      ],
    });
    const { values } = database.row(id);
    expect(values).toMatchObject({
      Name: 'Post',
      Prompt: 'A hill',
      Steps: 4,
      Tags: 'a, b',
      Due: '2026-11-22',
      Done: true,
      Link: 'https://e.com',
      Image: [
        { name: 'a.png', bytes },
        { name: 'b.png', url: 'https://e.com/b.png' },
      ],
    });
    expect((await fetch(String(at(values, 'Image', 0, 'url')))).status).toBe(200);
  });

  it('may write long text, and empty a status', async () => {
    const { client, database } = await setUp();
    const long = '🎨'.repeat(2500);
    const id = database.addRow({ Prompt: long, Status: null });
    expect(database.row(id).values).toMatchObject({ Prompt: long, Status: null });
    const page = await client.pages.retrieve({ page_id: id });
    expect(at(page, 'properties', 'Status', 'status')).toBeNull();
    const pieces = at(page, 'properties', 'Prompt', 'rich_text');
    expect(Array.isArray(pieces) && pieces.map((piece) => at(piece, 'plain_text'))).toEqual([
      '🎨'.repeat(1000),
      '🎨'.repeat(1000),
      '🎨'.repeat(500),
    ]);
  });

  it('is told of columns, options and rows that are not there', async () => {
    const { board, database } = await setUp();
    const id = database.addRow({});
    expect(() => database.addRow({ Nothing: 1 })).toThrow('no column "Nothing"');
    expect(() => database.edit(id, { Status: 'Lost' })).toThrow('does not exist');
    expect(() => database.edit(id, { Steps: 'x' })).toThrow('should be a number');
    expect(() => database.edit(id, { Image: ['x'] })).toThrow('A file is');
    expect(() => database.edit(id, { Image: [{ name: 'x' }] })).toThrow('A file is');
    expect(() => database.row(board.rootPageId)).toThrow('has no row');
    expect(() => database.removeProperty('Nothing')).toThrow('no column');
  });

  it('edits with a time and a name, which count as no write of the connection', async () => {
    const { client, clock, database } = await setUp();
    const id = database.addRow({});
    await client.pages.update({ page_id: id, properties: {} });
    clock.advance(120_500);
    database.edit(id, { Steps: 1 });
    expect(database.row(id)).toMatchObject({ values: { Steps: 1 }, writes: 1 });
    const page = await client.pages.retrieve({ page_id: id });
    expect(page).toMatchObject({ last_edited_time: '2026-11-21T10:02:00.000Z' });
    expect(at(page, 'last_edited_by', 'id')).toBe(at(page, 'created_by', 'id'));
  });

  it('moves rows to the trash and back', async () => {
    const { database } = await setUp();
    const id = database.addRow({});
    database.trash(id);
    expect(database.row(id).inTrash).toBe(true);
    database.restore(id);
    expect([...database.rows()].map((row) => [row.id, row.inTrash])).toEqual([[id, false]]);
  });

  it('changes the columns', async () => {
    const { database } = await setUp();
    const id = database.addRow({ Steps: 4, Status: 'Generating' });
    database.setPropertySchema('Cost', { number: {} });
    database.renameProperty('Steps', 'Rounds');
    database.removeProperty('Link');
    database.removeOption('Status', 'Generating');
    const { values } = database.row(id);
    expect(values).toMatchObject({ Cost: null, Rounds: 4, Status: 'Needs image' });
    expect(values).not.toHaveProperty('Link');
  });
});

describe('the board', () => {
  it('listens on the loopback interface, and no more once it is closed', async () => {
    const board = await startEmbeddedBoard();
    expect(board.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await fetch(board.url)).status).toBe(400);
    await board.close();
    await board[Symbol.asyncDispose]();
    await expect(fetch(board.url)).rejects.toThrow('fetch failed');
  });

  it('gives no id twice, whatever the dice say', async () => {
    const { database } = await setUp({ random: () => 0 });
    const ids = Array.from({ length: 100 }, () => database.addRow({}));
    expect(new Set(ids).size).toBe(100);
  });
});
