import { createServer } from 'node:net';

import { describe, expect, it } from 'vitest';

import { BoardError } from '../../../src/core/errors.ts';
import { answeredStatus } from '../../../src/notion/client/problem.ts';
import { createFakeClock, createManualClock, testStart } from '../../support/fake-clock.ts';
import {
  type Act,
  hang,
  json,
  ok,
  page,
  refusal,
  reset,
  resetInBody,
  slowBody,
  until,
} from '../../support/notion/fault-server.ts';
import { failure, me, patch, query, rateLimited, setUp } from '../../support/notion/setup.ts';

describe('a request that is asked to slow down', () => {
  it.each([
    ['seconds', rateLimited({ 'retry-after': '49' }), 49_000],
    [
      'a date',
      rateLimited({
        'retry-after': new Date(testStart + 30_000).toUTCString(),
        date: new Date(testStart).toUTCString(),
      }),
      30_000,
    ],
    [
      'a date on a server whose clock is wrong',
      rateLimited({ 'retry-after': new Date(20_000).toUTCString(), date: new Date(0).toUTCString() }),
      20_000,
    ],
    ['seconds in the body', rateLimited({}, { retry_after: '12' }), 12_000],
    ['nothing', rateLimited(), 750],
    ['no time at all', rateLimited({ 'retry-after': '0' }), 750],
    ['rubbish', rateLimited({ 'retry-after': 'soon' }), 750],
    ['a negative time', rateLimited({ 'retry-after': '-5' }), 750],
    ['days', rateLimited({ 'retry-after': '999999' }), 900_000],
    ['529 and seconds', refusal(529, 'service_overload', 'Busy', { headers: { 'retry-after': '5' } }), 5000],
    ['a gateway’s page', page(429, '<html>slow</html>'), 750],
  ])('waits as told by %s, whether or not it may be repeated', async (_name, act, expected) => {
    const clock = createFakeClock();
    const { server, notion } = await setUp([act, ok], { clock });
    await me(notion, { repeatable: false });
    expect(server.requests).toHaveLength(2);
    expect(clock.sleeps).toEqual([expected]);
  });

  it('pauses all calls, those with a permit too', async () => {
    const clock = createManualClock();
    const { server, notion } = await setUp([rateLimited({ 'retry-after': '30' }), ok], { clock });
    const permit = await notion.limiter.acquire(1);
    const first = me(notion);
    await until(() => clock.sleeping() === 1);
    const others = [me(notion), me(notion, { permit })];
    expect(notion.limiter.free()).toBe(0);
    // One sleeper for the queue, one for the holder of the permit.
    await until(() => clock.sleeping() === 2);
    await clock.advance(29_999);
    expect(server.requests).toHaveLength(1);
    await clock.advance(1);
    await Promise.all([first, ...others]);
    expect(server.requests).toHaveLength(4);
    expect(notion.limiter.congested()).toBe(true);
  });

  it('gives up after ten repetitions', async () => {
    const { server, notion } = await setUp([rateLimited({ 'retry-after': '1' })], { clock: createFakeClock() });
    const error = await failure(me(notion));
    expect(server.requests).toHaveLength(11);
    expect(error).toBeInstanceOf(BoardError);
    expect(error).toMatchObject({
      failure: 'unreachable',
      message: expect.stringContaining('kept asking to slow down'),
    });
    expect(answeredStatus(error)).toBe(429);
  });

  it('does not ask again once the connection is blocked', async () => {
    const { server, notion } = await setUp(
      [rateLimited({ 'retry-after': '1' }, { rate_limit_reason: 'public_api_request_blocked' })],
      { clock: createFakeClock() },
    );
    expect(await failure(me(notion))).toMatchObject({
      failure: 'unreachable',
      message: expect.stringContaining('blocked'),
    });
    expect(server.requests).toHaveLength(1);
  });
});

const unknownOutcomes: [string, Act, string][] = [
  ['500', refusal(500, 'internal_server_error', 'Unexpected error occurred.'), 'status 500: Unexpected error occurred'],
  ['502 in HTML', page(502, '<html>Bad Gateway</html>'), 'status 502'],
  ['503', refusal(503, 'service_unavailable', 'Notion is unavailable.'), 'status 503'],
  ['503 with a code the client does not know', refusal(503, 'database_connection_unavailable', 'No.'), 'status 503'],
  ['504', refusal(504, 'gateway_timeout', 'Gateway Timeout'), 'status 504'],
  ['522 of the edge', page(522, ''), 'status 522'],
  ['a redirect', (response) => response.writeHead(302, { location: '/login' }).end(), 'status 302'],
  ['a reset before the answer', reset, 'the connection failed ('],
  ['a reset in the body', resetInBody, 'the connection failed ('],
  ['200 in HTML', page(200, '<html>Sign in</html>'), 'not complete JSON (text/html)'],
  ['200 without a body', (response) => response.writeHead(200).end(), 'the answer was empty'],
  ['truncated JSON', (response) => response.end('{"object":"pa'), 'not complete JSON (of no type)'],
  ['JSON that is no object', json(200, null), 'not complete JSON'],
];

