import { collectAllDataSourceRows, type QueryDataSourceParameters } from '@notionhq/client';
import { describe, expect, it } from 'vitest';
import { at, refusal, setUp } from '../../support/emulators/setup.ts';

type Query = Omit<QueryDataSourceParameters, 'data_source_id'>;

async function table(rows: Record<string, unknown>[], options = {}) {
  const setup = await setUp(options);
  const { client, clock, database } = setup;
  const ids = rows.map((values) => {
    clock.advance(60_000);
    return database.addRow(values);
  });
  const query = (body: Query = {}) => client.dataSources.query({ data_source_id: database.dataSourceId, ...body });
  /** The rows found, by their place among those added. */
  const found = async (body: Query = {}) => (await query(body)).results.map((row) => ids.indexOf(row.id));
  const filtered = async (filter: unknown) => {
    const answer = await setup.call('POST', `/data_sources/${database.dataSourceId}/query`, {
      filter,
      sorts: [{ timestamp: 'created_time', direction: 'ascending' }],
    });
    const body: unknown = await answer.json();
    const results = at(body, 'results');
    return Array.isArray(results) ? results.map((row) => ids.indexOf(String(at(row, 'id')))) : at(body, 'message');
  };
  return { ...setup, ids, query, found, filtered };
}

const posts = [
  { Name: 'Alpha', Status: 'Needs image', Steps: 1, Done: true, Due: '2026-11-20', Model: 'flux', Tags: ['a'] },
  {
    Name: 'Beta',
    Status: 'Generating',
    Steps: 5,
    Link: 'https://e.com',
    Due: '2026-11-21T15:00:00Z',
    Tags: ['a', 'b'],
  },
  { Name: 'Gamma ray', Status: 'Image ready', Image: [{ name: 'x', url: 'https://e.com/x.png' }], Due: '2026-12-15' },
];
const at10 = Date.UTC(2026, 10, 21, 10);

