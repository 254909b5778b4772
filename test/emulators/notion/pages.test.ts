import { describe, expect, it } from 'vitest';
import { at, refusal, setUp } from '../../support/emulators/setup.ts';

describe('a page', () => {
  it('shows its times rounded down to the minute', async () => {
    const { client, clock, database } = await setUp();
    clock.advance(59_999);
    const id = database.addRow({});
    expect(await client.pages.retrieve({ page_id: id })).toMatchObject({
      created_time: '2026-11-21T10:00:00.000Z',
      last_edited_time: '2026-11-21T10:00:00.000Z',
    });
    clock.advance(60_001);
    await client.pages.update({ page_id: id, properties: {} });
    expect(await client.pages.retrieve({ page_id: id })).toMatchObject({
      created_time: '2026-11-21T10:00:00.000Z',
      last_edited_time: '2026-11-21T10:02:00.000Z',
    });
  });

  it('tells who made it and who edited it last', async () => {
    const { client, database } = await setUp();
    const id = database.addRow({});
    const before = await client.pages.retrieve({ page_id: id });
    const after = await client.pages.update({ page_id: id, properties: { Steps: { number: 1 } } });
    const { id: bot } = await client.users.me({});
    expect(at(before, 'last_edited_by', 'id')).not.toBe(bot);
    expect([at(after, 'created_by', 'id'), at(after, 'last_edited_by', 'id')]).toEqual([
      at(before, 'created_by', 'id'),
      bot,
    ]);
  });

  it('keeps what a write does not name, and the last writer wins', async () => {
    const { client, database } = await setUp();
    const id = database.addRow({ Name: 'Post', Steps: 1 });
    await client.pages.update({ page_id: id, properties: { Steps: { number: 2 } } });
    database.edit(id, { Steps: 3 });
    await client.pages.update({ page_id: id, properties: { Done: { checkbox: true } } });
    expect(database.row(id)).toMatchObject({ values: { Name: 'Post', Steps: 3, Done: true }, writes: 2 });
  });

  it('answers with the columns asked for', async () => {
    const { client, database } = await setUp();
    const id = database.addRow({ Name: 'Post' });
    const page = await client.pages.update({ page_id: id, properties: {}, filter_properties: ['Name'] });
    expect(Object.keys(Object(at(page, 'properties')))).toEqual(['Name']);
  });

  it('in the trash is read but not written, until it is restored', async () => {
    const { client, database } = await setUp();
    const id = database.addRow({});
    await client.pages.update({ page_id: id, in_trash: true });
    expect(await client.pages.retrieve({ page_id: id })).toMatchObject({ in_trash: true });
    expect(await refusal(client.pages.update({ page_id: id, properties: {} }))).toBe(
      "400 validation_error: Can't edit block that is archived. You must unarchive the block before editing.",
    );
    expect(await refusal(client.pages.update({ page_id: id, in_trash: true }))).toBe('no refusal');
    await client.pages.update({ page_id: id, in_trash: false, properties: { Steps: { number: 1 } } });
    expect(database.row(id)).toMatchObject({ inTrash: false, values: { Steps: 1 } });
  });

  it('that was removed is not found', async () => {
    const { client, database } = await setUp();
    const id = database.addRow({});
    database.remove(id);
    expect(await refusal(client.pages.retrieve({ page_id: id }))).toContain('404 object_not_found');
    expect([...database.rows()]).toEqual([]);
  });
});
