import { createHmac } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NoticeBoard } from '../../../src/notion/webhook/notice.ts';
import { createNotices, type NoticeHeaders, type NoticeOptions } from '../../../src/notion/webhook/webhook.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

// Token, body and header of the example in Notion's documentation (developers.notion.com, webhooks, 2026-11).
const documented = {
  token: 'secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl',
  body: '{"verification_token":"secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl"}',
  signature: 'sha256=461e8cbcba8a75c3edd866f0e71280f5a85cbf21eff040ebd10fe266df38a735',
};
const token = 'secret_9mTz4Kq1Xw7Rb2Vn8Yc5';
const secret = 'a-secret-for-buttons-and-tools';
const botId = 'b0700000-0000-4000-8000-000000000001';
const personId = 'a0500000-0000-4000-8000-000000000002';
const dataSourceId = '2a000000-0000-4000-8000-00000000000a';
const board: NoticeBoard = { bot: botId, dataSource: dataSourceId, status: 'f%5C%5C%3Ap' };

function sign(body: string, key = token): string {
  return `sha256=${createHmac('sha256', key).update(body).digest('hex')}`;
}

/** The webhook of a board that has been read; it tells what it did. */
function open(options: Partial<NoticeOptions> = {}) {
  const clock = createFakeClock();
  const lines: { level: string; data: object; message: string }[] = [];
  const keep = (level: string) => (data: object, message: string) => void lines.push({ level, data, message });
  const told = { marked: 0, kept: [] as string[] };
  const notices = createNotices({
    verificationToken: token,
    secret,
    clock,
    log: { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') },
    async saveToken(kept) {
      told.kept.push(kept);
      return 'images/.state/webhook-token';
    },
    board: () => board,
    marked: () => void (told.marked += 1),
    ...options,
  });
  const send = (body: string, headers: NoticeHeaders = {}) => notices(Buffer.from(body), headers);
  return {
    clock,
    told,
    lines,
    send,
    /** Sends it as Notion does. */
    deliver: (event: object) => {
      const body = JSON.stringify(event);
      return send(body, { 'x-notion-signature': sign(body) });
    },
  };
}

let events = 0;

/** An event that a person set Status in a row of the board, a moment ago. */
function event(changes: object = {}) {
  events += 1;
  return {
    id: `e0000000-0000-4000-8000-${String(events).padStart(12, '0')}`,
    timestamp: '2026-11-21T09:59:58.000Z',
    workspace_id: '3b000000-0000-4000-8000-000000000001',
    subscription_id: '4c000000-0000-4000-8000-000000000001',
    integration_id: '5d000000-0000-4000-8000-000000000001',
    type: 'page.properties_updated',
    authors: [{ id: personId, type: 'person' }],
    attempt_number: 1,
    api_version: '2026-03-11',
    entity: { id: '6e000000-0000-4000-8000-000000000001', type: 'page' },
    data: inBoard({ updated_properties: ['f%5C%5C%3Ap'] }),
    ...changes,
  };
}

function inBoard(changes: object = {}) {
  return {
    parent: { id: '7f000000-0000-4000-8000-000000000001', type: 'database', data_source_id: dataSourceId },
    ...changes,
  };
}

/** What a button in the board sends. */
function pressed(changes: { source?: object; data?: object } = {}) {
  events += 1;
  return JSON.stringify({
    source: { type: 'automation', automation_id: 'a', action_id: 'b', event_id: `press-${events}`, ...changes.source },
    data: {
      object: 'page',
      id: '6e000000-0000-4000-8000-000000000001',
      parent: { type: 'data_source_id', data_source_id: dataSourceId },
      properties: {},
      ...changes.data,
    },
  });
}

describe('an event of Notion’s', () => {
  it('that a row’s Status changed has the board looked at', async () => {
    const { deliver, told } = open();
    expect(await deliver(event())).toEqual({ status: 200, message: 'Noted: the board is looked at now.' });
    expect(told.marked).toBe(1);
  });

  it.each(['page.created', 'page.undeleted', 'page.moved'])('of the type %s has the board looked at', async (type) => {
    const { deliver, told } = open();
    await deliver(event({ type, data: inBoard() }));
    expect(told.marked).toBe(1);
  });

  it.each([
    ['tells of other properties', event({ data: inBoard({ updated_properties: ['title', 'abcd'] }) }), 'Status'],
    ['tells of no property', event({ data: inBoard({ updated_properties: [] }) }), 'Status'],
    ['tells of our own edit', event({ authors: [{ id: botId, type: 'bot' }] }), 'this worker itself'],
    ['tells of our own edit, without dashes', event({ authors: [{ id: botId.replaceAll('-', '') }] }), 'itself'],
    ['tells of another data source', event({ data: { parent: { data_source_id: personId } } }), 'not in the board'],
    ['tells of a page below a page', event({ data: { parent: { id: personId, type: 'page' } } }), 'not in the board'],
    ['tells of a page’s text', event({ type: 'page.content_updated' }), 'page.content_updated'],
    ['tells of a comment', event({ type: 'comment.created', data: {} }), 'comment.created'],
    ['is older than a day', event({ timestamp: '2026-11-20T09:59:59.000Z' }), 'older than a day'],
  ])('that %s is dropped, and says why', async (_, told, why) => {
    const own = open();
    const answer = await own.deliver(told);
    expect(answer.status).toBe(200);
    expect(answer.message).toMatch(/^Dropped: .+\.$/);
    expect(answer.message).toContain(why);
    expect(own.told.marked).toBe(0);
  });

  it.each([
    ['comes from a person and from us', event({ authors: [{ id: botId }, { id: personId }] })],
    ['names no author', event({ authors: [] })],
    ['has authors of a kind nobody knows', event({ authors: 'nobody' })],
    ['names the property of Status decoded', event({ data: inBoard({ updated_properties: ['f\\\\:p'] }) })],
    ['names Status among others', event({ data: inBoard({ updated_properties: ['title', 'f%5C%5C%3Ap'] }) })],
    ['does not say which properties', event({ data: inBoard() })],
    ['has properties of a kind nobody knows', event({ data: inBoard({ updated_properties: [{ id: 'x' }] }) })],
    [
      'names the data source without dashes',
      event({ data: { parent: { data_source_id: dataSourceId.replaceAll('-', '') } } }),
    ],
    ['names the data source as its parent', event({ data: { parent: { id: dataSourceId, type: 'data_source' } } })],
    ['names a database only', event({ data: { parent: { id: personId, type: 'database' } } })],
    ['has no data', event({ data: null })],
    ['has no time', event({ timestamp: undefined })],
    ['has a time that is none', event({ timestamp: 'yesterday' })],
    ['is nearly a day old', event({ timestamp: '2026-11-20T10:00:01.000Z' })],
  ])('that %s counts', async (_, told) => {
    const own = open();
    expect((await own.deliver(told)).status).toBe(200);
    expect(own.told.marked).toBe(1);
  });

  it('counts for a board whose Status has an id with a lone per cent sign', async () => {
    const own = open({ board: () => ({ ...board, status: '%zz' }) });
    await own.deliver(event({ data: inBoard({ updated_properties: ['%25zz'] }) }));
    expect(own.told.marked).toBe(1);
  });

  it('counts for a person’s own token whoever made the edit', async () => {
    const own = open({ board: () => ({ dataSource: dataSourceId, status: board.status }) });
    await own.deliver(event({ authors: [{ id: botId }] }));
    expect(own.told.marked).toBe(1);
  });

  it('counts whatever page it tells of while the board has not been read', async () => {
    const own = open({ board: () => undefined });
    await own.deliver(event({ authors: [{ id: botId }], data: { parent: { data_source_id: personId } } }));
    expect(own.told.marked).toBe(1);
  });

  it('counts once however often it comes', async () => {
    const { deliver, told } = open();
    const same = event();
    await deliver(same);
    const again = await deliver({ ...same, attempt_number: 2 });
    expect(again).toEqual({ status: 200, message: 'Dropped: it came before.' });
    expect(told.marked).toBe(1);
  });

  it('is known for a day and among the last thousand', async () => {
    const { deliver, told, clock } = open();
    const [first, second] = [event({ timestamp: undefined }), event({ timestamp: undefined })];
    await deliver(first);
    for (let index = 0; index < 999; index += 1) await deliver(event());
    await deliver(first);
    expect(told.marked).toBe(1000);
    await deliver(second);
    await deliver(first);
    expect(told.marked).toBe(1002);
    clock.advance(86_400_000);
    await deliver(second);
    expect(told.marked).toBe(1002);
    clock.advance(1);
    await deliver(second);
    expect(told.marked).toBe(1003);
  });

  it.each([
    ['was changed on its way', { body: JSON.stringify(event({ authors: [] })) }],
    ['bears the signature of another token', { signature: sign(JSON.stringify(event()), 'secret_other') }],
    ['bears a signature of another length', { signature: 'sha256=00' }],
    ['bears an empty signature', { signature: '' }],
    ['bears two signatures', { signature: [sign('a'), sign('b')] }],
  ])('that %s is refused', async (_, changes) => {
    const { send, told } = open();
    const good = JSON.stringify(event());
    const { body, signature } = { body: good, signature: sign(good), ...changes };
    expect((await send(body, { 'x-notion-signature': signature })).status).toBe(401);
    expect(told.marked).toBe(0);
  });

  it('is refused when one bit of it was turned', async () => {
    const good = JSON.stringify(event());
    const signature = sign(good);
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.nat(6), async (at, bit) => {
        const { send, told } = open();
        const bytes = Buffer.from(good);
        bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << bit), at);
        expect((await send(bytes.toString('latin1'), { 'x-notion-signature': signature })).status).toBe(401);
        expect(told.marked).toBe(0);
      }),
    );
  });

  it('is refused with the name of the setting while no token is configured, with whatever secret', async () => {
    const { send, told } = open({ verificationToken: undefined });
    const body = JSON.stringify(event());
    const headers = { 'x-notion-signature': sign(body), 'x-webhook-secret': secret };
    const answer = await send(body, headers);
    expect([answer.status, told.marked]).toEqual([401, 0]);
    expect(answer.message).toContain('NOTION_WEBHOOK_TOKEN');
  });

  it('whose signature is wrong is refused with a secret that is right', async () => {
    const { send, told } = open();
    const headers = { 'x-notion-signature': sign('other'), 'x-webhook-secret': secret };
    expect([(await send(pressed(), headers)).status, told.marked]).toEqual([401, 0]);
  });

  it.each(['', 'no JSON', '[]', '{}', 'null', '{"id":7,"type":"page.created"}', '{"type":"page.created"}'])(
    'that is %j is a bad request although its signature is right',
    async (body) => {
      const { send, told } = open();
      expect((await send(body, { 'x-notion-signature': sign(body) })).status).toBe(400);
      expect(told.marked).toBe(0);
    },
  );
});

