import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { asAnn, asBob, fakeParts, fakeSettings, openServer, type OpenServer } from '../support/server/server-rig.ts';

let server: OpenServer;

// The counters read the time themselves.
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 10, 21, 10) }));

afterEach(async () => {
  vi.useRealTimers();
  await server.close();
});

/** How many of so many requests are let through before the first 429. */
async function letThrough(
  most: number,
  url: string,
  {
    method = 'GET',
    ...rest
  }: { method?: 'GET' | 'POST'; headers?: Record<string, string>; remoteAddress?: string } = {},
): Promise<number> {
  for (let count = 0; count < most; count += 1) {
    const answer = await server.inject({ method, url, ...rest });
    if (answer.statusCode === 429) return count;
  }
  return most;
}

describe('strangers', () => {
  it('have sixty requests a minute from one address, whatever they try', async () => {
    server = await openServer();
    const guess = { headers: { authorization: 'Bearer guess' }, remoteAddress: '192.0.2.1' };
    expect(await letThrough(30, '/api/ai/image-status', guess)).toBe(30);
    expect(await letThrough(20, '/docs', guess)).toBe(20);
    expect(await letThrough(20, '/login', { ...guess, method: 'POST' })).toBe(10);
    const refused = await server.inject({ url: '/', ...guess });
    expect(refused.statusCode).toBe(429);
    expect(refused.headers['retry-after']).toBe('60');
    expect(refused.json()).toEqual({
      error: 'Too many requests',
      message: 'Too many requests in a minute. Ask again in 60 s.',
    });
    expect(await letThrough(1, '/', { remoteAddress: '192.0.2.2' })).toBe(1);
    vi.setSystemTime(Date.now() + 60_000);
    expect(await letThrough(1, '/', guess)).toBe(1);
  });

  it('keep nobody from logging in by asking for what is not there', async () => {
    server = await openServer();
    expect(await letThrough(100, '/wp-admin')).toBe(60);
    expect(await letThrough(1, '/login')).toBe(1);
  });

  it('are told apart behind a proxy that is trusted, and by no header else', async () => {
    const through = async (address: string) => letThrough(61, '/', { headers: { 'x-forwarded-for': address } });
    server = await openServer({ settings: fakeSettings({ trustedProxies: ['127.0.0.0/8'] }) });
    expect([await through('192.0.2.1'), await through('192.0.2.2')]).toEqual([60, 60]);
    await server.close();
    server = await openServer();
    expect([await through('192.0.2.1'), await through('192.0.2.2')]).toEqual([60, 0]);
  });

  it('are one in all addresses of their IPv6 network', async () => {
    server = await openServer();
    expect(await letThrough(40, '/', { remoteAddress: '2001:db8:1:2::1' })).toBe(40);
    expect(await letThrough(40, '/', { remoteAddress: '2001:db8:1:2:ffff::9' })).toBe(20);
    expect(await letThrough(1, '/', { remoteAddress: '2001:db8:1:3::1' })).toBe(1);
  });

  it('may send notices and look at public pictures more often', async () => {
    server = await openServer({ settings: fakeSettings({ uploadsPublic: true }) });
    expect(await letThrough(700, '/webhooks/notion', { method: 'POST' })).toBe(600);
    expect(await letThrough(1300, '/uploads/images/user-ann/1795255200000-generated.png')).toBe(1200);
    expect(await letThrough(70, '/')).toBe(60);
  });
});

describe('a known caller', () => {
  it('has twelve hundred requests a minute, and takes none from others', async () => {
    server = await openServer();
    expect(await letThrough(70, '/')).toBe(60);
    expect(await letThrough(1300, '/api/sync/x', { headers: asAnn })).toBe(1200);
    expect(await letThrough(1, '/api/sync/x', { headers: asBob })).toBe(1);
  });

  it('asks for pictures again once the minute is over, in as many places as before', async () => {
    server = await openServer({ settings: fakeSettings({ imagesPerMinute: 2, imagesAtOnce: 1 }) });
    const ask = async () => {
      const payload = { prompt: 'a harbour' };
      return await server.inject({ method: 'POST', url: '/api/ai/generate-image', headers: asAnn, payload });
    };
    for (const status of [200, 200, 429, 429]) expect((await ask()).statusCode).toBe(status);
    expect((await ask()).json().message).toBe(
      'You asked for 2 pictures within a minute, as many as may be. Ask again in 60 s.',
    );
    vi.setSystemTime(Date.now() + 60_000);
    expect((await ask()).statusCode).toBe(200);
  });

  it('logs in no oftener than strangers, lest it guess', async () => {
    server = await openServer();
    expect(await letThrough(70, '/login', { method: 'POST', headers: asAnn })).toBe(60);
  });
});

describe('health', () => {
  it('is always told', async () => {
    server = await openServer({
      parts: fakeParts({ health: { readiness: () => ({ ok: false, reason: 'Not yet.' }) } }),
    });
    expect(await letThrough(1300, '/healthz')).toBe(1300);
    expect(await letThrough(1300, '/readyz')).toBe(1300);
  });
});