describe.each(unknownOutcomes)('a request that is answered with %s', (_name, act, detail) => {
  it.each([
    ['PATCH', patch],
    ['query', query],
  ])('is repeated when it is a %s that may be', async (_method, ask) => {
    const clock = createFakeClock();
    const { server, notion } = await setUp([act, act, ok], { clock });
    await ask(notion);
    expect(server.requests).toHaveLength(3);
    expect(clock.sleeps).toEqual([750, 1250]);
  });

  it('fails at once when it may not be repeated', async () => {
    const { server, notion } = await setUp([act, ok], { clock: createFakeClock() });
    const error = await failure(patch(notion, { repeatable: false }));
    expect(server.requests).toHaveLength(1);
    expect(error).toBeInstanceOf(BoardError);
    expect(error).toMatchObject({ failure: 'unreachable', cause: expect.any(Error) });
    expect(String(error)).toContain('gave no clear answer while trying to write the row');
    expect(String(error)).toContain(detail);
  });
});

describe('an outage', () => {
  it('is waited for from the first failure on, and then told in one sentence with the next step', async () => {
    const clock = createFakeClock();
    const { server, notion } = await setUp([refusal(503, 'service_unavailable', 'Notion is unavailable.')], { clock });
    const error = await failure(query(notion));
    expect(clock.monotonic()).toBe(60_000);
    expect(Math.max(...clock.sleeps)).toBeLessThanOrEqual(10_000);
    expect(server.requests).toHaveLength(clock.sleeps.length + 1);
    expect(error).toMatchObject({
      failure: 'unreachable',
      message:
        'Notion could not be reached for 60 s while trying to read the board: it answered with status 503: Notion is unavailable. Check the network and status.notion.com; the next run goes on where this one stopped.',
    });
    expect(answeredStatus(error)).toBe(503);
  });

  it('counts anew after Notion asked to slow down in between', async () => {
    const clock = createFakeClock();
    const down = refusal(503, 'service_unavailable', 'Down');
    const { server, notion } = await setUp([down, rateLimited({ 'retry-after': '90' }), down, ok], { clock });
    await query(notion);
    expect(server.requests).toHaveLength(4);
  });

  it('waits for a refused port even when the request may not be repeated: nothing was sent', async () => {
    const clock = createFakeClock();
    const { server, notion } = await setUp([ok], { clock, outageMs: 5000 });
    await server.close();
    const error = await failure(patch(notion, { repeatable: false }));
    expect(clock.monotonic()).toBe(5000);
    expect(clock.sleeps.length).toBeGreaterThan(2);
    expect(String(error)).toContain('could not be reached for 5 s');
    expect(String(error)).toContain('ECONNREFUSED');
    expect(answeredStatus(error)).toBeUndefined();
  });

  it.each([
    ['never answers', hang],
    ['never ends its body', slowBody],
  ])('ends for a server that %s at the time limit', async (_name, act) => {
    const { server, notion } = await setUp([act, ok], { clock: createFakeClock(), timeoutMs: 500 });
    await query(notion);
    expect(server.requests).toHaveLength(2);
    const other = await setUp([act, ok], { clock: createFakeClock(), timeoutMs: 500 });
    const error = await failure(patch(other.notion, { repeatable: false }));
    expect(error).toMatchObject({ failure: 'unreachable', message: expect.stringContaining('no answer within') });
    expect(other.server.requests).toHaveLength(1);
  });

  it('is also a peer that speaks no HTTP', async () => {
    const peer = createServer((socket) => {
      socket.on('error', () => undefined).resume();
      socket.end('SSH-2.0-OpenSSH\r\n');
    });
    await new Promise<void>((resolve) => peer.listen(0, '127.0.0.1', resolve));
    const address = peer.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const { notion } = await setUp([ok], { clock: createFakeClock(), apiUrl: `http://127.0.0.1:${port}` });
    const error = await failure(patch(notion, { repeatable: false }));
    // Which code tells it depends on the Node version and on who speaks first.
    expect(error).toMatchObject({ failure: 'unreachable' });
    await new Promise((resolve) => peer.close(resolve));
  });

  it('is not an answer of 6 MB: the same would come again', async () => {
    const large = json(200, { text: 'x'.repeat(6 * 1024 * 1024) });
    const { server, notion } = await setUp([large], { clock: createFakeClock() });
    expect(await failure(query(notion))).toMatchObject({
      failure: 'refused',
      message: 'Notion was asked to read the board, but the answer was larger than 5120 KiB.',
    });
    expect(await failure(patch(notion, { repeatable: false }))).toMatchObject({ failure: 'unreachable' });
    expect(server.requests).toHaveLength(2);
  });
});

describe('a conflict', () => {
  const conflict = refusal(409, 'conflict_error', 'Conflict occurred while saving.');

  it('is asked again, whether or not the request may be repeated', async () => {
    const { server, notion } = await setUp([conflict, ok], { clock: createFakeClock() });
    await patch(notion, { repeatable: false });
    expect(server.requests).toHaveLength(2);
  });

  it('is a refusal once it lasts', async () => {
    const { notion } = await setUp([conflict], { clock: createFakeClock() });
    expect(await failure(patch(notion))).toMatchObject({
      failure: 'refused',
      message: 'Notion refused to write the row: Conflict occurred while saving.',
    });
  });

  it('is none when a database is full', async () => {
    const { server, notion } = await setUp([refusal(409, 'row_limit_exceeded', 'Full.')], {
      clock: createFakeClock(),
    });
    expect(await failure(patch(notion))).toMatchObject({ failure: 'refused' });
    expect(server.requests).toHaveLength(1);
  });
});
