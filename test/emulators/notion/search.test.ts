import { describe, expect, it } from 'vitest';
import { refusal, setUp } from '../../support/emulators/setup.ts';

const filter = { property: 'object', value: 'page' } as const;

describe('a search', () => {
  it('finds pages by their title, in pages', async () => {
    const { client, database } = await setUp();
    const id = database.addRow({ Name: 'Post' });
    database.addRow({ Name: 'Other' });
    const found = await client.search({ query: 'POST', filter });
    expect(found.results.map((hit) => hit.id)).toEqual([id]);
    const first = await client.search({ filter, page_size: 2 });
    expect(first).toMatchObject({ has_more: true });
    const rest = await client.search({ filter, page_size: 2, start_cursor: first.next_cursor ?? '' });
    expect([rest.results.length, rest.has_more]).toEqual([1, false]);
    expect(await refusal(client.search({ filter, start_cursor: database.id }))).toContain('The start_cursor provided');
  });

  it('is sorted by the last edit, and leaves out the trash', async () => {
    const { client, clock, database, board } = await setUp();
    const id = database.addRow({ Name: 'Post' });
    clock.advance(1000);
    const newer = database.addRow({ Name: 'Newer post' });
    const sort = { timestamp: 'last_edited_time', direction: 'ascending' } as const;
    const found = async (extra = {}) => (await client.search({ filter, ...extra })).results.map((hit) => hit.id);
    expect(await found({ query: 'post' })).toEqual([newer, id]);
    expect(await found({ sort, query: 'post' })).toEqual([id, newer]);
    database.trash(newer);
    expect(await found({ sort })).toEqual([board.rootPageId, id]);
  });
});