describe('the handshake', () => {
  it('of Notion’s documentation is kept for the operator, who is told where and what to do', async () => {
    const { send, told, lines } = open({ verificationToken: undefined });
    const answer = await send(documented.body, { 'x-notion-signature': documented.signature });
    expect(answer.status).toBe(200);
    expect(told).toEqual({ marked: 0, kept: [documented.token] });
    expect(lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
      "warn Notion wants to verify this address: its token is the last in images/.state/webhook-token; paste it in the connection's Webhooks tab and set NOTION_WEBHOOK_TOKEN to it, then restart",
    ]);
    expect(JSON.stringify([lines, answer])).not.toContain('secret_');
  });

  it('keeps one token in a minute, and the same one once', async () => {
    const { send, told, lines, clock } = open({ verificationToken: undefined });
    const hand = (kept: string) => send(JSON.stringify({ verification_token: kept }));
    const [one, other] = [`secret_${'a'.repeat(40)}`, `secret_${'b'.repeat(40)}`];
    expect([(await hand(one)).status, (await hand(one)).status, (await hand(other)).status]).toEqual([200, 200, 429]);
    expect([told.kept, lines.length]).toEqual([[one], 1]);
    clock.advance(60_000);
    expect((await hand(other)).status).toBe(200);
    expect(told.kept).toEqual([one, other]);
  });

  it('without a signature is kept too', async () => {
    const { send, told } = open({ verificationToken: undefined });
    expect((await send(documented.body)).status).toBe(200);
    expect(told.kept).toEqual([documented.token]);
  });

  it.each([undefined, token])('with a signature that does not fit is refused (configured: %s)', async (configured) => {
    const { send, told } = open({ verificationToken: configured });
    const body = JSON.stringify({ verification_token: configured ?? documented.token });
    expect((await send(body, { 'x-notion-signature': sign(body, 'secret_other') })).status).toBe(401);
    expect(told.kept).toEqual([]);
  });

  it.each(['secret_short', `secret_${'a'.repeat(201)}`, 'secret_../../../etc/passwd', 'ntn_0123456789abc', ''])(
    'with a token like %j is a bad request',
    async (shape) => {
      const { send, told } = open({ verificationToken: undefined });
      expect((await send(JSON.stringify({ verification_token: shape }))).status).toBe(400);
      expect(told.kept).toEqual([]);
    },
  );

  it('with the configured token is answered, and with another refused', async () => {
    const { send, told } = open();
    expect((await send(JSON.stringify({ verification_token: token }))).status).toBe(200);
    const other = await send(documented.body, { 'x-notion-signature': documented.signature });
    expect(other.status).toBe(401);
    expect(other.message).toContain('NOTION_WEBHOOK_TOKEN');
    expect(told).toEqual({ marked: 0, kept: [] });
  });

  it('never has the board looked at, whatever else it carries', async () => {
    const { send, told } = open();
    const body = JSON.stringify({ ...event(), verification_token: documented.token });
    const headers = { 'x-notion-signature': sign(body, documented.token), 'x-webhook-secret': secret };
    expect([(await send(body, headers)).status, told.marked]).toEqual([401, 0]);
  });

  it('whose token cannot be kept says so, that Notion may send it again', async () => {
    const saveToken = () => Promise.reject(new Error('ENOSPC'));
    const { send, lines } = open({ verificationToken: undefined, saveToken });
    expect((await send(documented.body)).status).toBe(500);
    expect(lines.map(({ level }) => level)).toEqual(['error']);
  });
});

