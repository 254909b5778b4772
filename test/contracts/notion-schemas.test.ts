import { beforeAll, describe, expect, it } from 'vitest';
import { loadNotionContract } from './notion-schemas.ts';
import type { Exchange, NotionContract } from './notion-schemas.ts';
import {
  block,
  bot,
  comment,
  database,
  dataSource,
  exchange,
  id,
  list,
  page,
  text,
  time,
  upload,
  words,
} from './samples.ts';

const filter = { property: 'Status', status: { equals: 'Needs image' } };
const updatePage = (properties: object) => exchange(`PATCH pages/${id}`, { properties }, page);
const query = (body: object) => exchange(`POST data_sources/${id}/query`, body, list('page_or_data_source', page));
const append = (body: object) => exchange(`PATCH blocks/${id}/children`, body, list('block', block));
const readPage = (responseBody: object) => exchange(`GET pages/${id}`, undefined, responseBody);
const failure = (status: number, responseBody: unknown) => ({ ...readPage(page), status, responseBody });
const error = {
  object: 'error',
  status: 404,
  code: 'object_not_found',
  message: 'Could not find page.',
  request_id: id,
};

const oldPage = { ...page, archived: false };
const { is_archived: _archived, ...neverArchived } = database;
const { url: _url, ...withoutUrl } = page;
const { message: _message, ...wordless } = error;
const image = { type: 'image', image: { type: 'file_upload', file_upload: { id }, caption: [] } };

const good: [string, Exchange][] = [
  ['users.me', exchange('GET users/me', undefined, bot)],
  ['databases.retrieve', exchange(`GET databases/${id}`, undefined, database)],
  ['an object without is_archived', exchange(`GET databases/${id.replaceAll('-', '')}`, undefined, neverArchived)],
  [
    'databases.create',
    exchange(
      'POST databases',
      {
        parent: { type: 'page_id', page_id: id },
        title: [{ text: { content: 'Posts' } }],
        initial_data_source: { properties: { Name: { title: {} }, Status: { status: {} } } },
      },
      database,
    ),
  ],
  ['data_sources.retrieve', exchange(`GET data_sources/${id}`, undefined, dataSource)],
  ['data_sources.query', query({ filter: { and: [filter] }, page_size: 100, result_type: 'page' })],
  [
    'data_sources.query of some properties',
    { ...query({ page_size: 1 }), query: new URLSearchParams('filter_properties[]=a') },
  ],
  [
    'data_sources.update',
    exchange(
      `PATCH data_sources/${id}`,
      {
        properties: {
          Model: { select: { options: [{ name: 'flux', color: 'blue' }] } },
          Gone: null,
          Old: { name: 'New' },
        },
      },
      dataSource,
    ),
  ],
  [
    'data_sources.create',
    exchange(
      'POST data_sources',
      { parent: { type: 'database_id', database_id: id }, properties: { Name: { title: {} } } },
      dataSource,
    ),
  ],
  ['pages.retrieve', readPage(page)],
  ['pages.retrieve under the old version', { ...readPage(oldPage), notionVersion: '2025-09-03' }],
  [
    'pages.create',
    exchange(
      'POST pages',
      { parent: { data_source_id: id }, properties: { Name: { title: [{ text: { content: 'x' } }] } } },
      page,
    ),
  ],
  [
    'pages.update',
    updatePage({
      Status: { status: { name: 'Image ready' } },
      Model: { select: { name: 'flux' } },
      Provider: { select: null },
      Error: { rich_text: [] },
      Why: words('w'.repeat(2000)),
      'Generated at': { date: { start: time } },
      Image: { files: [{ type: 'file_upload', file_upload: { id }, name: 'a.png' }] },
    }),
  ],
  [
    'a property item',
    exchange(`GET pages/${id}/properties/a%3Ab`, undefined, {
      object: 'property_item',
      id: 'a',
      type: 'number',
      number: 1,
    }),
  ],
  [
    'a list of property items',
    exchange(`GET pages/${id}/properties/title?page_size=100`, undefined, {
      ...list('property_item', { object: 'property_item', id: 'title', type: 'title', title: text }),
      property_item: { id: 'title', next_url: null, type: 'title', title: {} },
    }),
  ],
  ['file_uploads.create', exchange('POST file_uploads', { filename: 'a.png', content_type: 'image/png' }, upload)],
  ['file_uploads.retrieve', exchange(`GET file_uploads/${id}`, undefined, upload)],
  [
    'file_uploads.list',
    exchange('GET file_uploads?status=uploaded&page_size=10', undefined, list('file_upload', upload)),
  ],
  ['file_uploads.send', exchange(`POST file_uploads/${id}/send`, undefined, upload)],
  ['file_uploads.complete', exchange(`POST file_uploads/${id}/complete`, undefined, upload)],
  ['blocks.children.list', exchange(`GET blocks/${id}/children?page_size=100`, undefined, list('block', block))],
  ['blocks.children.append', append({ children: [image], position: { type: 'end' } })],
  ['comments.create', exchange('POST comments', { parent: { page_id: id }, ...words('Done') }, comment)],
  ['search', exchange('POST search', { query: 'Posts', page_size: 10 }, list('page_or_data_source', dataSource))],
  ['an error', failure(404, error)],
  [
    'an error that the client does not know',
    failure(502, { ...error, status: 502, code: 'bad_gateway', additional_data: { a: 1 } }),
  ],
  ['a page of HTML from a gateway', failure(504, '<html>')],
];

