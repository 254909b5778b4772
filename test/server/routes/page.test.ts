import { describe, expect, it } from 'vitest';
import { importMapHash } from '../../../src/server/routes/page.ts';
import { createPageFixture, serve } from '../../support/server/page-fixture.ts';
import { asAnn, fakeSettings } from '../../support/server/server-rig.ts';

describe('the files of the page', () => {
  it('are kept by the browser as long as they are the same', async () => {
    const { inject } = await serve(await createPageFixture());
    for (const url of ['/', '/page/main.js', '/page/preact.js', '/page/page.css']) {
      const first = await inject({ url, headers: { host: 'localhost' } });
      expect([url, first.statusCode, first.headers['cache-control']]).toEqual([url, 200, 'no-cache']);
      const headers = { host: 'localhost', 'if-none-match': `"other", W/${String(first.headers.etag)}` };
      const again = await inject({ url, headers });
      expect([url, again.statusCode, again.body]).toEqual([url, 304, '']);
    }
  });

  it('are these and no others', async () => {
    const { inject } = await serve(await createPageFixture());
    for (const url of [
      '/page/nothing.js',
      '/page/..%2findex.html',
      '/page/page',
      '/page/index.html',
      '/page/toString',
    ]) {
      expect([url, (await inject({ url, headers: { host: 'localhost' } })).statusCode]).toEqual([url, 404]);
    }
  });

  it('are for those who are known, but for what the login page needs', async () => {
    const { inject } = await serve(await createPageFixture(), fakeSettings());
    expect((await inject({ url: '/page/main.js' })).statusCode).toBe(401);
    expect((await inject({ url: '/page/main.js', headers: asAnn })).statusCode).toBe(200);
    expect((await inject({ url: '/page/page.css' })).statusCode).toBe(200);
    expect((await inject({ url: '/page/icon.svg' })).statusCode).toBe(200);
  });

  it('hold no script and no style in the page itself but the import map, whose hash the policy names', async () => {
    const { inject } = await serve(await createPageFixture());
    const { body, headers } = await inject({ url: '/', headers: { host: 'localhost' } });
    expect(String(headers['content-security-policy'])).toContain(`'${importMapHash}'`);
    expect(body.match(/<script/g)).toHaveLength(2);
    expect(body).not.toMatch(/style=|<style|onclick|https?:/);
  });

  it('weigh less than 60 KB besides Preact', async () => {
    const { inject } = await serve(await createPageFixture());
    const names = new Set(['/', '/page/page.css', '/page/icon.svg', '/page/main.js']);
    let bytes = 0;
    for (const url of names) {
      const { rawPayload } = await inject({ url, headers: { host: 'localhost' } });
      bytes += rawPayload.length;
      for (const [, name = ''] of rawPayload.toString().matchAll(/from '\.\/([\w-]+\.js)'/g))
        names.add(`/page/${name}`);
    }
    expect(names.size).toBeGreaterThan(15);
    expect(bytes).toBeLessThan(60_000);
  });
});