describe('a button’s or a tool’s request', () => {
  it.each([
    ['in a header of its own', { 'x-webhook-secret': secret }],
    ['as a bearer token', { authorization: `Bearer ${secret}` }],
    ['as a bearer token, in small letters', { authorization: `bearer ${secret}` }],
    ['in either header', { authorization: 'Bearer of-something-else', 'x-webhook-secret': secret }],
  ])('with the secret %s has the board looked at', async (_, headers) => {
    const { send, told } = open();
    expect(await send(pressed(), headers)).toEqual({ status: 200, message: 'Noted: the board is looked at now.' });
    expect(told.marked).toBe(1);
  });

  it.each(['', '{}', '[]', 'mark=1', '{"source":7,"data":"x"}', '{"data":{"id":{}}}'])(
    'that is %j counts with the secret',
    async (body) => {
      const { send, told } = open();
      expect((await send(body, { 'x-webhook-secret': secret })).status).toBe(200);
      expect(told.marked).toBe(1);
    },
  );

  it.each([
    ['no secret', {}],
    ['another secret', { 'x-webhook-secret': `${secret}x` }],
    ['a part of the secret', { 'x-webhook-secret': secret.slice(0, -1) }],
    ['an empty secret', { 'x-webhook-secret': '' }],
    ['the secret twice', { 'x-webhook-secret': [secret, secret] }],
    ['another kind of authorization', { authorization: `Basic ${secret}` }],
    ['the token of Notion’s own notices', { authorization: `Bearer ${token}` }],
  ])('with %s is refused, naming header and setting', async (_, headers) => {
    const { send, told } = open();
    const answer = await send(pressed(), headers);
    expect(answer.status).toBe(401);
    expect(answer.message).toMatch(/WEBHOOK_SECRET.*X-Webhook-Secret/);
    expect(told.marked).toBe(0);
  });

  it('is refused with the name of the setting while no secret is configured', async () => {
    const { send, told } = open({ secret: undefined });
    for (const given of ['undefined', '', secret]) {
      const answer = await send(pressed(), { 'x-webhook-secret': given });
      expect(answer.status).toBe(401);
      expect(answer.message).toContain('WEBHOOK_SECRET');
    }
    expect(told.marked).toBe(0);
  });

  it('in the shape of Notion’s own events proves nothing without its signature or the secret', async () => {
    const { send, told } = open();
    expect([(await send(JSON.stringify(event()))).status, told.marked]).toEqual([401, 0]);
  });

  it('about another table is dropped, and counts while the board has not been read', async () => {
    const body = pressed({ data: { parent: { data_source_id: personId } } });
    const known = open();
    expect((await known.send(body, { 'x-webhook-secret': secret })).message).toContain('not in the board');
    const unread = open({ board: () => undefined });
    await unread.send(body, { 'x-webhook-secret': secret });
    expect([known.told.marked, unread.told.marked]).toEqual([0, 1]);
  });

  it('counts once for each press and page', async () => {
    const { send, told } = open();
    const headers = { 'x-webhook-secret': secret };
    const first = pressed({ source: { event_id: 'same' } });
    await send(first, headers);
    expect((await send(first, headers)).message).toBe('Dropped: it came before.');
    await send(pressed({ source: { event_id: 'same' }, data: { id: personId } }), headers);
    await send(pressed({ source: { event_id: 'next' } }), headers);
    expect(told.marked).toBe(3);
  });
});

