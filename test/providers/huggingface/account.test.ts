import { createServer, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { type EmulatedOptions, startEmulatedHuggingFace } from '../../../src/emulators/hugging-face/server.ts';
import { contextOf, create, failure, fakeClock, request, startedAt } from '../../support/providers/huggingface-rig.ts';

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

const dayMs = 24 * 3_600_000;
const nextMonth = Date.UTC(2026, 11, 1);
const inDays = (days: number) => startedAt + days * dayMs;

async function createBroke(options: EmulatedOptions, hubUrl?: string) {
  const server = await startEmulatedHuggingFace(options);
  open.push(() => server.close());
  const clock = fakeClock();
  const provider = create({ HF_ENDPOINT: server.url, HF_HUB_URL: hubUrl ?? server.hubUrl }, clock);
  const ask = async (signal?: AbortSignal) => failure(provider.generate(request, contextOf(signal)));
  return { server, clock, ask };
}

/** A Hub whose account page is answered by hand; the rest is not found. */
async function serveHub(answer: (response: ServerResponse) => void) {
  const asked: string[] = [];
  const hub = createServer((incoming, response) => {
    asked.push(incoming.url ?? '');
    if (incoming.url === '/api/whoami-v2') answer(response);
    else response.writeHead(404).end();
  });
  hub.listen(0, '127.0.0.1');
  await once(hub, 'listening');
  open.push(async () => {
    hub.close();
    hub.closeAllConnections();
  });
  const address = hub.address();
  if (address === null || typeof address === 'string') throw new TypeError('the hub has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    looks: () => asked.filter((path) => path.endsWith('whoami-v2')).length,
  };
}

describe('credit that has run out', () => {
  it.each([
    ['the day that the account names', inDays(12), inDays(12)],
    ['the first of the month when that day is past', inDays(-1), nextMonth],
    ['the first of the month when that day is too far off', inDays(41), nextMonth],
  ])('is back on %s', async (_, day, until) => {
    const { server, ask } = await createBroke({ periodEnd: day / 1000 });
    expect(await ask()).toMatchObject({ code: 'out_of_credit', facts: { status: 402, until } });
    expect(server.accountChecks).toBe(1);
  });

  it('is back on the first of the month for an account without a day', async () => {
    const { ask } = await createBroke({ periodEnd: null });
    expect((await ask()).facts.until).toBe(nextMonth);
  });

  it('is asked about once for all rows, and again an hour later', async () => {
    const { server, clock, ask } = await createBroke({ periodEnd: inDays(12) / 1000 });
    const errors = await Promise.all([ask(), ask(), ask()]);
    expect(errors.map(({ facts }) => facts.until)).toEqual([inDays(12), inDays(12), inDays(12)]);
    clock.advance(3_599_000);
    await ask();
    expect(server.accountChecks).toBe(1);
    clock.advance(1000);
    await ask();
    expect(server.accountChecks).toBe(2);
  });

  it('is not asked about after another failure', async () => {
    const { server, ask } = await createBroke({ behaviour: () => ({ status: 500, body: '' }), periodEnd: 1 });
    expect((await ask()).code).toBe('unavailable');
    expect(server.accountChecks).toBe(0);
  });

  it.each([
    ['a fault', 500, '{"name":"x","periodEnd":1796040000}'],
    ['HTML', 200, '<html></html>'],
    ['no account', 200, '{"periodEnd":1796040000}'],
    ['a day that is no number', 200, '{"name":"x","periodEnd":"soon"}'],
    ['an impossible day', 200, '{"name":"x","periodEnd":1e300}'],
  ])('is back on the first of the month when the Hub answers with %s', async (_, status, body) => {
    const hub = await serveHub((response) => response.writeHead(status).end(body));
    const { ask } = await createBroke({}, hub.url);
    expect(await ask()).toMatchObject({ code: 'out_of_credit', facts: { until: nextMonth } });
    expect(hub.looks()).toBe(1);
  });

  it('holds nobody up who wants to stop', async () => {
    const stop = new AbortController();
    const hub = await serveHub(() => stop.abort(new Error('stopping')));
    const server = await startEmulatedHuggingFace();
    open.push(() => server.close());
    const provider = create({ HF_ENDPOINT: server.url, HF_HUB_URL: hub.url });
    await expect(provider.generate(request, contextOf(stop.signal))).rejects.toThrow('stopping');
  });
});