const bad: [string, Exchange, string][] = [
  ['a route of its own', exchange('DELETE pages', undefined, page), 'DELETE /v1/pages: no such route'],
  ['an id that is none', exchange('GET pages/abc', undefined, page), 'request: page_id "abc" is not a uuid'],
  [
    'a version of its own',
    { ...readPage(page), notionVersion: '2022-06-28' },
    'request: Notion-Version is 2022-06-28, not 2025-09-03 or 2026-03-11',
  ],
  [
    'an unknown query key',
    exchange(`GET pages/${id}?fields=a`, undefined, page),
    'request: query.fields is not known there',
  ],
  [
    'a query key in the body',
    query({ page_size: 1, filter_properties: ['a'] }),
    'request: body.filter_properties is not known there',
  ],
  ['a body where none belongs', exchange(`GET pages/${id}`, {}, page), 'request: body must not be there'],
  ['a body that is no object', exchange(`PATCH pages/${id}`, [], page), 'request: body is not an object'],
  ['a list without a page size', query({}), 'request: body.page_size is missing'],
  ['a page size of 101', query({ page_size: 101 }), 'request: body.page_size is 101, not a whole number from 1 to 100'],
  [
    'a page size of none',
    exchange(`GET blocks/${id}/children?page_size=0`, undefined, list('block')),
    'request: query.page_size is 0, not a whole number from 1 to 100',
  ],
  [
    'archived',
    exchange(`PATCH pages/${id}`, { archived: true }, page),
    'request: body.archived is not taken under 2026-03-11',
  ],
  ['after', append({ children: [image], after: id }), 'request: body.after is not taken under 2026-03-11'],
  [
    'in_trash in a query',
    query({ page_size: 1, in_trash: true }),
    'request: body.in_trash is not taken under 2026-03-11',
  ],
  [
    'a value of the wrong type',
    updatePage({ S: { status: { name: 5 } } }),
    'request: body.properties.S.status.name is number, not string',
  ],
  [
    'two types in one value',
    updatePage({ S: { status: { name: 'a' }, select: null } }),
    'request: body.properties.S.status is not known there',
  ],
  [
    'a read-only value',
    updatePage({ 'It is': { formula: {} } }),
    'request: body.properties["It is"] has formula, but none of title, rich_text, ',
  ],
  ['a value that is no object', updatePage({ S: 'Failed' }), 'request: body.properties.S is string, not object'],
  [
    'a file without its upload',
    updatePage({ I: { files: [{ type: 'file_upload', name: 'a' }] } }),
    'request: body.properties.I.files[0].file_upload is missing',
  ],
  [
    'a wrong filter operator',
    query({ page_size: 1, filter: { property: 'I', files: { equals: 'a' } } }),
    'request: body.filter.files has equals, but none of is_empty or is_not_empty',
  ],
  [
    'a sort without its direction',
    query({ page_size: 1, sorts: [{ property: 'a' }] }),
    'request: body.sorts[0].direction is missing',
  ],
  [
    'an unknown upload mode',
    exchange('POST file_uploads', { mode: 'parts' }, upload),
    'request: body.mode is "parts", not "single_part", "multi_part" or "external_url"',
  ],
  ['a comment on nothing', exchange('POST comments', words('a'), comment), 'request: body has rich_text, but none of '],
  ['an answer with archived', readPage(oldPage), 'response: body.archived is not known there'],
  [
    'an old answer without archived',
    { ...readPage(page), notionVersion: '2025-09-03' },
    'response: body.archived is missing',
  ],
  ['an answer without a key', readPage(withoutUrl), 'response: body.url is missing'],
  [
    'a status without its colour',
    readPage({ ...page, properties: { S: { id: 'a', type: 'status', status: { id: 'b', name: 'c' } } } }),
    'response: body.properties.S.status.color is missing',
  ],
  [
    'a row with an unknown key',
    { ...query({ page_size: 1 }), responseBody: list('page_or_data_source', { ...page, extra: 1 }) },
    'response: body.results[0].extra is not known there',
  ],
  [
    'a page in the place of a database',
    exchange(`GET databases/${id}`, undefined, page),
    'response: body.object is "page", not "database"',
  ],
  [
    'a list of the wrong kind',
    { ...query({ page_size: 1 }), responseBody: list('block') },
    'response: body.type is "block", not "page_or_data_source"',
  ],
  [
    'more rows without a cursor',
    { ...query({ page_size: 1 }), responseBody: { ...list('page_or_data_source'), has_more: true } },
    'response: body.has_more and body.next_cursor contradict each other',
  ],
  [
    'a request id that is none',
    { ...readPage(page), responseBody: { ...page, request_id: 1 } },
    'response: body.request_id is not a string',
  ],
  ['an answer that is no JSON', { ...readPage(page), responseBody: '<html>' }, 'response: body is not an object'],
  ['a success of its own', { ...readPage(page), status: 204 }, 'response: status is 204, not 200'],
  ['an unknown error code', failure(404, { ...error, code: 'gone' }), 'response: body.code: '],
  ['an error that contradicts its status', failure(400, error), "response: body.status is 404, the answer's is 400"],
  ['an error without words', failure(404, wordless), 'response: body.message: '],
  ['an error with more to say', failure(404, { ...error, hint: 'a' }), 'response: body: Unrecognized key: "hint"'],
  ['HTML where JSON belongs', failure(404, '<html>'), 'response: body: '],
];

