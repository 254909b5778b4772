import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { openBrowser, openTab, type Tab } from './browser.ts';
import { createScene, type Scene } from './page-fixture.ts';
import { fakeSettings, type OpenServer, openServer } from './setup.ts';

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

/** Ends with the test. */
export const afterwards = (close: () => Promise<unknown>): void => void open.push(close);

export async function newScene(options: { busy?: boolean } = {}): Promise<Scene> {
  const scene = await createScene(options);
  afterwards(() => scene[Symbol.asyncDispose]());
  return scene;
}

/** A server for the scene; without a login unless the settings say otherwise. */
export async function serve(scene: Scene, settings = fakeSettings({ tokens: [] })): Promise<OpenServer> {
  const server = await openServer({ parts: scene.parts, settings });
  afterwards(() => server.close());
  return server;
}

/** A browser for the tests of a group, and its tabs. */
export function useBrowser() {
  let browser: Browser;
  beforeAll(async () => void (browser = await openBrowser()));
  afterAll(async () => browser.close());

  const visit = async (server: OpenServer, options: Parameters<typeof openTab>[2] = {}) => {
    const tab = await openTab(browser, server.url, options);
    afterwards(() => tab.context.close());
    return { server, ...tab, ...wordsOf(tab.page) };
  };
  return {
    visit,
    /** The page of the scene, in a tab of its own. */
    openPage: async (
      scene: Scene,
      options: Parameters<typeof openTab>[2] = {},
      settings = fakeSettings({ tokens: [] }),
    ) => visit(await serve(scene, settings), options),
  };
}

function wordsOf(page: Page) {
  return {
    button: (name: string) => page.getByRole('button', { name, exact: true }),
    part: (name: RegExp) => page.getByRole('region', { name }),
    text: (words: string | RegExp) => page.getByText(words).first().waitFor(),
  };
}

/** Nothing went wrong in the tab, and it asked nobody else for anything. */
export function expectClean({ errors, origins, server }: Tab & { server: OpenServer }): void {
  expect(errors).toEqual([]);
  expect([...origins]).toEqual([server.url]);
}
