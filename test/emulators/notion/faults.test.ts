import { describe, expect, it } from 'vitest';
import type { FaultKind } from '../../../src/emulators/notion/faults.ts';
import { at, refusal, setUp } from '../../support/emulators/setup.ts';

async function row() {
  const setup = await setUp();
  const id = setup.database.addRow({});
  const write = () => setup.call('PATCH', `/pages/${id}`, { properties: { Steps: { number: 1 } } });
  const steps = () => setup.database.row(id).values['Steps'];
  return { ...setup, id, write, steps };
}

describe('a fault', () => {
  it.each<[FaultKind, number, string]>([
    ['conflict_409', 409, 'conflict_error'],
    ['rate_limited_429', 429, 'rate_limited'],
    ['error_500', 500, 'internal_server_error'],
    ['unavailable_503', 503, 'service_unavailable'],
    ['gateway_timeout_504', 504, 'gateway_timeout'],
    ['overload_529', 529, 'service_overload'],
  ])('of kind %s answers %i and writes nothing', async (kind, status, code) => {
    const { board, write, steps } = await row();
    board.fault({ kind });
    const answer = await write();
    expect([answer.status, at(await answer.json(), 'code'), steps()]).toEqual([status, code, null]);
    expect((await write()).status).toBe(200);
  });

  it.each<FaultKind>(['rate_limited_429', 'overload_529'])('of kind %s says when to come back', async (kind) => {
    const { board, write } = await row();
    board.fault({ kind });
    const answer = await write();
    expect([answer.headers.get('retry-after'), at(await answer.json(), 'additional_data', 'retry_after')]).toEqual([
      '1',
      '1',
    ]);
  });

  it('of a query that is unavailable gives advice', async () => {
    const { board, call, database } = await row();
    board.fault({ kind: 'unavailable_503' });
    const answer = await call('POST', `/data_sources/${database.dataSourceId}/query`, {});
    expect(await answer.json()).toMatchObject({ additional_data: { endpoint_name: 'public_queryDataSource' } });
  });

  it('that comes after the commit says so, with the id of what was made', async () => {
    const { board, client, call, database, write, steps } = await row();
    for (const route of ['pages.update', 'pages.create']) {
      board.fault({ kind: 'committed_503', route });
    }
    const updated = await write();
    expect([updated.status, steps()]).toEqual([503, 1]);
    expect(await updated.json()).toMatchObject({
      message: expect.stringContaining('The change was saved'),
      additional_data: { retry_guidance: [expect.anything(), 'Do not repeat the write.'] },
    });
    const created = await call('POST', '/pages', { parent: { data_source_id: database.dataSourceId } });
    const made = String(at(await created.json(), 'additional_data', 'committed_resource_id'));
    expect((await client.pages.retrieve({ page_id: made })).id).toBe(made);
  });

  it('leaves a request alone that the API refuses anyway', async () => {
    const { board, client, database } = await row();
    board.fault({ kind: 'committed_503' });
    expect(await refusal(client.pages.retrieve({ page_id: database.id }))).toContain('404');
  });

  it('may be HTML where JSON is expected', async () => {
    const { board, write, steps } = await row();
    board.fault({ kind: 'bad_gateway_502_html' });
    board.fault({ kind: 'html_200', nth: 2 });
    for (const status of [502, 200]) {
      const answer = await write();
      expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'text/html; charset=utf-8']);
      expect(await answer.text()).toContain('<!DOCTYPE html>');
    }
    expect(steps()).toBeNull();
  });

  it('may lose the answer to a write that was done', async () => {
    const { board, write, steps, database, id } = await row();
    board.fault({ kind: 'empty_200' });
    expect(await (await write()).text()).toBe('');
    expect(steps()).toBe(1);
    database.edit(id, { Steps: null });
    board.fault({ kind: 'truncated' });
    await expect(write().then((answer) => answer.text())).rejects.toThrow('terminated');
    expect(steps()).toBe(1);
  });

  it('may cut the connection, before the write or after it', async () => {
    const { board, write, steps } = await row();
    const statuses: number[] = [];
    board.onExchange(({ status }) => statuses.push(status));
    board.fault({ kind: 'reset' });
    await expect(write()).rejects.toThrow('fetch failed');
    expect(steps()).toBeNull();
    board.fault({ kind: 'reset', afterCommit: true });
    await expect(write()).rejects.toThrow('fetch failed');
    expect([steps(), statuses]).toEqual([1, [0, 0]]);
  });

  it('may never answer, until the client gives up', async () => {
    const { board, call, id } = await row();
    board.fault({ kind: 'hang' });
    const finished = new Promise((resolve) => board.onExchange(({ status }) => resolve(status)));
    const controller = new AbortController();
    const work = fetch(`${board.url}/v1/pages/${id}`, {
      headers: { authorization: `Bearer ${board.token}`, 'notion-version': '2026-03-11' },
      signal: controller.signal,
    });
    while (board.count() < 1) await new Promise(setImmediate);
    controller.abort();
    await expect(work).rejects.toThrow('aborted');
    expect(await finished).toBe(0);
    expect((await call('GET', `/pages/${id}`)).status).toBe(200);
  });

  it('may send the body so slowly that it never ends, until the board closes', async () => {
    const { board, write, steps } = await row();
    board.fault({ kind: 'slow_body' });
    const answer = await write();
    expect([answer.status, steps()]).toEqual([200, 1]);
    const body = answer.text();
    await board.close();
    await expect(body).rejects.toThrow('terminated');
  });

  it('hangs until the board closes', async () => {
    const { board, write } = await row();
    board.fault({ kind: 'hang', afterCommit: true });
    const close = async () => {
      while (board.count() < 1) await new Promise(setImmediate);
      await board.close();
    };
    const [answer] = await Promise.allSettled([write(), close()]);
    expect(answer).toMatchObject({ status: 'rejected', reason: { message: 'fetch failed' } });
  });
});

describe('a fault strikes', () => {
  it('the route and method it names', async () => {
    const { board, call, write, id } = await row();
    board.fault({ kind: 'error_500', route: 'pages.update' });
    board.fault({ kind: 'error_500', method: 'post' });
    expect((await call('GET', `/pages/${id}`)).status).toBe(200);
    expect((await write()).status).toBe(500);
    expect((await call('POST', '/search', { filter: { property: 'object', value: 'page' } })).status).toBe(500);
  });

  it('from the nth request on, so many times', async () => {
    const { board, write } = await row();
    board.fault({ kind: 'error_500', nth: 2, times: 2 });
    const statuses = [];
    for (let index = 0; index < 5; index += 1) statuses.push((await write()).status);
    expect(statuses).toEqual([200, 500, 500, 200, 200]);
  });

  it('until it is cleared', async () => {
    const { board, write } = await row();
    board.fault({ kind: 'error_500', times: Number.POSITIVE_INFINITY });
    for (let index = 0; index < 3; index += 1) expect((await write()).status).toBe(500);
    board.clearFaults();
    expect((await write()).status).toBe(200);
  });
});
