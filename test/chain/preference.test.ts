import { describe, expect, it } from 'vitest';
import { createWhole, outOfCredit, rowMs } from '../support/chain/chain-rig.ts';
import { createContext, failure, reasonOf, request } from '../support/chain/rig.ts';

function createOpen() {
  const whole = createWhole();
  for (const provider of [whole.huggingFace, whole.stableDiffusion, whole.placeholder]) provider.always('picture');
  const ask = (preferred?: string) =>
    whole.chain.generate(
      { ...request, ...(preferred !== undefined && { preferred }) },
      createContext({ clock: whole.clock, rowMs }),
    );
  return { ...whole, ask };
}

describe('a preferred provider', () => {
  it.each(['stable-diffusion', 'Stable Diffusion', ' STABLE diffusion '])(
    'is asked first when called %j',
    async (name) => {
      const { ask, huggingFace } = createOpen();
      const image = await ask(name);
      expect(image.provider).toBe('stable-diffusion');
      expect(image.warnings).toBeUndefined();
      expect(huggingFace.calls).toEqual([]);
    },
  );

  it('is followed by the others in their order, the placeholder last', async () => {
    const { chain, clock, huggingFace, stableDiffusion, placeholder } = createWhole();
    stableDiffusion.script(failure('invalid_request'));
    huggingFace.script(failure('invalid_request'));
    placeholder.script('picture');
    const context = createContext({ clock, rowMs });
    await chain.generate({ ...request, preferred: 'stable-diffusion' }, context);
    expect(context.attempts.map(({ provider }) => provider)).toEqual([
      'stable-diffusion',
      'huggingface',
      'placeholder',
    ]);
  });

  it('is left out like any other when it is shut, and shuts for everyone', async () => {
    const { ask, chain, huggingFace } = createOpen();
    huggingFace.script(outOfCredit);
    expect((await ask('huggingface')).provider).toBe('stable-diffusion');
    expect((await ask('huggingface')).provider).toBe('stable-diffusion');
    expect(huggingFace.calls).toHaveLength(1);
    expect(chain.state()[0]?.admits).toBe(false);
  });

  it('leaves time for those that come after it in this row', async () => {
    const { chain, clock, stableDiffusion, huggingFace } = createOpen();
    const context = createContext({ clock, rowMs: 20_000 });
    await chain.generate({ ...request, preferred: 'stable-diffusion' }, context);
    expect(stableDiffusion.calls).toHaveLength(1);
    const short = createContext({ clock, rowMs: 15_000 });
    await chain.generate({ ...request, preferred: 'stable-diffusion' }, short);
    expect(short.attempts.map(({ outcome }) => outcome)).toEqual(['timeout', 'ok']);
    expect([stableDiffusion.calls.length, huggingFace.calls.length]).toEqual([1, 1]);
  });

  it.each([
    ['Midjourney', 'Preferred provider "Midjourney" is not configured (choose from Hugging Face, Stable Diffusion)'],
    ['placeholder', 'Preferred provider "placeholder" is not configured (choose from Hugging Face, Stable Diffusion)'],
    [
      'x'.repeat(2000),
      `Preferred provider "${'x'.repeat(39)}…" is not configured (choose from Hugging Face, Stable Diffusion)`,
    ],
  ])('that is unknown is passed over, and the image says so', async (preferred, note) => {
    const image = await createOpen().ask(preferred);
    expect(image.provider).toBe('huggingface');
    expect(image.warnings).toEqual([note]);
  });

  it('adds its note to what the provider could not honour', async () => {
    const { ask, huggingFace } = createOpen();
    huggingFace.script(async () => ({ ...(await createOpen().ask()), warnings: ['no steps'] }));
    expect((await ask('nobody')).warnings).toEqual(['no steps', expect.stringContaining('"nobody"')]);
  });

  it('may be asked first among the real ones alone', async () => {
    const { chain, clock, stableDiffusion, huggingFace, placeholder } = createWhole();
    stableDiffusion.script(failure('invalid_request'));
    huggingFace.script(failure('invalid_request'));
    const context = createContext({ clock, rowMs });
    await reasonOf(chain.real.generate({ ...request, preferred: 'stable-diffusion' }, context));
    expect(context.attempts.map(({ provider }) => provider)).toEqual(['stable-diffusion', 'huggingface']);
    expect(placeholder.calls).toEqual([]);
  });
});
