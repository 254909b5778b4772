import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import { type PageFixture, serve } from './page-fixture.ts';
import { fakeSettings } from './server-rig.ts';

/** A real Chromium, where this machine has one. */
export const chromiumPath = [
  process.env['CHROMIUM_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path !== undefined && path !== '' && existsSync(path));

// oxlint-disable-next-line no-console -- whoever runs the tests has to know what they did not prove
if (chromiumPath === undefined) console.log('skipped: no Chromium; set CHROMIUM_PATH');

async function openBrowser(): Promise<Browser> {
  if (chromiumPath === undefined) throw new Error('no Chromium; set CHROMIUM_PATH');
  return chromium.launch({
    executablePath: chromiumPath,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** A tab, and what went wrong in it. */
export interface Tab {
  page: Page;
  context: BrowserContext;
  /** Where it was opened. */
  server: { url: string };
  /** Errors of the console and of scripts; tests that expect one empty it. */
  errors: string[];
  /** Origins that anything was asked of. */
  origins: Set<string>;
}

type ContextOptions = Parameters<Browser['newContext']>[0];

/** A browser for the tests of a group; its tabs end with their tests. */
export function useBrowser() {
  let browser: Browser;
  beforeAll(async () => void (browser = await openBrowser()));
  afterAll(async () => browser.close());

  /** An empty tab. */
  const newPage = async (options: ContextOptions = {}): Promise<Page> => {
    const context = await browser.newContext({ timezoneId: 'Europe/Berlin', ...options });
    onTestFinished(() => context.close());
    return context.newPage();
  };

  /** A tab at the server's address, and how its page is read. */
  const visit = async <S extends { url: string }>(server: S, options: ContextOptions = {}) => {
    const page = await newPage(options);
    const errors: string[] = [];
    const origins = new Set<string>();
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('request', (request) => origins.add(new URL(request.url()).origin));
    await page.goto(server.url);
    return {
      page,
      context: page.context(),
      server,
      errors,
      origins,
      button: (name: string) => page.getByRole('button', { name, exact: true }),
      part: (name: RegExp) => page.getByRole('region', { name }),
      text: (words: string | RegExp) => page.getByText(words).first().waitFor(),
    };
  };

  return {
    newPage,
    visit,
    /** The page of the fixture, in a tab of its own. */
    openPage: async (fixture: PageFixture, options: ContextOptions = {}, settings = fakeSettings({ tokens: [] })) =>
      visit(await serve(fixture, settings), options),
  };
}

/** Nothing went wrong in the tab, and it asked nobody else for anything. */
export function expectClean({ errors, origins, server }: Tab): void {
  expect(errors).toEqual([]);
  expect([...origins]).toEqual([server.url]);
}
