import { afterEach, describe, expect, it } from 'vitest';
import type { ServerSettings } from '../../src/server/settings.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { jwtSecret, signJwt } from '../support/server/jwt.ts';
import {
  annToken,
  asAnn,
  asBob,
  bobToken,
  fakeParts,
  fakeSettings,
  openServer,
  type OpenServer,
  type PartsOverrides,
} from '../support/server/server-rig.ts';

let server: OpenServer;

async function open(settings: Partial<ServerSettings> = {}, parts: PartsOverrides = {}): Promise<OpenServer> {
  server = await openServer({ parts: fakeParts(parts), settings: fakeSettings(settings) });
  return server;
}

afterEach(async () => server.close());

const image = { method: 'POST', url: '/api/ai/generate-image', payload: { prompt: 'a harbour' } } as const;

/** Who the server takes the caller for; the status where it takes them for nobody. */
async function whoIs(headers: Record<string, string>): Promise<string | number> {
  const answer = await server.inject({ ...image, headers });
  return answer.statusCode === 200 ? answer.json().userId : answer.statusCode;
}

function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` };
}

async function logIn(token: string, headers: Record<string, string> = {}) {
  const answer = await server.inject({ method: 'POST', url: '/login', payload: { token }, headers });
  return { answer, cookie: String(answer.headers['set-cookie'] ?? '').split(';')[0] ?? '' };
}

describe('a token', () => {
  it('tells who asks', async () => {
    await open({ tokens: [...fakeSettings().tokens, { name: 'Ann and Co', token: 'third-token-0123456789' }] });
    expect(await whoIs(asAnn)).toBe('ann');
    expect(await whoIs(asBob)).toBe('bob');
    expect(await whoIs({ authorization: `bearer ${annToken}` })).toBe('ann');
    expect(await whoIs(bearer('third-token-0123456789'))).toMatch(/^h-[0-9a-f]{32}$/);
  });

  it('must fit to the last character', async () => {
    await open();
    for (const token of [
      annToken.slice(0, -1),
      `${annToken}x`,
      annToken.toUpperCase(),
      '',
      ' ',
      `${annToken},${bobToken}`,
    ]) {
      expect(await whoIs(bearer(token))).toBe(401);
    }
    expect(await whoIs({ authorization: annToken })).toBe(401);
    expect(await whoIs({})).toBe(401);
  });

  it('is told how to be sent where it is missing', async () => {
    await open();
    const answer = await server.inject({ url: '/api/ai/image-status' });
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.json().error).toBe('Unauthorized');
    expect(answer.json().message).toMatch(/Authorization: Bearer .*\/login/);
  });

  it('counts before a cookie, also when it is wrong', async () => {
    await open();
    const { cookie } = await logIn(annToken);
    expect(await whoIs({ cookie })).toBe('ann');
    expect(await whoIs({ cookie, ...asBob })).toBe('bob');
    expect(await whoIs({ cookie, ...bearer('wrong') })).toBe(401);
    expect(await whoIs({ cookie, authorization: 'Basic YTpi' })).toBe('ann');
  });
});

describe('every route', () => {
  it('needs a known caller, but for those that are open', async () => {
    await open();
    const open401 = [
      '/',
      '/docs',
      '/docs/json',
      '/metrics',
      '/api/overview',
      '/api/events',
      '/pictures/a.png',
      '/api/sync/x',
    ];
    for (const url of open401) expect((await server.inject({ url })).statusCode, url).toBe(401);
    for (const url of ['/api/sync', '/api/pause', '/api/resume', '/api/rows/x/retry', '/api/providers/x/ask-again']) {
      expect((await server.inject({ method: 'POST', url })).statusCode, url).toBe(401);
    }
    for (const url of ['/healthz', '/readyz', '/login', '/page/page.css']) {
      expect((await server.inject({ url })).statusCode, url).toBe(200);
    }
  });

  it('leads a browser without a login to the login page, and back to where it was going', async () => {
    await open();
    const answer = await server.inject({ url: '/docs?x=1', headers: { accept: 'text/html,*/*' } });
    expect(answer.statusCode).toBe(303);
    expect(answer.headers.location).toBe('/login?next=%2Fdocs%3Fx%3D1');
    const posted = await server.inject({ method: 'POST', url: '/api/sync', headers: { accept: 'text/html' } });
    expect(posted.statusCode).toBe(401);
  });
});

describe('a JWT', () => {
  const now = Date.UTC(2026, 10, 21, 10) / 1000;
  const clock = () => createFakeClock(now * 1000);

  it('tells who asks by its sub', async () => {
    await open({ jwtSecret }, { clock: clock() });
    expect(await whoIs(bearer(signJwt({ sub: 'carol' })))).toBe('carol');
    expect(await whoIs(bearer(signJwt({ sub: 'carol@example.com', exp: now + 1, nbf: now - 1 })))).toMatch(/^h-/);
    expect(await whoIs(asAnn)).toBe('ann');
  });

  it.each([
    ['without a sub', signJwt({})],
    ['with an empty sub', signJwt({ sub: '' })],
    ['with a sub that is no text', signJwt({ sub: 7 })],
    ['that has run out', signJwt({ sub: 'carol', exp: now - 1 })],
    ['that is not valid yet', signJwt({ sub: 'carol', nbf: now + 60 })],
    ['whose exp is no number', signJwt({ sub: 'carol', exp: 'never' })],
    ['signed with another secret', signJwt({ sub: 'carol' }, { secret: 'another-secret-0123456789' })],
    ['signed with an empty secret', signJwt({ sub: 'carol' }, { secret: '' })],
    ['of alg none', signJwt({ sub: 'carol' }, { header: { alg: 'none' } })],
    ['of alg none without a signature', signJwt({ sub: 'carol' }, { header: { alg: 'none' } }).replace(/[^.]*$/, '')],
    ['without its signature', signJwt({ sub: 'carol' }).replace(/[^.]*$/, '')],
    ['of alg RS256', signJwt({ sub: 'carol' }, { header: { alg: 'RS256' } })],
    ['of alg HS512', signJwt({ sub: 'carol' }, { header: { alg: 'HS512' }, hash: 'sha512' })],
    ['of no alg', signJwt({ sub: 'carol' }, { header: {} })],
    ['that is no object', signJwt(['carol'])],
    ['that is rubbish', 'a.b.c'],
  ])('%s is refused', async (_, token) => {
    await open({ jwtSecret }, { clock: clock() });
    expect(await whoIs(bearer(token))).toBe(401);
  });

  it('is refused where no secret is configured', async () => {
    await open();
    expect(await whoIs(bearer(signJwt({ sub: 'carol' }, { secret: 'undefined' })))).toBe(401);
  });

  it('gives no cookie that outlives it', async () => {
    const time = clock();
    await open({ jwtSecret }, { clock: time });
    const { answer, cookie } = await logIn(signJwt({ sub: 'carol', exp: now + 60 }));
    expect(answer.headers['set-cookie']).toMatch(/; Max-Age=60;/);
    expect(await whoIs({ cookie })).toBe('carol');
    time.advance(61_000);
    expect(await whoIs({ cookie })).toBe(401);
  });
});

describe('a login', () => {
  it('gives a cookie for thirty days, which scripts cannot read', async () => {
    const clock = createFakeClock();
    await open({}, { clock });
    const { answer, cookie } = await logIn(annToken);
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({ success: true, userId: 'ann' });
    expect(answer.headers['set-cookie']).toMatch(/^ntf_session=\S+; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/);
    clock.advance(30 * 86_400_000 - 1000);
    expect(await whoIs({ cookie })).toBe('ann');
    clock.advance(2000);
    expect(await whoIs({ cookie })).toBe(401);
  });

  it('gives a cookie for https alone where the request came by it', async () => {
    await open();
    const { answer } = await logIn(annToken, { 'x-forwarded-proto': 'https' });
    expect(answer.headers['set-cookie']).toMatch(/; Secure/);
  });

  it('with a wrong token gives no cookie', async () => {
    await open();
    const { answer } = await logIn('wrong');
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(answer.json().error).toBe('Unauthorized');
  });

  it.each([[{}], [{ token: 7 }], [{ token: '' }], [[]]])('with %j says what to send', async (payload) => {
    await open();
    const answer = await server.inject({ method: 'POST', url: '/login', payload });
    expect(answer.statusCode).toBe(400);
    expect(answer.json().message).toMatch(/send/);
  });

  it('ends when any token or the secret changes', async () => {
    await open();
    const { cookie } = await logIn(annToken);
    await server.close();
    await open({ tokens: [{ name: 'ann', token: annToken }] });
    expect(await whoIs({ cookie })).toBe(401);
    await server.close();
    await open({ jwtSecret });
    expect(await whoIs({ cookie })).toBe(401);
    await server.close();
    await open();
    expect(await whoIs({ cookie })).toBe('ann');
  });

  it('is not forged with the secret of JWTs', async () => {
    await open({ jwtSecret });
    const claims = { sub: 'ann', name: 'ann', aud: 'session', exp: 4_000_000_000 };
    expect(await whoIs({ cookie: `ntf_session=${signJwt(claims)}` })).toBe(401);
    const { cookie } = await logIn(annToken);
    expect(await whoIs(bearer(cookie.replace('ntf_session=', '')))).toBe(401);
  });

  it('ends with a logout', async () => {
    await open();
    const { cookie } = await logIn(annToken);
    const answer = await server.inject({ method: 'POST', url: '/logout', headers: { cookie } });
    expect(answer.json()).toEqual({ success: true });
    const taken = [answer.headers['set-cookie']].flat();
    expect(taken).toHaveLength(2);
    for (const each of taken)
      expect(each).toMatch(/^ntf_(session|uploads)=; Max-Age=0; Path=\/(uploads)?; Expires=Thu, 01 Jan 1970/);
  });

  it('ends with a logout by a form too, which leads to the login page', async () => {
    await open();
    const headers = { accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await server.inject({ method: 'POST', url: '/logout', headers, payload: '' });
    expect([answer.statusCode, answer.headers.location]).toEqual([303, '/login']);
  });
});

describe('the login page', () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const post = (fields: Record<string, string>) =>
    server.inject({ method: 'POST', url: '/login', headers: form, payload: new URLSearchParams(fields).toString() });

  it('is a form that works without scripts', async () => {
    await open();
    const answer = await server.inject({ url: '/login?next=%2Fdocs' });
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(answer.body).toContain('<form method="post" action="/login">');
    expect(answer.body).toContain('<input type="hidden" name="next" value="/docs">');
    expect(answer.body).toContain('<label for="token">');
    expect(answer.body).not.toMatch(/<script|style=/);
  });

  it('leads on to where the browser was going', async () => {
    await open();
    const answer = await post({ token: ` ${annToken} `, next: '/docs?x=1' });
    expect([answer.statusCode, answer.headers.location]).toEqual([303, '/docs?x=1']);
    expect(answer.headers['set-cookie']).toMatch(/^ntf_session=/);
  });

  it.each([
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    'https://evil.example',
    'javascript:alert(1)',
    '/\t/evil.example',
    '/a\r\nx: y',
    '/日',
    'docs',
    '',
  ])('never leads to %j', async (next) => {
    await open();
    expect((await post({ token: annToken, next })).headers.location).toBe('/');
    const page = await server.inject({ url: `/login?next=${encodeURIComponent(next)}` });
    expect(page.body).toContain('name="next" value="/"');
  });

  it('says that a token is wrong, and keeps the way', async () => {
    await open();
    const answer = await post({ token: 'wrong', next: '/docs?a="><script>' });
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['content-type']).toMatch(/html/);
    expect(answer.body).toContain('role="alert"');
    expect(answer.body).toContain('value="/docs?a=&#34;&#62;&#60;script&#62;"');
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect((await post({})).statusCode).toBe(401);
  });

  it('takes a form there and nowhere else', async () => {
    await open();
    const answer = await server.inject({
      method: 'POST',
      url: '/api/sync',
      headers: { ...form, ...asAnn },
      payload: 'a=b',
    });
    expect(answer.statusCode).toBe(415);
  });

  it('is passed over where nobody needs to log in', async () => {
    await open({ tokens: [] });
    const headers = { host: 'localhost' };
    expect((await server.inject({ url: '/login', headers })).headers.location).toBe('/');
    expect((await post({ token: 'x', next: '/docs' })).headers.location).toBe('/');
  });
});

describe('a request by cookie that changes something', () => {
  const host = 'board.example';

  it.each<[number, Record<string, string>]>([
    [202, {}],
    [202, { origin: 'https://board.example' }],
    [202, { origin: 'http://board.example:80', host: 'board.example' }],
    [202, { origin: 'https://app.example' }],
    [202, { origin: 'https://app.example', 'sec-fetch-site': 'cross-site' }],
    [202, { 'sec-fetch-site': 'same-origin' }],
    [403, { origin: 'https://evil.example' }],
    [403, { origin: 'https://board.example.evil.example' }],
    [403, { origin: 'https://board.example:444' }],
    [403, { origin: 'null' }],
    [403, { origin: 'file://' }],
    [403, { origin: 'file://', host: 'localhost' }],
    [403, { 'sec-fetch-site': 'cross-site' }],
  ])('is answered with %i when it comes with %j', async (status, headers) => {
    await open({ corsOrigins: ['https://app.example'] });
    const { cookie } = await logIn(annToken);
    const answer = await server.inject({ method: 'POST', url: '/api/sync', headers: { host, cookie, ...headers } });
    expect(answer.statusCode).toBe(status);
  });

  it('may come from anywhere with a token', async () => {
    await open();
    const headers = { ...asAnn, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
    expect((await server.inject({ method: 'POST', url: '/api/sync', headers })).statusCode).toBe(202);
  });

  it('may look from anywhere', async () => {
    await open();
    const { cookie } = await logIn(annToken);
    const headers = { cookie, origin: 'https://evil.example' };
    const answer = await server.inject({ url: '/api/ai/image-status', headers });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });

  it('is no login or logout in the name of another page', async () => {
    await open();
    for (const url of ['/login', '/logout']) {
      const headers = { origin: 'https://evil.example' };
      const answer = await server.inject({ method: 'POST', url, headers, payload: { token: annToken } });
      expect(answer.statusCode, url).toBe(403);
      expect(answer.headers['set-cookie']).toBeUndefined();
    }
  });
});

describe('without tokens', () => {
  it.each<[number, Record<string, string>]>([
    [200, { host: 'localhost:3000' }],
    [200, { host: 'LOCALHOST' }],
    [200, { host: '127.0.0.1:8080' }],
    [200, { host: '[::1]:3000' }],
    [200, { host: 'localhost:3000', origin: 'http://localhost:3000' }],
    [200, { host: 'localhost:3000', origin: 'https://app.example' }],
    [200, { host: 'localhost:3000', authorization: 'Bearer whatever' }],
    [403, { host: 'evil.example' }],
    [403, { host: 'localhost.evil.example' }],
    [403, { host: '127.0.0.1.evil.example:3000' }],
    [403, { host: 'localhost:3000:80' }],
    [403, { host: 'evil.example@localhost' }],
    [403, { host: '192.168.0.7:3000' }],
    [403, { host: 'localhost:3000', origin: 'http://evil.example' }],
    [403, { host: 'localhost:3000', origin: 'http://localhost:5000' }],
    [403, { host: 'localhost:3000', origin: 'null' }],
    [403, { host: 'localhost:3000', 'sec-fetch-site': 'cross-site' }],
  ])('everyone is local: %i for %j', async (status, headers) => {
    await open({ tokens: [], corsOrigins: ['https://app.example'] });
    const answer = await server.inject({ ...image, headers });
    expect(answer.statusCode).toBe(status);
    const { userId, error } = answer.json();
    expect({ userId, error }).toEqual(status === 200 ? { userId: 'local' } : { error: 'Forbidden' });
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  it('health is told to whoever asks', async () => {
    await open({ tokens: [] });
    expect((await server.inject({ url: '/healthz', headers: { host: '10.0.0.7' } })).statusCode).toBe(200);
  });
});

describe('CORS', () => {
  it('is off unless origins are configured', async () => {
    await open();
    const headers = { ...asAnn, origin: 'https://app.example' };
    const answer = await server.inject({ url: '/api/ai/image-status', headers });
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    expect((await server.inject({ method: 'OPTIONS', url: '/api/ai/generate-image', headers })).statusCode).toBe(405);
  });

  it('lets exactly these origins in, with what they keep of us', async () => {
    await open({ corsOrigins: ['https://app.example', 'http://localhost:5173'] });
    const ask = (origin: string) =>
      server.inject({
        method: 'OPTIONS',
        url: '/api/ai/generate-image',
        headers: { origin, 'access-control-request-method': 'POST' },
      });
    const allowed = await ask('https://app.example');
    expect(allowed.statusCode).toBe(204);
    expect(allowed.headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example',
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'GET, HEAD, POST',
      'access-control-allow-headers': 'Authorization, Content-Type',
    });
    for (const origin of ['https://evil.example', 'https://app.example.evil.example', 'http://app.example', 'null']) {
      expect((await ask(origin)).headers['access-control-allow-origin'], origin).toBeUndefined();
    }
    const refused = await server.inject({ ...image, headers: { origin: 'https://app.example' } });
    expect(refused.statusCode).toBe(401);
    expect(refused.headers['access-control-allow-origin']).toBe('https://app.example');
    expect(refused.headers['access-control-expose-headers']).toBe('Retry-After');
  });
});
