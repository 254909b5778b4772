import { describe, expect, it } from 'vitest';
import { silentLog } from '../../src/lib/log.ts';
import { openBudget } from '../../src/chain/budget.ts';
import { why } from '../../src/messages/row.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createSpendFilesInMemory } from '../support/chain/budget-rig.ts';
import { createWhole, rowMs } from '../support/chain/chain-rig.ts';
import { createContext, failure, request } from '../support/chain/rig.ts';

/** Hugging Face at 0.003 dollars an image, Stable Diffusion for nothing, the placeholder. */
async function createCapped(capUsd: number) {
  const clock = createFakeClock();
  const budget = await openBudget({ capUsd, files: createSpendFilesInMemory(), clock, log: silentLog });
  const whole = createWhole({ clock, budget });
  const ask = async (preferred?: string) => {
    const context = createContext({ clock, rowMs });
    const { provider } = await whole.chain.generate(
      { ...request, ...(preferred !== undefined && { preferred }) },
      context,
    );
    return { provider, why: why(context.attempts, clock.now()) };
  };
  return { ...whole, budget, ask };
}

describe('a chain with a budget', () => {
  it('goes on with free providers when it is reached, and back in the next month', async () => {
    const { ask, chain, clock, huggingFace, stableDiffusion } = await createCapped(0.003);
    huggingFace.always('picture');
    stableDiffusion.always('picture');
    expect((await ask()).provider).toBe('huggingface');
    expect(await ask()).toEqual({
      provider: 'stable-diffusion',
      why: 'Hugging Face left out, the budget is reached → Stable Diffusion, 0 ms, free',
    });
    expect(chain.state().map(({ admits }) => admits)).toEqual([false, true, true]);
    expect(chain.state()[0]?.breaker.kind).toBe('closed');
    clock.advance(Date.UTC(2026, 11, 1) - clock.now());
    expect((await ask()).provider).toBe('huggingface');
  });

  it('counts each repeated call by itself', async () => {
    const { ask, budget, huggingFace, stableDiffusion } = await createCapped(0.01);
    huggingFace.script(failure('loading', { status: 503, retryAfterMs: 2000 }), 'picture');
    expect((await ask()).provider).toBe('huggingface');
    expect(await budget.state()).toMatchObject({ spentUsd: 0.003, possibleUsd: 0 });
    huggingFace.script(failure('unavailable', { status: 500, sent: true }));
    stableDiffusion.script('picture');
    expect((await ask()).why).toBe('Hugging Face had a fault (maybe $0.003 spent) → Stable Diffusion, 0 ms, free');
    expect(await budget.state()).toMatchObject({ spentUsd: 0.003, possibleUsd: 0.003 });
  });

  it('waits for a busy free provider rather than draw a placeholder, for no paid one is left', async () => {
    const { ask, clock, stableDiffusion, placeholder } = await createCapped(0);
    stableDiffusion.script(failure('rate_limited', { retryAfterMs: 60_000 }), 'picture');
    placeholder.always('picture');
    expect((await ask('stable-diffusion')).provider).toBe('stable-diffusion');
    expect(clock.sleeps).toEqual([60_000]);
  });

  it('is not open for real images when only paid providers would be asked', async () => {
    const { chain, stableDiffusion, huggingFace, ask, placeholder } = await createCapped(0);
    expect(chain.real.isOpen()).toBe(true);
    stableDiffusion.script(failure('unauthorized'));
    placeholder.script('picture');
    await ask();
    expect(chain.real.isOpen()).toBe(false);
    expect(huggingFace.calls).toEqual([]);
  });

  it('lets in as many rows as the free provider takes', async () => {
    const { chain } = await createCapped(0);
    const { signal } = new AbortController();
    const slot = await chain.takeSlot(signal);
    let isIn = false;
    const second = chain.takeSlot(signal).then((own) => {
      isIn = true;
      return own;
    });
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    expect(isIn).toBe(false);
    slot();
    (await second)();
  });
});
