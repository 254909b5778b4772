import { describe, expect, it } from 'vitest';
import { createWhole, dayMs, outOfCredit, rowMs } from '../support/chain/chain-rig.ts';
import { createContext, failure, reasonOf, request, settled } from '../support/chain/rig.ts';

describe('createChain, at its entrance', () => {
  const { signal } = new AbortController();

  it('lets in as many rows as the first open provider takes', async () => {
    const { chain } = createWhole();
    const tickets = await Promise.all(Array.from({ length: 8 }, () => chain.enter(signal)));
    let isIn = false;
    const ninth = chain.enter(signal).then((ticket) => {
      isIn = true;
      return ticket;
    });
    await settled();
    expect(isIn).toBe(false);
    tickets[0]?.();
    await ninth;
    tickets[0]?.();
    const controller = new AbortController();
    const tenth = reasonOf(chain.enter(controller.signal));
    await settled();
    controller.abort('stopping');
    expect(await tenth).toBe('stopping');
  });

  it('follows providers that shut and open', async () => {
    const { chain, clock, huggingFace, stableDiffusion } = createWhole();
    const isFull = async () => {
      const controller = new AbortController();
      const entered = chain.enter(controller.signal).then(
        (ticket) => {
          ticket();
          return false;
        },
        () => true,
      );
      await settled();
      controller.abort();
      return entered;
    };
    const ticket = await chain.enter(signal);
    expect(await isFull()).toBe(false);
    huggingFace.script(outOfCredit, 'picture');
    stableDiffusion.always('picture');
    await chain.generate(request, createContext({ clock, rowMs }));
    expect(await isFull()).toBe(true);
    let isIn = false;
    const waiting = chain.enter(signal).then((next) => {
      isIn = true;
      return next;
    });
    await settled();
    expect(isIn).toBe(false);
    await chain.forget('huggingface');
    (await waiting)();
    ticket();
  });

  it('has room for a probe beside the rows of the next provider', async () => {
    const { chain, clock, huggingFace, stableDiffusion } = createWhole();
    huggingFace.script(outOfCredit);
    stableDiffusion.always('picture');
    await chain.generate(request, createContext({ clock, rowMs }));
    clock.advance(dayMs);
    const tickets = await Promise.all([chain.enter(signal), chain.enter(signal)]);
    expect(tickets).toHaveLength(2);
    const controller = new AbortController();
    const third = reasonOf(chain.enter(controller.signal));
    await settled();
    controller.abort('full');
    expect(await third).toBe('full');
  });

  it('counts the card only when no real provider is open', async () => {
    const { chain, clock, huggingFace, stableDiffusion, card } = createWhole();
    huggingFace.script(outOfCredit);
    stableDiffusion.script(failure('unauthorized'));
    card.script('picture');
    await chain.generate(request, createContext({ clock, rowMs }));
    await Promise.all([chain.enter(signal), chain.enter(signal)]);
    const controller = new AbortController();
    const third = reasonOf(chain.enter(controller.signal));
    await settled();
    controller.abort('full');
    expect(await third).toBe('full');
  });
});
