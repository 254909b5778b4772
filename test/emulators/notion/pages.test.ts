import { describe, expect, it } from 'vitest';
import { at, refusal, setUp, upload } from '../../support/emulators/setup.ts';

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
    expect(at(after, 'properties', 'Edited by', 'last_edited_by', 'id')).toBe(bot);
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

  it('takes an icon, a cover and a lock, and gives the first two up for null', async () => {
    const { client, database } = await setUp();
    const id = database.addRow({});
    const uploadId = await upload(client);
    const dressed = await client.pages.update({
      page_id: id,
      icon: { emoji: '🎨' },
      cover: { type: 'file_upload', file_upload: { id: uploadId } },
      is_locked: true,
    });
    expect(dressed).toMatchObject({ icon: { emoji: '🎨' }, cover: { type: 'file' }, is_locked: true });
    expect((await fetch(String(at(dressed, 'cover', 'file', 'url')))).status).toBe(200);
    expect(await client.pages.update({ page_id: id, icon: null, cover: null })).toMatchObject({
      icon: null,
      cover: null,
    });
  });

  it('numbers itself where the table has a unique id', async () => {
    const { client, database } = await setUp();
    database.addRow({});
    const page = await client.pages.create({ parent: { data_source_id: database.dataSourceId } });
    expect(at(page, 'properties', 'Number', 'unique_id')).toEqual({ prefix: 'P', number: 2 });
  });

  it('is made under a page as well, and under a database that has one table', async () => {
    const { board, client, database } = await setUp();
    const title = { title: [{ text: { content: 'Child' } }] };
    const child = await client.pages.create({ parent: { page_id: board.rootPageId }, properties: { title } });
    expect(child).toMatchObject({ parent: { type: 'page_id', page_id: board.rootPageId } });
    const row = await client.pages.create({ parent: { database_id: database.id }, properties: { Name: title } });
    expect(row).toMatchObject({ parent: { data_source_id: database.dataSourceId } });
    database.addDataSource('Second', { Name: { title: {} } });
    expect(await refusal(client.pages.create({ parent: { database_id: database.id }, properties: {} }))).toContain(
      'Databases with multiple data sources',
    );
  });

  it('gets a 409 for the second of two writes that overlap', async () => {
    const { board, client, database, clock } = await setUp({ conflictOnOverlap: true });
    const id = database.addRow({});
    const write = () => refusal(client.pages.update({ page_id: id, properties: { Steps: { number: 1 } } }));
    const gate = { open: false };
    clock.sleep = async () => {
      while (!gate.open) await new Promise(setImmediate);
    };
    board.options.latencyMs = 1;
    const first = write();
    while (board.count('pages.update') < 1) await new Promise(setImmediate);
    const second = write();
    while (board.count('pages.update') < 2) await new Promise(setImmediate);
    gate.open = true;
    expect(await Promise.all([first, second])).toEqual([
      'no refusal',
      '409 conflict_error: Conflict occurred while saving. Please try again.',
    ]);
    expect(await write()).toBe('no refusal');
  });
});

describe('a single property of a page', () => {
  it('is a list for text, in pages', async () => {
    const { client, database } = await setUp();
    const rich = ['a', 'b', 'c'].map((content) => ({ text: { content } }));
    const id = database.addRow({ Prompt: { rich_text: rich } });
    const first = await client.pages.properties.retrieve({ page_id: id, property_id: 'Prompt', page_size: 2 });
    expect(first).toMatchObject({
      object: 'list',
      has_more: true,
      results: [{ rich_text: { plain_text: 'a' } }, { rich_text: { plain_text: 'b' } }],
    });
    const cursor = String(at(first, 'next_cursor'));
    const rest = await client.pages.properties.retrieve({ page_id: id, property_id: 'Prompt', start_cursor: cursor });
    expect(rest).toMatchObject({ has_more: false, results: [{ rich_text: { plain_text: 'c' } }] });
    const wrong = client.pages.properties.retrieve({ page_id: id, property_id: 'Prompt', start_cursor: 'x' });
    expect(await refusal(wrong)).toContain('The start_cursor provided is invalid');
  });

  it('is one item for the rest, found by id', async () => {
    const { client, database } = await setUp();
    const id = database.addRow({ Steps: 4 });
    const source = await client.dataSources.retrieve({ data_source_id: database.dataSourceId });
    const property_id = source.properties['Steps']?.id ?? '';
    expect(await client.pages.properties.retrieve({ page_id: id, property_id })).toMatchObject({
      object: 'property_item',
      id: property_id,
      number: 4,
    });
    expect(await refusal(client.pages.properties.retrieve({ page_id: id, property_id: 'Nothing' }))).toContain(
      'Could not find property with name or id: Nothing',
    );
    expect(await refusal(client.pages.properties.retrieve({ page_id: id, property_id: '%E0' }))).toContain(
      'Could not find',
    );
  });
});
