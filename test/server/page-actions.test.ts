import { describe, expect, it } from 'vitest';
import { ChainExhaustedError, ProviderError } from '../../src/core/errors.ts';
import { chromiumPath, expectClean, useBrowser } from '../support/server/browser.ts';
import { ago, attempt, row, rowId, createPageFixture } from '../support/server/page-fixture.ts';
import { providerState } from '../support/chain/provider-state.ts';

describe.skipIf(chromiumPath === undefined)('what people do on the page', () => {
  const { openPage } = useBrowser();

  it('makes a picture from a prompt, and shows it in the gallery too', async () => {
    const fixture = await createPageFixture();
    let go = (): void => undefined;
    fixture.generate = () => new Promise((resolve) => (go = resolve));
    const tab = await openPage(fixture);
    const { page, button, part, text } = tab;
    await page.getByLabel('Prompt', { exact: true }).fill('A lighthouse at dusk');
    await page.getByLabel('Size').selectOption({ label: 'Another size…' });
    await page.getByLabel('Width').fill('640');
    await page.getByLabel('Height').fill('320');
    await page.getByLabel('Let a drawn card serve').check();
    await button('Make a picture').click();
    await text(/Making the picture, \d+ s/);
    expect(await button('Make a picture').isDisabled()).toBe(true);
    expect(fixture.asked).toEqual(['generate A lighthouse at dusk 640x320 true']);
    go();
    const made = part(/^Try a prompt/).getByRole('img');
    await made.waitFor();
    expect(await page.evaluate('document.querySelector(".made img").decode().then(() => "shown")')).toBe('shown');
    await part(/^Last pictures/)
      .getByText('A lighthouse at dusk')
      .waitFor();
    await text('The picture is ready.');
    expect(await button('Make a picture').isDisabled()).toBe(false);
    expectClean(tab);
  });

  it('cancels a picture that takes too long', async () => {
    const fixture = await createPageFixture();
    const cancelled = new Promise<void>((resolve) => {
      fixture.generate = (job) =>
        new Promise((_, reject) =>
          job.signal.addEventListener('abort', () => {
            resolve();
            reject(job.signal.reason);
          }),
        );
    });
    const tab = await openPage(fixture);
    const { page, button, text } = tab;
    await page.getByLabel('Prompt', { exact: true }).fill('A lighthouse');
    await button('Make a picture').click();
    await button('Cancel').click();
    await text('Cancelled.');
    await cancelled;
    expect(tab.errors).toEqual([]);
  });

  it('tells why there is no picture, by every provider, with what to do', async () => {
    const fixture = await createPageFixture();
    fixture.generate = async () => {
      const last = new ProviderError('unreachable', 'Stable Diffusion API is not accessible at http://127.0.0.1:7860');
      const attempts = [
        attempt({ outcome: 'out_of_credit', detail: 'no credit <b>left</b>', until: ago(-20_000) }),
        attempt({
          provider: 'stable-diffusion',
          label: 'Stable Diffusion',
          outcome: 'unreachable',
          detail: last.message,
        }),
      ];
      throw new ChainExhaustedError(attempts, last);
    };
    const { page, button, errors } = await openPage(fixture);
    await page.getByLabel('Prompt', { exact: true }).fill('A lighthouse');
    await button('Make a picture').click();
    const notice = page.getByRole('alert');
    await notice.waitFor();
    const words = await notice.innerText();
    expect(words).toMatch(
      /^Image generation failed with all providers\. Last error: Stable Diffusion API is not accessible/,
    );
    expect(words).toMatch(/Hugging Face: no credit <b>left<\/b>\s+Buy credit at Hugging Face/);
    expect(words).toMatch(/Asked again from \d+ \w+\s+Stable Diffusion: [^]*Check that Stable Diffusion runs/);
    expect(errors).toEqual([expect.stringContaining('502')]);
  });

  it('tries a failed row again, and lets it go when the board says so', async () => {
    const fixture = await createPageFixture({ busy: true });
    const tab = await openPage(fixture);
    const { page, part, text } = tab;
    const name = row(3).title;
    await page.getByRole('button', { name: `Try again: ${name}` }).click();
    await text(`“${name}” is marked again.`);
    expect(fixture.asked).toEqual([`retry ${rowId(3)}`, 'pass request']);
    expect(await page.getByRole('button', { name: `Marked again: ${name}` }).isDisabled()).toBe(true);
    fixture.events.emit('pendingRead', { posts: [row(3), ...fixture.board.waiting], isFirst: true, more: false });
    await part(/^Waiting/)
      .getByText(name)
      .first()
      .waitFor();
    await page.getByRole('button', { name: `Marked again: ${name}` }).waitFor({ state: 'detached' });
    expectClean(tab);
  });

  it('pauses, resumes and runs', async () => {
    const fixture = await createPageFixture();
    const tab = await openPage(fixture);
    const { button, text } = tab;
    await button('Pause').click();
    await text(/^Paused since \d\d:\d\d$/);
    expect(await button('Run now').isDisabled()).toBe(true);
    await button('Resume').click();
    await text('Idle');
    await button('Run now').click();
    await text('A pass is about to begin');
    expect(fixture.asked).toEqual(['pause', 'resume', 'pass request']);
    expectClean(tab);
  });

  it('asks a provider again that was left out', async () => {
    const fixture = await createPageFixture({ busy: true });
    const { page, text } = await openPage(fixture);
    await page.getByRole('button', { name: 'Ask again: Hugging Face' }).click();
    await text('Hugging Face is asked again from now on.');
    expect(fixture.asked).toEqual(['forget huggingface']);
    fixture.chain = fixture.chain.map(({ name, label }) => providerState(name, label));
    await page.getByRole('button', { name: 'Ask again: Hugging Face' }).waitFor({ state: 'detached' });
  });

  it('says what went wrong with an action, and frees its button', async () => {
    const fixture = await createPageFixture();
    fixture.parts.passes.request = () => undefined;
    const { page, button } = await openPage(fixture);
    await button('Run now').click();
    const notice = page.getByRole('status').filter({ hasText: 'Close' });
    await notice.waitFor();
    expect(await notice.innerText()).toMatch(/stopping|asks? again|minute/i);
    expect(await button('Run now').isDisabled()).toBe(false);
    await button('Close').click();
    await notice.waitFor({ state: 'detached' });
  });

  it('can be used with the keyboard alone, and keeps its place', async () => {
    const fixture = await createPageFixture({ busy: true });
    const { page, text } = await openPage(fixture);
    await text('Posts of the harbour');
    const focused = async () =>
      String(
        await page.evaluate(
          '(document.activeElement.ariaLabel ?? document.activeElement.textContent ?? "") + "|" + (document.activeElement.id ?? "")',
        ),
      );
    const reach = async (name: string) => {
      for (let step = 0; step < 80; step += 1) {
        await page.keyboard.press('Tab');
        if ((await focused()).includes(name)) return;
      }
      throw new Error(`Tab never reaches ${name}`);
    };
    await reach('Skip to the content');
    await page.keyboard.press('Enter');
    expect(await focused()).toContain('|main');
    await page.keyboard.press('Shift+Tab');
    expect(await focused()).toContain('Pause');
    await page.keyboard.press('Enter');
    await text('Paused since');
    expect(await focused()).toContain('Resume');
    await page.keyboard.press('Enter');
    await text('Idle, next look');
    await reach(`Try again: ${row(3).title}`);
    await page.keyboard.press('Enter');
    await text('is marked again');
    expect(await focused()).toContain('Marked again');
    await reach('|prompt');
    await page.keyboard.type('A kite');
    await reach('Make a picture');
    await page.keyboard.press('Enter');
    await text('The picture is ready.');
    await reach('Ask again: Hugging Face');
    await page.keyboard.press('Enter');
    await text('is asked again from now on');
    expect(fixture.asked).toEqual([
      'pause',
      'resume',
      `retry ${rowId(3)}`,
      'pass request',
      'generate A kite 512x512 false',
      'forget huggingface',
    ]);
  });
});
