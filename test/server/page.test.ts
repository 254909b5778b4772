import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { chromiumPath, expectClean, useBrowser } from '../support/server/browser.ts';
import { ago, row, startPass, createPageFixture, serve } from '../support/server/page-fixture.ts';
import { annToken, fakeSettings } from '../support/server/server-rig.ts';

describe.skipIf(chromiumPath === undefined)('the page in a browser', () => {
  const { openPage, visit } = useBrowser();

  it('shows everything, asks no other host for anything and reports no error', async () => {
    const fixture = await createPageFixture({ busy: true });
    fixture.board.moreWaiting = true;
    const tab = await openPage(fixture);
    const { page, part, text } = tab;
    await text('Posts of the harbour');
    expect(await page.title()).toBe('Pictures for Facebook posts');
    await text(/^Idle, next look at \d\d:\d\d$/);
    await text(/^LocalAI refuses its key/);
    await part(/^Waiting/)
      .getByText('and more')
      .waitFor();
    expect(
      await part(/^Waiting/)
        .getByRole('listitem')
        .count(),
    ).toBe(9);
    expect(await part(/^Failed/).innerText()).toContain('refused the prompt as unsuitable');
    expect(
      await part(/^Last pictures/)
        .getByRole('img')
        .count(),
    ).toBe(22);
    const first = await part(/^Last pictures/)
      .getByRole('listitem')
      .first()
      .innerText();
    expect(first).toMatch(/harbour at dusk[^]*Hugging Face, FLUX\.1-schnell[^]*4\.5 s, \$0\.003[^]*\$0\.003/);
    expect(
      await part(/^Last pictures/)
        .getByRole('link')
        .first()
        .getAttribute('href'),
    ).toMatch(/^\/pictures\/flux_/);
    expect(await part(/^Providers/).innerText()).toMatch(
      /Hugging Face\s+Out of credit until \d+ \w+[^]*Replicate\s+Not configured/,
    );
    expect(await part(/^Spend/).innerText()).toMatch(/\$3\.126 of \$5\.00[^]*Up to \$0\.006 more/);
    expect(await page.getByRole('img', { name: /pictures in 30 days, most on/ }).count()).toBe(1);
    await part(/^Pictures in/)
      .getByText('As a table')
      .click();
    expect(await page.getByRole('table').innerText()).toMatch(/Hugging Face \d+, Stable Diffusion \d+/);
    expectClean(tab);
  });

  it('says kindly that there is nothing yet', async () => {
    const tab = await openPage(await createPageFixture());
    for (const words of [
      'No row is being served',
      'Nothing waits',
      'Nothing has failed',
      'No pictures yet',
      'No picture has been made',
    ]) {
      await tab.text(words);
    }
    await tab.text('spent; no cap is set');
    expect(tab.errors).toEqual([]);
  });

  it('follows a pass as it happens', async () => {
    const fixture = await createPageFixture({ busy: true });
    const tab = await openPage(fixture);
    const { part, text } = tab;
    await text('Idle, next look at');
    startPass(fixture);
    await text('Working: 0 of 9 rows');
    await part(/^Running/)
      .getByText(/^Asking Stable Diffusion, \d+ s$/)
      .first()
      .waitFor();
    expect(
      await part(/^Waiting/)
        .getByRole('listitem')
        .count(),
    ).toBe(7);
    fixture.events.emit('outcome', { kind: 'failed', post: row(10), error: 'Reword the kite.', attempts: [] });
    await text('Working: 1 of 9 rows');
    await part(/^Failed/)
      .getByText('Reword the kite.')
      .waitFor();
    await part(/^Providers/)
      .getByText('Usually 4.5 s')
      .waitFor();
    await part(/^Providers/)
      .getByText('You have exceeded your monthly included credits.')
      .waitFor();
    expectClean(tab);
  });

  it('says that the connection is lost, and goes on when it is back', async () => {
    const fixture = await createPageFixture();
    const { page, server, text } = await openPage(fixture);
    await text('Posts of the harbour');
    await server.close();
    await text('Connection lost, trying again…');
    fixture.board.title = 'Posts of the hills';
    await serve(fixture, fakeSettings({ tokens: [], port: Number(new URL(server.url).port) }));
    await text('Posts of the hills');
    await page.getByText('Connection lost').waitFor({ state: 'detached' });
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Posts of the hills');
  });

  it('leads to the login and back, and there again when the session has ended', async () => {
    const fixture = await createPageFixture();
    const { page, server, context, button, text } = await openPage(fixture, {}, fakeSettings());
    expect(new URL(page.url()).pathname).toBe('/login');
    await page.getByLabel('Token').fill(annToken);
    await button('Log in').click();
    await text('Posts of the harbour');
    await button('Log out').click();
    await page.waitForURL('**/login*');
    await page.getByLabel('Token').fill(annToken);
    await button('Log in').click();
    await text('Posts of the harbour');
    await context.clearCookies();
    await server.close();
    await serve(fixture, fakeSettings({ port: Number(new URL(server.url).port) }));
    await page.waitForURL(/\/login\?next=/);
  });

  it('refreshes itself now and then when there is no room for its stream', async () => {
    const fixture = await createPageFixture();
    const server = await serve(fixture);
    const leaving = new AbortController();
    onTestFinished(async () => leaving.abort());
    const streams = Array.from({ length: 10 }, () => fetch(`${server.url}/api/events`, { signal: leaving.signal }));
    for (const stream of streams) expect((await stream).status).toBe(200);
    const { text } = await visit(server);
    await text('this one is refreshed every ten seconds');
    await text('Nothing waits');
  });

  it('shows hostile titles, prompts and errors as the text that they are', async () => {
    const fixture = await createPageFixture();
    const hostile = '<img src=x onerror="document.title=1">';
    fixture.board.failed = [
      row(1, { title: hostile, error: hostile, url: 'javascript:document.title=2' }),
      row(2, { title: 'W'.repeat(300), error: 'e'.repeat(2000) }),
    ];
    fixture.board.waiting = [row(3, { title: 'מזל טוב לכל המתנדבים' }), row(4, { title: '' })];
    fixture.images = [
      {
        file: 'flux_generated_20261121_100000_1.png',
        generatedAt: ago(1),
        width: 8,
        height: 8,
        prompt: hostile,
        provider: hostile,
        model: hostile,
        why: hostile,
        costUsd: 0,
      },
    ];
    const tab = await openPage(fixture, { viewport: { width: 320, height: 700 } });
    const { page, part, text } = tab;
    await part(/^Waiting/)
      .getByText('Untitled')
      .waitFor();
    await text(hostile);
    expect(
      await part(/^Last pictures/)
        .getByText(hostile)
        .count(),
    ).toBeGreaterThan(1);
    expect(await page.locator('img[src=x], a[href^=javascript]').count()).toBe(0);
    expect(await page.evaluate('getComputedStyle(document.querySelector(".waiting a")).direction')).toBe('rtl');
    const long = part(/^Failed/).getByText(/^W{300}$/);
    const before = await long.boundingBox();
    await long.click();
    expect((await long.boundingBox())?.height).toBeGreaterThan(before?.height ?? 0);
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    expectClean(tab);
  });

  describe.each([
    ['light', { colorScheme: 'light', viewport: { width: 1280, height: 900 } }],
    ['dark', { colorScheme: 'dark', viewport: { width: 1280, height: 900 } }],
    ['narrow', { viewport: { width: 320, height: 700 }, hasTouch: true }],
  ] as const)('%s', (_, options) => {
    it('has no serious fault that axe finds, and never scrolls sideways', async () => {
      const fixture = await createPageFixture({ busy: true });
      fixture.readiness = { ok: false, reason: 'Notion gives no answer.' };
      const { page, button, text } = await openPage(fixture, options);
      await text('Posts of the harbour');
      startPass(fixture);
      await text('Working: 0 of 9 rows');
      await button('Pause').click();
      await text('Paused since');
      expect(await faults(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    });
  });

  it('has buttons large enough for a thumb on a narrow screen', async () => {
    const { page, text } = await openPage(await createPageFixture({ busy: true }), {
      viewport: { width: 360, height: 740 },
    });
    await text('Posts of the harbour');
    const sizes = z
      .array(z.number())
      .parse(
        await page.evaluate(
          '[...document.querySelectorAll("button, select, textarea")].map((element) => element.getBoundingClientRect().height)',
        ),
      );
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(44);
  });
});

/** What axe finds that is serious or worse. */
async function faults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const results = await page.evaluate('axe.run(document, { resultTypes: ["violations"] })');
  const { violations } = z
    .object({
      violations: z.array(
        z.object({ id: z.string(), impact: z.string().nullable(), nodes: z.array(z.object({ html: z.string() })) }),
      ),
    })
    .parse(results);
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}
