import { type Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { startEmulatedHuggingFace } from '../../src/emulators/hugging-face/server.ts';
import { openOffice } from '../support/worker/setup.ts';
import { chromiumPath, openBrowser, openTab } from '../support/server/browser.ts';
import { openHouse } from '../support/server/house.ts';

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

async function openRealHouse(overrides: Record<string, string> = {}) {
  const office = await openOffice();
  const huggingFace = await startEmulatedHuggingFace({ behaviour: 'ok' });
  open.push(() => huggingFace.close());
  Object.assign(office.variables, {
    IMAGE_PROVIDERS: 'huggingface,placeholder',
    HUGGINGFACE_API_KEY: 'hf_test_key',
    HF_ENDPOINT: huggingFace.url,
    HF_HUB_URL: huggingFace.hubUrl,
  });
  return { office, huggingFace, house: await openHouse(office, overrides) };
}

describe.skipIf(chromiumPath === undefined)('the page of a running worker', () => {
  let browser: Browser;
  beforeAll(async () => void (browser = await openBrowser()));
  afterAll(async () => browser.close());

  const visit = async (address: string) => {
    const tab = await openTab(browser, address);
    open.push(() => tab.context.close());
    const { page } = tab;
    return {
      ...tab,
      button: (name: string) => page.getByRole('button', { name, exact: true }),
      part: (name: RegExp) => page.getByRole('region', { name }),
    };
  };

  it('makes a picture, pauses, resumes, and shows rows from marked to made as they go', async () => {
    const { office, house, huggingFace } = await openRealHouse();
    const { page, button, part, errors, origins } = await visit(house.url);
    await page.getByRole('heading', { level: 1, name: 'Facebook posts' }).waitFor();

    await page.getByLabel('Prompt', { exact: true }).fill('A lighthouse at dusk');
    await button('Make a picture').click();
    const gallery = part(/^Last pictures/);
    await gallery.getByText('A lighthouse at dusk').waitFor();

    await button('Pause').click();
    await page.getByText(/^Paused since/).waitFor();
    const [id = ''] = office.addRows(1, { Name: 'Boats on Saturday', Prompt: 'Boats in the harbour' });
    await button('Resume').click();
    await gallery.getByText('Boats in the harbour').waitFor();
    expect(office.text(id, 'Status')).toBe('Image ready');
    const shown = gallery.getByRole('img').first();
    await vi.waitUntil(async () => (await shown.evaluate('(image) => image.naturalWidth')) !== 0);

    huggingFace.set(() => ({ status: 400, body: { error: 'the prompt was flagged as NSFW content' } }));
    office.addRows(1, { Name: 'A doubtful one', Prompt: 'Something doubtful' });
    await button('Run now').click();
    const failed = part(/^Failed/);
    await failed.getByText('A doubtful one').waitFor();
    huggingFace.set('ok');
    await failed.getByRole('button', { name: 'Try again' }).click();
    await gallery.getByText('Something doubtful').waitFor();
    await failed.getByText('Nothing has failed').waitFor();
    expect(errors).toEqual([]);
    expect([...origins]).toEqual([house.url]);
  });

  it('stands beside a plain page of the same origin that posts with its token and shows the picture', async () => {
    const { house } = await openRealHouse({ API_TOKENS: 'shop:token-of-the-shop' });
    const context = await browser.newContext();
    open.push(() => context.close());
    const page = await context.newPage();
    await page.route(`${house.url}/shop.html`, (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<!doctype html><title>Shop</title><img alt="made"><script type="module">
          const response = await fetch('/api/ai/generate-image', {
            method: 'POST',
            headers: { 'content-type': 'application/json', authorization: 'Bearer token-of-the-shop' },
            body: JSON.stringify({ prompt: 'A kite', width: 256, height: 320 }),
          });
          document.querySelector('img').src = (await response.json()).imageUrl;
        </script>`,
      }),
    );
    await page.goto(`${house.url}/shop.html`);
    const sizeOf = () => page.evaluate('[document.images[0].naturalWidth, document.images[0].naturalHeight].join()');
    await vi.waitUntil(async () => (await sizeOf()) !== '0,0', { timeout: 30_000, interval: 50 });
    expect(await sizeOf()).toBe('256,320');
  });
});