describe('a filter', () => {
  it.each<[unknown, number[]]>([
    [{ property: 'Status', status: { equals: 'Generating' } }, [1]],
    [{ property: 'Status', status: { equals: ['Generating', 'Image ready'] } }, [1, 2]],
    [{ property: 'Status', status: { does_not_equal: 'Generating' } }, [0, 2]],
    [{ property: 'Status', status: { does_not_equal: ['Generating', 'Image ready'] } }, [0]],
    [{ property: 'Status', status: { is_empty: true } }, []],
    [{ property: 'Model', select: { equals: 'flux' } }, [0]],
    [{ property: 'Model', select: { does_not_equal: 'flux' } }, [1, 2]],
    [{ property: 'Model', select: { is_empty: true } }, [1, 2]],
    [{ property: 'Model', select: { is_not_empty: true } }, [0]],
    [{ property: 'Tags', multi_select: { contains: 'b' } }, [1]],
    [{ property: 'Tags', multi_select: { does_not_contain: 'b' } }, [0, 2]],
    [{ property: 'Tags', multi_select: { is_empty: true } }, [2]],
    [{ property: 'Tags', multi_select: { is_not_empty: true } }, [0, 1]],
    [{ property: 'Image', files: { is_empty: true } }, [0, 1]],
    [{ property: 'Image', files: { is_not_empty: true } }, [2]],
    [{ property: 'Done', checkbox: { equals: true } }, [0]],
    [{ property: 'Done', checkbox: { does_not_equal: true } }, [1, 2]],
    [{ property: 'Name', title: { equals: 'Beta' } }, [1]],
    [{ property: 'Name', title: { does_not_equal: 'Beta' } }, [0, 2]],
    [{ property: 'Name', title: { contains: 'RAY' } }, [2]],
    [{ property: 'Name', title: { does_not_contain: 'a r' } }, [0, 1]],
    [{ property: 'Name', title: { starts_with: 'al' } }, [0]],
    [{ property: 'Name', title: { ends_with: 'ta' } }, [1]],
    [{ property: 'Prompt', rich_text: { is_empty: true } }, [0, 1, 2]],
    [{ property: 'Link', url: { is_not_empty: true } }, [1]],
    [{ property: 'Steps', number: { equals: 5 } }, [1]],
    [{ property: 'Steps', number: { does_not_equal: 5 } }, [0, 2]],
    [{ property: 'Steps', number: { greater_than: 1 } }, [1]],
    [{ property: 'Steps', number: { less_than: 5 } }, [0]],
    [{ property: 'Steps', number: { greater_than_or_equal_to: 1 } }, [0, 1]],
    [{ property: 'Steps', number: { less_than_or_equal_to: 1 } }, [0]],
    [{ property: 'Steps', number: { is_empty: true } }, [2]],
    [{ property: 'Due', date: { equals: '2026-11-21' } }, [1]],
    [{ property: 'Due', date: { before: '2026-11-21' } }, [0]],
    [{ property: 'Due', date: { on_or_before: '2026-11-21' } }, [0, 1]],
    [{ property: 'Due', date: { after: '2026-11-21' } }, [2]],
    [{ property: 'Due', date: { on_or_after: '2026-11-21T15:00:00Z' } }, [1, 2]],
    [{ property: 'Due', date: { is_not_empty: true } }, [0, 1, 2]],
    [{ property: 'Due', date: { is_empty: true } }, []],
    [{ timestamp: 'created_time', created_time: { after: new Date(at10 + 60_000).toISOString() } }, [1, 2]],
    [{ timestamp: 'last_edited_time', last_edited_time: { equals: '2026-11-21' } }, [0, 1, 2]],
    [
      {
        and: [
          { property: 'Image', files: { is_empty: true } },
          {
            or: [
              { property: 'Steps', number: { equals: 5 } },
              { property: 'Name', title: { equals: 'Gamma ray' } },
            ],
          },
        ],
      },
      [1],
    ],
    [
      {
        or: [
          { property: 'Steps', number: { equals: 1 } },
          { property: 'Steps', number: { is_empty: true } },
        ],
      },
      [0, 2],
    ],
  ])('%j finds its rows', async (filter, expected) => {
    const { filtered } = await table(posts);
    expect(await filtered(filter)).toEqual(expected);
  });

  const leaf = { property: 'Steps', number: { equals: 1 } };
  it.each([
    [{ property: 'Nothing', number: { equals: 1 } }, 'Could not find property with name or id: Nothing'],
    [{ property: 'Steps', title: { equals: 'x' } }, 'database property number does not match filter title'],
    [
      { property: 'Steps', number: { equals: 'x' } },
      'body failed validation: body.filter.number.equals should be a number, instead was `"x"`.',
    ],
    [
      { property: 'Steps', number: { equals: 1, less_than: 2 } },
      'body failed validation: body.filter.number.less_than should be not present, instead was `2`.',
    ],
    [
      { property: 'Image', files: { contains: 'x' } },
      'body failed validation. Fix one:\nbody.filter.files.contains should be not present, instead was `"x"`.\nbody.filter.files.is_empty should be defined, instead was `undefined`.\nbody.filter.files.is_not_empty should be defined, instead was `undefined`.',
    ],
    [
      { property: 'Image', files: { is_empty: false } },
      'body failed validation: body.filter.files.is_empty should be `true`, instead was `false`.',
    ],
    [
      { property: 'Due', date: { equals: 'soon' } },
      'body failed validation: body.filter.date.equals should be a valid ISO 8601 date string, instead was `"soon"`.',
    ],
    [{ property: 'Status', status: { equals: 'Lost' } }, 'status option "Lost" not found for property "Status".'],
    [
      { number: { equals: 1 } },
      'body failed validation: body.filter.property should be defined, instead was `undefined`.',
    ],
    [{ ...leaf, title: { equals: 'x' } }, 'body failed validation: body.filter.title should be not present.'],
    [{ and: [leaf], or: [leaf] }, 'body failed validation: body.filter.or should be not present.'],
    [{ and: [leaf], property: 'Steps' }, 'body failed validation: body.filter.property should be not present.'],
    [
      { and: [{ or: [{ and: [leaf] }] }] },
      'body failed validation: body.filter.and[0].or[0].and should be nested at most two levels deep.',
    ],
    [
      { and: [{ or: [leaf, 5] }] },
      'body failed validation: body.filter.and[0].or[1] should be an object, instead was `5`.',
    ],
  ])('%j is refused', async (filter, message) => {
    const { filtered } = await table([]);
    expect(await filtered(filter)).toBe(message);
  });

  it('takes the id of a column', async () => {
    const { client, database, found } = await table(posts);
    const source = await client.dataSources.retrieve({ data_source_id: database.dataSourceId });
    const property = source.properties['Steps']?.id ?? '';
    expect(await found({ filter: { property, number: { equals: 5 } } })).toEqual([1]);
  });
});

