import { describe, expect, it } from 'vitest';
import { createWhole, dayMs, outOfCredit, rowMs } from '../support/chain/chain-rig.ts';
import { createContext, failure, reasonOf, request, flushPromises } from '../support/chain/rig.ts';

describe('createChain, at its entrance', () => {
  const { signal } = new AbortController();

  it('lets in as many rows as the first open provider takes', async () => {
    const { chain } = createWhole();
    const slots = await Promise.all(Array.from({ length: 8 }, () => chain.takeSlot(signal)));
    let isIn = false;
    const ninth = chain.takeSlot(signal).then((slot) => {
      isIn = true;
      return slot;
    });
    await flushPromises();
    expect(isIn).toBe(false);
    slots[0]?.();
    await ninth;
    slots[0]?.();
    const controller = new AbortController();
    const tenth = reasonOf(chain.takeSlot(controller.signal));
    await flushPromises();
    controller.abort('stopping');
    expect(await tenth).toBe('stopping');
  });

  it('follows providers that shut and open', async () => {
    const { chain, clock, huggingFace, stableDiffusion } = createWhole();
    const isFull = async () => {
      const controller = new AbortController();
      const entered = chain.takeSlot(controller.signal).then(
        (slot) => {
          slot();
          return false;
        },
        () => true,
      );
      await flushPromises();
      controller.abort();
      return entered;
    };
    const slot = await chain.takeSlot(signal);
    expect(await isFull()).toBe(false);
    huggingFace.script(outOfCredit, 'picture');
    stableDiffusion.always('picture');
    await chain.generate(request, createContext({ clock, rowMs }));
    expect(await isFull()).toBe(true);
    let isIn = false;
    const waiting = chain.takeSlot(signal).then((next) => {
      isIn = true;
      return next;
    });
    await flushPromises();
    expect(isIn).toBe(false);
    await chain.forget('huggingface');
    (await waiting)();
    slot();
  });

  it('has room for a probe beside the rows of the next provider', async () => {
    const { chain, clock, huggingFace, stableDiffusion } = createWhole();
    huggingFace.script(outOfCredit);
    stableDiffusion.always('picture');
    await chain.generate(request, createContext({ clock, rowMs }));
    clock.advance(dayMs);
    const slots = await Promise.all([chain.takeSlot(signal), chain.takeSlot(signal)]);
    expect(slots).toHaveLength(2);
    const controller = new AbortController();
    const third = reasonOf(chain.takeSlot(controller.signal));
    await flushPromises();
    controller.abort('full');
    expect(await third).toBe('full');
  });

  it('counts the placeholder only when no real provider is open', async () => {
    const { chain, clock, huggingFace, stableDiffusion, placeholder } = createWhole();
    huggingFace.script(outOfCredit);
    stableDiffusion.script(failure('unauthorized'));
    placeholder.script('picture');
    await chain.generate(request, createContext({ clock, rowMs }));
    await Promise.all([chain.takeSlot(signal), chain.takeSlot(signal)]);
    const controller = new AbortController();
    const third = reasonOf(chain.takeSlot(controller.signal));
    await flushPromises();
    controller.abort('full');
    expect(await third).toBe('full');
  });
});
