import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

/** A real Chromium, where this machine has one. */
export const chromiumPath = [
  process.env['CHROMIUM_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path !== undefined && path !== '' && existsSync(path));

// oxlint-disable-next-line no-console -- whoever runs the tests has to know what they did not prove
if (chromiumPath === undefined) console.log('skipped: no Chromium; set CHROMIUM_PATH');

/** Starts the browser. Whoever opens it closes it. */
export async function openBrowser(): Promise<Browser> {
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
  /** Errors of the console and of scripts; tests that expect one empty it. */
  errors: string[];
  /** Origins that anything was asked of. */
  origins: Set<string>;
}

/** Opens a tab at the address. */
export async function openTab(
  browser: Browser,
  address: string,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<Tab> {
  const context = await browser.newContext({ timezoneId: 'Europe/Berlin', ...options });
  const page = await context.newPage();
  const errors: string[] = [];
  const origins = new Set<string>();
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('request', (request) => origins.add(new URL(request.url()).origin));
  await page.goto(address);
  return { page, context, errors, origins };
}
