import { describe, expect, it } from 'vitest';
import { setUp } from '../../support/emulators/setup.ts';

describe('the rate limit', () => {
  it('refuses what is above the window, and says in whole seconds when it ends', async () => {
    const { call, clock } = await setUp({ rateLimit: { requests: 2, windowMs: 60_000 } });
    await call('GET', '/users/me');
    clock.advance(10_500);
    await call('GET', '/users/me');
    const refused = await call('GET', '/users/me');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '50']);
    expect(await refused.json()).toMatchObject({
      code: 'rate_limited',
      additional_data: { rate_limit_reason: 'public_api_request_rate_limit', retry_after: '50' },
    });
  });

  it('asks for one second at least', async () => {
    const { call, clock } = await setUp({ rateLimit: { requests: 1, windowMs: 60_000 } });
    await call('GET', '/users/me');
    clock.advance(59_999);
    expect((await call('GET', '/users/me')).headers.get('retry-after')).toBe('1');
  });

  it('begins a new window with the first request after the old one', async () => {
    const { call, clock } = await setUp({ rateLimit: { requests: 1, windowMs: 60_000 } });
    await call('GET', '/users/me');
    clock.advance(90_000);
    expect((await call('GET', '/users/me')).status).toBe(200);
    clock.advance(59_000);
    expect((await call('GET', '/users/me')).status).toBe(429);
  });

  it('allows 180 requests a minute when nothing else is said', async () => {
    const { call } = await setUp();
    const answers = await Promise.all(Array.from({ length: 181 }, () => call('GET', '/users/me')));
    expect(answers.filter((answer) => answer.status === 429).length).toBe(1);
  });
});
