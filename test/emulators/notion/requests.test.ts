import { describe, expect, it } from 'vitest';
import { at, refusal, setUp } from '../../support/emulators/setup.ts';

const pages = { property: 'object', value: 'page' } as const;

describe('a request to the embedded board', () => {
  it('needs the token', async () => {
    const { call } = await setUp();
    const answer = await call('GET', '/users/me', undefined, { authorization: 'Bearer ntn_other' });
    expect(answer.status).toBe(401);
    expect(await answer.json()).toMatchObject({
      object: 'error',
      code: 'unauthorized',
      message: 'API token is invalid.',
    });
  });

  it('needs a version', async () => {
    const { board } = await setUp();
    const answer = await fetch(`${board.url}/v1/users/me`, { headers: { authorization: `Bearer ${board.token}` } });
    expect([answer.status, at(await answer.json(), 'code')]).toEqual([400, 'missing_version']);
  });

  it('is refused in a version that is not served', async () => {
    const { call, database } = await setUp();
    const old = { 'notion-version': '2022-06-28' };
    const me = await call('GET', '/users/me', undefined, old);
    expect([me.status, at(await me.json(), 'code')]).toEqual([400, 'validation_error']);
    const source = await call('GET', `/data_sources/${database.dataSourceId}`, undefined, old);
    expect([source.status, at(await source.json(), 'code')]).toEqual([400, 'invalid_request_url']);
  });

  it('carries a request id in body and header, and the date of the board', async () => {
    const { board, call } = await setUp();
    board.options.clockSkewMs = 3_600_000;
    const answer = await call('GET', '/users/me');
    expect(answer.headers.get('x-notion-request-id')).toBe(at(await answer.json(), 'request_id'));
    expect(answer.headers.get('date')).toBe('Sat, 21 Nov 2026 11:00:00 GMT');
  });

  it('is told of an unknown path or method', async () => {
    const { call } = await setUp();
    for (const [method, path] of [
      ['GET', '/nothing'],
      ['DELETE', '/users/me'],
      ['GET', '/users/me/more'],
    ] as const) {
      const answer = await call(method, path);
      expect([answer.status, at(await answer.json(), 'code')]).toEqual([400, 'invalid_request_url']);
    }
  });

  it('is told of a body that is no JSON', async () => {
    const { call } = await setUp();
    const answer = await call('POST', '/search', '{');
    expect(await answer.json()).toMatchObject({
      status: 400,
      code: 'invalid_json',
      message: 'Error parsing JSON body.',
    });
  });

  it('is refused above 500 KB of JSON', async () => {
    const { call } = await setUp();
    const answer = await call('POST', '/search', { query: 'x'.repeat(600_000) });
    expect(await answer.json()).toMatchObject({ status: 400, code: 'validation_error' });
  });

  it('is told of fields and query parameters that do not exist', async () => {
    const { call, database } = await setUp();
    const body = await call('POST', '/search', { filter: pages, wrong: 1 });
    expect(at(await body.json(), 'message')).toBe(
      'body failed validation: body.wrong should be not present, instead was `1`.',
    );
    const query = await call('GET', `/pages/${database.addRow({})}?wrong=1`);
    expect(at(await query.json(), 'message')).toContain('query.wrong should be not present');
  });

  it('takes ids without dashes and in capitals, and answers with dashes', async () => {
    const { client, database } = await setUp();
    const id = database.addRow({});
    const page = await client.pages.retrieve({ page_id: id.replaceAll('-', '').toUpperCase() });
    expect(page.id).toBe(id);
  });

  it('is told of an id that is none, and of one that leads nowhere', async () => {
    const { client, board } = await setUp({ connectionName: 'Painter' });
    expect(await refusal(client.pages.retrieve({ page_id: 'abc' }))).toBe(
      '400 validation_error: path failed validation: path.page_id should be a valid uuid, instead was `"abc"`.',
    );
    const missing = board.rootPageId.replace(/^.{8}/, '00000000');
    expect(await refusal(client.pages.retrieve({ page_id: missing }))).toBe(
      `404 object_not_found: Could not find page with ID: ${missing}. Make sure the relevant pages and databases are shared with your integration "Painter".`,
    );
    expect(await refusal(client.dataSources.retrieve({ data_source_id: missing }))).toContain(
      'Could not find data source',
    );
  });

  it('finds nothing that is not shared, but knows itself', async () => {
    const { board, client, database } = await setUp();
    const row = database.addRow({});
    board.options.shared = false;
    for (const work of [
      () => client.databases.retrieve({ database_id: database.id }),
      () => client.dataSources.query({ data_source_id: database.dataSourceId }),
      () => client.pages.update({ page_id: row, properties: {} }),
    ]) {
      expect(await refusal(work())).toContain('404 object_not_found');
    }
    expect((await client.search({ filter: pages })).results).toEqual([]);
    expect(await client.users.me({})).toMatchObject({ type: 'bot' });
  });

  it('needs the capability', async () => {
    const { board, client, database } = await setUp();
    const row = database.addRow({});
    const source = { data_source_id: database.dataSourceId };
    const forbidden = '403 restricted_resource: Insufficient permissions for this endpoint.';
    board.options.capabilities = { readContent: false, insertContent: false };
    expect(await refusal(client.pages.retrieve({ page_id: row }))).toBe(forbidden);
    expect(await refusal(client.pages.create({ parent: source, properties: {} }))).toBe(forbidden);
    expect(await refusal(client.dataSources.update({ ...source, properties: {} }))).toBe(forbidden);
    expect(await refusal(client.pages.update({ page_id: row, properties: {} }))).toBe('no refusal');
    expect(await refusal(client.fileUploads.create({ filename: 'a.png' }))).toBe('no refusal');
    board.options.capabilities = { updateContent: false, insertContent: false };
    expect(await refusal(client.fileUploads.create({ filename: 'a.png' }))).toBe(forbidden);
    expect(await refusal(client.pages.update({ page_id: row, properties: {} }))).toBe(forbidden);
  });

  it('speaks of no `archived`, which went with this version', async () => {
    const { client, database } = await setUp();
    const row = database.addRow({});
    expect(await client.pages.retrieve({ page_id: row })).not.toHaveProperty('archived');
    expect(await refusal(client.pages.update({ page_id: row, archived: true }))).toBe(
      '400 validation_error: body failed validation: body.archived should be not present, instead was `true`.',
    );
  });

  it('is heard by listeners and counted by route', async () => {
    const { board, client, database } = await setUp();
    const heard: unknown[] = [];
    board.onExchange(({ route, method, status, requestBody }) => heard.push([route, method, status, requestBody]));
    await client.search({ query: 'post', filter: pages });
    await refusal(client.pages.retrieve({ page_id: database.id }));
    expect(heard).toEqual([
      ['search', 'POST', 200, { query: 'post', filter: pages }],
      ['pages.retrieve', 'GET', 404, undefined],
    ]);
    expect([board.count(), board.count('search'), board.count('pages.update')]).toEqual([2, 1, 0]);
  });

  it('waits for the latency', async () => {
    const { client, clock } = await setUp({ latencyMs: 250 });
    await client.users.me({});
    expect(clock.sleeps).toEqual([250]);
  });
});
