import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { startEmulatedHuggingFace } from '../../src/emulators/hugging-face/server.ts';
import { openWorkerRig } from '../support/worker/setup.ts';
import { chromiumPath, expectClean, useBrowser } from '../support/server/browser.ts';
import { openWorkerServer } from '../support/server/worker-server.ts';

async function openWithHuggingFace(overrides: Record<string, string> = {}) {
  const rig = await openWorkerRig();
  const huggingFace = await startEmulatedHuggingFace({ behaviour: 'ok' });
  onTestFinished(() => huggingFace.close());
  Object.assign(rig.variables, {
    IMAGE_PROVIDERS: 'huggingface,placeholder',
    HUGGINGFACE_API_KEY: 'hf_test_key',
    HF_ENDPOINT: huggingFace.url,
    HF_HUB_URL: huggingFace.hubUrl,
  });
  return { rig, huggingFace, server: await openWorkerServer(rig, overrides) };
}

describe.skipIf(chromiumPath === undefined)('the page of a running worker', () => {
  const { newPage, visit } = useBrowser();

  it('makes a picture, pauses, resumes, and shows rows from marked to made as they go', async () => {
    const { rig, server, huggingFace } = await openWithHuggingFace();
    const tab = await visit(server);
    const { page, button, part } = tab;
    await page.getByRole('heading', { level: 1, name: 'Facebook posts' }).waitFor();

    await page.getByLabel('Prompt', { exact: true }).fill('A lighthouse at dusk');
    await button('Make a picture').click();
    const gallery = part(/^Last pictures/);
    await gallery.getByText('A lighthouse at dusk').waitFor();

    await button('Pause').click();
    await page.getByText(/^Paused since/).waitFor();
    const [id = ''] = rig.addRows(1, { Name: 'Boats on Saturday', Prompt: 'Boats in the harbour' });
    await button('Resume').click();
    await gallery.getByText('Boats in the harbour').waitFor();
    expect(rig.text(id, 'Status')).toBe('Image ready');
    const shown = gallery.getByRole('img').first();
    await vi.waitUntil(async () => (await shown.evaluate('(image) => image.naturalWidth')) !== 0);

    huggingFace.set(() => ({ status: 400, body: { error: 'the prompt was flagged as NSFW content' } }));
    rig.addRows(1, { Name: 'A doubtful one', Prompt: 'Something doubtful' });
    await button('Run now').click();
    const failed = part(/^Failed/);
    await failed.getByText('A doubtful one').waitFor();
    huggingFace.set('ok');
    await failed.getByRole('button', { name: 'Try again' }).click();
    await gallery.getByText('Something doubtful').waitFor();
    await failed.getByText('Nothing has failed').waitFor();
    expectClean(tab);
  });

  it('stands beside a plain page of the same origin that posts with its token and shows the picture', async () => {
    const { server } = await openWithHuggingFace({ API_TOKENS: 'shop:token-of-the-shop' });
    const page = await newPage();
    await page.route(`${server.url}/shop.html`, (route) =>
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
    await page.goto(`${server.url}/shop.html`);
    const sizeOf = () => page.evaluate('[document.images[0].naturalWidth, document.images[0].naturalHeight].join()');
    await vi.waitUntil(async () => (await sizeOf()) !== '0,0', { timeout: 30_000, interval: 50 });
    expect(await sizeOf()).toBe('256,320');
  });
});