describe('the Notion contract', () => {
  let contract: NotionContract;
  beforeAll(async () => {
    contract = await loadNotionContract();
  });

  it.each(good)('finds nothing wrong with %s', (_, exchange) => {
    expect(contract.check(exchange)).toEqual([]);
  });

  it.each(bad)('tells of %s and of nothing else', (_, exchange, problem) => {
    const problems = contract.check(exchange);
    expect(problems).toEqual([expect.stringContaining(problem)]);
  });

  it('names the route and the side', () => {
    expect(contract.check(updatePage({ S: { status: null } }))).toEqual([
      'PATCH /v1/pages/{page_id} request: body.properties.S.status is null, which does not empty it',
    ]);
  });

  it('takes the type for what was meant where a value contradicts it', () => {
    expect(contract.check(updatePage({ S: { type: 'select', status: { name: 'a' } } }))).toEqual([
      expect.stringContaining('request: body.properties.S.select is missing'),
      expect.stringContaining('request: body.properties.S.status is not known there'),
    ]);
  });

  it('tells of a missing version', () => {
    const { notionVersion: _, ...unversioned } = readPage(page);
    expect(contract.check(unversioned)).toEqual([
      'GET /v1/pages/{page_id} request: Notion-Version is undefined, not 2025-09-03 or 2026-03-11',
    ]);
  });
});