describe('a query', () => {
  it('leaves out what is in the trash', async () => {
    const { database, found, ids } = await table(posts);
    database.trash(ids[0] ?? '');
    expect(await found()).toEqual([2, 1]);
  });

  it('takes no in_trash', async () => {
    const { query } = await table([]);
    expect(await refusal(query({ in_trash: true }))).toContain('body.in_trash should be not present');
  });

  it.each<[NonNullable<Query['sorts']>, number[]]>([
    [[{ timestamp: 'created_time', direction: 'ascending' }], [0, 1, 2, 3]],
    [[{ timestamp: 'last_edited_time', direction: 'descending' }], [3, 2, 1, 0]],
    [[{ property: 'Steps', direction: 'descending' }], [1, 0, 2, 3]],
    [[{ property: 'Steps', direction: 'ascending' }], [0, 1, 2, 3]],
    [[{ property: 'Status', direction: 'descending' }], [2, 1, 0, 3]],
    [[{ property: 'Name', direction: 'descending' }], [2, 1, 0, 3]],
    [
      [
        { property: 'Done', direction: 'ascending' },
        { property: 'Due', direction: 'descending' },
      ],
      [2, 1, 3, 0],
    ],
    [[{ property: 'Tags', direction: 'descending' }], [1, 0, 2, 3]],
    [[{ property: 'Image', direction: 'descending' }], [2, 0, 1, 3]],
  ])('is sorted by %j', async (sorts, expected) => {
    const { found, database, ids } = await table([...posts, {}]);
    database.edit(ids[3] ?? '', { Status: null });
    expect(await found({ sorts })).toEqual(expected);
  });

  it('is refused when it sorts by a column that is not there', async () => {
    const { query } = await table([]);
    expect(await refusal(query({ sorts: [{ property: 'Nothing', direction: 'ascending' }] }))).toBe(
      '400 validation_error: Could not find sort property with name or id: Nothing',
    );
  });

  it('keeps to the page size, from 1 to 100', async () => {
    const { query } = await table(Array.from({ length: 101 }, () => ({})));
    expect((await query()).results).toHaveLength(100);
    expect(await query({ page_size: 1 })).toMatchObject({ has_more: true });
    expect(await refusal(query({ page_size: 101 }))).toBe(
      '400 validation_error: body failed validation: body.page_size should be ≤ `100`, instead was `101`.',
    );
    expect(await refusal(query({ page_size: 0 }))).toContain('should be ≥ `1`, instead was `0`');
  });

  it('goes on at the cursor, also when rows have left the filter meanwhile', async () => {
    const { query, database, ids } = await table(Array.from({ length: 5 }, (_, Steps) => ({ Steps })));
    const body: Query = {
      filter: { property: 'Done', checkbox: { equals: false } },
      sorts: [{ timestamp: 'created_time', direction: 'ascending' }],
      page_size: 2,
    };
    const first = await query(body);
    expect(first.results.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    database.edit(ids[0] ?? '', { Done: true });
    database.edit(ids[2] ?? '', { Done: true });
    const second = await query({ ...body, start_cursor: first.next_cursor });
    expect(second.results.map(({ id }) => id)).toEqual(ids.slice(3));
    expect(second).toMatchObject({ has_more: false, next_cursor: null });
  });

  it('is refused with a cursor that leads nowhere', async () => {
    const { query, database } = await table([]);
    expect(await refusal(query({ start_cursor: 'x' }))).toContain('body.start_cursor should be a valid uuid');
    expect(await refusal(query({ start_cursor: database.id }))).toContain('The start_cursor provided is invalid');
  });

  it('ends at the cap, and says so', async () => {
    const { query, client, database, board } = await table(Array.from({ length: 7 }, () => ({})));
    board.options.queryCap = 5;
    const first = await query({ page_size: 3 });
    expect(first).not.toHaveProperty('request_status');
    const last = await query({ page_size: 3, start_cursor: first.next_cursor });
    expect(last).toMatchObject({
      has_more: false,
      next_cursor: null,
      request_status: { type: 'incomplete', incomplete_reason: 'query_result_limit_reached' },
    });
    expect(last.results).toHaveLength(2);
    const all = await collectAllDataSourceRows(client, { data_source_id: database.dataSourceId });
    expect(all).toHaveLength(7);
  });

  it('cuts the rows down to the columns asked for', async () => {
    const { query } = await table(posts);
    const { results } = await query({ filter_properties: ['title', 'Steps'] });
    expect(Object.keys(Object(at(results, 0, 'properties')))).toEqual(['Name', 'Steps']);
    expect(await refusal(query({ filter_properties: ['Nothing'] }))).toContain('Could not find property');
  });

  it('has no rows when data sources are asked for', async () => {
    const { found } = await table(posts);
    expect(await found({ result_type: 'data_source' })).toEqual([]);
  });

  it('sees only the rows of its own data source', async () => {
    const { client, database } = await table(posts);
    const other = database.addDataSource('Other', { Name: { title: {} } });
    expect((await client.dataSources.query({ data_source_id: other })).results).toEqual([]);
  });
});

describe('a stale query', () => {
  const stale = { staleQueryMs: 30_000 };
  const waiting: Query = { filter: { property: 'Status', status: { equals: 'Needs image' } } };

  it('answers with the rows as they were', async () => {
    const { database, found, query, clock, ids } = await table([{ Name: 'Old' }], stale);
    clock.advance(60_000);
    database.edit(ids[0] ?? '', { Status: 'Generating', Name: 'New' });
    clock.advance(29_999);
    expect(await found(waiting)).toEqual([0]);
    expect(at((await query()).results, 0, 'properties', 'Name', 'title', 0, 'plain_text')).toBe('Old');
    clock.advance(1);
    expect(await found(waiting)).toEqual([]);
  });

  it('does not see a row that is too new', async () => {
    const { found, clock } = await table([{}], stale);
    expect(await found()).toEqual([]);
    clock.advance(30_000);
    expect(await found()).toEqual([0]);
  });

  it('does not concern a row that is read by itself', async () => {
    const { client, database, clock, ids } = await table([{}], stale);
    clock.advance(60_000);
    const [id = ''] = ids;
    database.edit(id, { Steps: 3 });
    expect(at(await client.pages.retrieve({ page_id: id }), 'properties', 'Steps', 'number')).toBe(3);
  });

  it('keeps no more of the past than it needs', async () => {
    const { database, found, clock, ids } = await table([{}], stale);
    const [id = ''] = ids;
    for (const Steps of [1, 2, 3, 4, 5, 6]) {
      clock.advance(20_000);
      database.edit(id, { Steps });
    }
    expect(await found({ filter: { property: 'Steps', number: { equals: 4 } } })).toEqual([0]);
  });
});
