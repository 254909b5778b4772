import type { UpdateDataSourceParameters } from '@notionhq/client';
import { describe, expect, it } from 'vitest';
import { at, refusal, setUp } from '../../support/emulators/setup.ts';

async function source() {
  const setup = await setUp();
  const id = { data_source_id: setup.database.dataSourceId };
  const update = (properties: NonNullable<UpdateDataSourceParameters['properties']>) =>
    setup.client.dataSources.update({ ...id, properties });
  const status = async () => at(await setup.client.dataSources.retrieve(id), 'properties', 'Status', 'status');
  const names = async () => {
    const options = at(await status(), 'options');
    return Array.isArray(options) ? options.map((option) => at(option, 'name')) : [];
  };
  return { ...setup, update, status, names };
}

describe('a table', () => {
  it('gains, renames and loses columns', async () => {
    const { client, update, database } = await source();
    const row = database.addRow({ Steps: 4 });
    const before = await client.dataSources.retrieve({ data_source_id: database.dataSourceId });
    const stepsId = before.properties['Steps']?.id ?? '';
    const after = await update({ Cost: { number: { format: 'dollar' } }, Steps: { name: 'Rounds' }, Link: null });
    expect(after.properties).toMatchObject({ Cost: { number: { format: 'dollar' } }, Rounds: { id: stepsId } });
    expect(after.properties).not.toHaveProperty('Link');
    expect(database.row(row).values).toMatchObject({ Rounds: 4, Cost: null });
  });

  it('keeps its title column', async () => {
    const { update } = await source();
    expect(await refusal(update({ Name: null }))).toContain('Cannot delete the title property');
    expect(await refusal(update({ Name: { rich_text: {} } }))).toContain('Cannot change the type of the title');
    expect(await refusal(update({ Steps: { title: {} } }))).toContain('Cannot change the type of the title');
    expect(await refusal(update({ Second: { title: {} } }))).toContain('Cannot create a second title');
  });

  it('leaves everything as it was when one change is refused', async () => {
    const { call, update, client, database } = await source();
    const before = await client.dataSources.retrieve({ data_source_id: database.dataSourceId });
    expect(await refusal(update({ New: { number: {} }, Nothing: { name: 'x' } }))).toContain(
      'Nothing is not a property',
    );
    expect(await refusal(update({ Nothing: null }))).toContain('Nothing is not a property');
    expect(await refusal(update({ Steps: { name: 'Done' } }))).toContain('two properties named Done');
    const empty = await call('PATCH', `/data_sources/${database.dataSourceId}`, { properties: { Steps: {} } });
    expect(at(await empty.json(), 'message')).toContain('Fix one');
    const after = await client.dataSources.retrieve({ data_source_id: database.dataSourceId });
    expect(after.properties).toEqual(before.properties);
  });

  it('empties a column whose type changes', async () => {
    const { update, database } = await source();
    const row = database.addRow({ Steps: 4 });
    await update({ Steps: { rich_text: {} } });
    expect(database.row(row).values).toMatchObject({ Steps: '' });
  });
});

describe('options', () => {
  it('of a status land in To-do when they are new', async () => {
    const { update, status, names } = await source();
    const before = at(await status(), 'options');
    const kept = Array.isArray(before) ? before.map((option) => ({ id: String(at(option, 'id')) })) : [];
    await update({ Status: { status: { options: [...kept, { name: 'Approved' }] } } });
    expect(await names()).toEqual(['Needs image', 'Generating', 'Image ready', 'Approved']);
    const groups = at(await status(), 'groups');
    expect(groups).toMatchObject([{ name: 'To-do' }, { name: 'In progress' }, { name: 'Complete' }]);
    expect(at(groups, 0, 'option_ids')).toHaveLength(4);
  });

  it('that are not named are gone, and rows that held them fall back', async () => {
    const { update, database, names } = await source();
    const row = database.addRow({ Status: 'Generating', Model: 'flux' });
    await update({
      Status: { status: { options: [{ name: 'Needs image' }] } },
      Model: { select: { options: [{ name: 'sd', color: 'red' }] } },
    });
    expect(await names()).toEqual(['Needs image']);
    expect(database.row(row).values).toMatchObject({ Status: 'Needs image', Model: null });
  });

  it('stay as they are when none are given', async () => {
    const { update, names } = await source();
    await update({ Status: { status: {} } });
    expect(await names()).toHaveLength(3);
  });

  it.each([
    [[{ name: 'Needs image', color: 'red' as const }], 'Cannot update color of option "Needs image"'],
    [[{ name: 'a,b' }], 'commas not allowed'],
    [[{ name: 'a' }, { name: 'a' }], 'Options should be unique, "a" is not.'],
    [[{ id: 'none' }], 'Option with ID "none" does not exist.'],
    [[], 'needs at least one option'],
  ])('are refused: %j', async (options, message) => {
    const { update } = await source();
    expect(await refusal(update({ Status: { status: { options } } }))).toContain(message);
  });

  it('cannot be renamed', async () => {
    const { update, status } = await source();
    const id = String(at(await status(), 'options', 0, 'id'));
    expect(await refusal(update({ Status: { status: { options: [{ id, name: 'New' }] } } }))).toContain(
      'Cannot update name',
    );
  });
});

describe('a new database', () => {
  it('has the columns asked for, and the three usual states when none are named', async () => {
    const { board, client } = await setUp();
    const made = await client.databases.create({
      parent: { type: 'page_id', page_id: board.rootPageId },
      title: [{ text: { content: 'Posts' } }],
      initial_data_source: { properties: { Name: { title: {} }, Status: { status: {} } } },
    });
    const id = String(at(made, 'data_sources', 0, 'id'));
    expect(made).toMatchObject({ title: [{ plain_text: 'Posts' }], data_sources: [{ name: 'Posts' }] });
    const { properties } = await client.dataSources.retrieve({ data_source_id: id });
    expect(properties).toMatchObject({
      Status: {
        status: {
          options: [{ name: 'Not started' }, { name: 'In progress' }, { name: 'Done' }],
          groups: [{ name: 'To-do' }, { name: 'In progress' }, { name: 'Complete' }],
        },
      },
    });
    for (const index of [0, 1, 2]) {
      const option = at(properties, 'Status', 'status', 'options', index, 'id');
      expect(at(properties, 'Status', 'status', 'groups', index, 'option_ids')).toEqual([option]);
    }
    const page = await client.pages.create({ parent: { data_source_id: id } });
    expect(at(page, 'properties', 'Status', 'status', 'name')).toBe('Not started');
  });

  it('needs a title column, known types and a page to stand under', async () => {
    const { board, client, call, database } = await setUp();
    const create = (parent: unknown, properties: unknown) =>
      call('POST', '/databases', { parent, initial_data_source: { properties } }).then((answer) => answer.json());
    const root = { type: 'page_id', page_id: board.rootPageId };
    expect(at(await create(root, { A: { number: {} } }), 'message')).toContain('Title is not provided');
    expect(at(await create(root, { A: { title: {} }, B: { title: {} } }), 'message')).toContain('more than one title');
    expect(at(await create(root, { A: { formula: {} } }), 'message')).toContain('A.formula should be not present');
    expect(at(await create({ type: 'workspace' }, {}), 'message')).toContain('body.parent.type should be');
    expect(at(await create({ ...root, page_id: database.id }, { A: { title: {} } }), 'code')).toBe('object_not_found');
    const made = await client.databases.create({ parent: { type: 'page_id', page_id: board.rootPageId } });
    expect(at(made, 'data_sources')).toHaveLength(1);
  });
});