describe('the webhook', () => {
  it('warns of the first refusal after a good notice only, that nobody fills the log', async () => {
    const { send, deliver, lines } = open();
    const warnings = () => lines.filter(({ level }) => level === 'warn').length;
    for (let index = 0; index < 5; index += 1) await send('rubbish');
    expect(warnings()).toBe(1);
    await deliver(event());
    await send('rubbish');
    expect(warnings()).toBe(2);
  });

  it('answers any bytes with any headers, and lets none of them through', async () => {
    const { told, send } = open({ verificationToken: undefined });
    const header = fc.option(fc.oneof(fc.string(), fc.array(fc.string()), fc.constant(sign('x'))), { nil: undefined });
    const body = fc.oneof(
      fc.string(),
      fc.json(),
      fc.json().map((json) => `{"verification_token":${json}}`),
    );
    await fc.assert(
      fc.asyncProperty(body, header, header, header, async (text, signature, authorization, given) => {
        const answer = await send(text, {
          'x-notion-signature': signature,
          authorization,
          'x-webhook-secret': given,
        });
        expect([400, 401]).toContain(answer.status);
        expect(answer.message).toMatch(/^[A-Z].+\.$/);
      }),
    );
    expect(told).toEqual({ marked: 0, kept: [] });
  });
});
