import { getEventListeners } from 'node:events';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Slot } from '../../src/core/provider.ts';
import { createSlots, type Slots, withSlots } from '../../src/chain/slots.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createFakeProvider, createPicture } from '../support/fake-provider.ts';
import { createContext, reasonOf, request, flushPromises } from '../support/chain/rig.ts';

const signal = new AbortController().signal;

type Operation = { kind: 'take' } | { kind: 'release' | 'abort'; index: number };

const operations = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('take' as const) }),
    fc.record({ kind: fc.constantFrom('release' as const, 'abort' as const), index: fc.nat() }),
  ),
  { size: 'max', maxLength: 60 },
);

/** Never more slots than the capacity, none while one could be had, and in the order of asking. */
async function checkSlots(create: (capacity: () => number) => Slots): Promise<void> {
  const property = fc.asyncProperty(fc.integer({ min: 1, max: 4 }), operations, async (capacity, all: Operation[]) => {
    const slots = create(() => capacity);
    const waiting: { id: number; abort: () => void }[] = [];
    const held: Slot[] = [];
    const served: number[] = [];
    let asked = 0;
    for (const operation of all) {
      if (operation.kind === 'take') {
        const controller = new AbortController();
        const own = { id: (asked += 1), abort: () => controller.abort() };
        waiting.push(own);
        void slots.take(controller.signal).then(
          (slot) => {
            served.push(own.id);
            waiting.splice(waiting.indexOf(own), 1);
            held.push(slot);
          },
          () => undefined,
        );
      } else if (operation.kind === 'release') {
        const [slot] = held.splice(held.length === 0 ? 0 : operation.index % held.length, 1);
        slot?.();
        slot?.();
      } else {
        const [waiter] = waiting.splice(waiting.length === 0 ? 0 : operation.index % waiting.length, 1);
        waiter?.abort();
      }
      await flushPromises();
      expect(held.length).toBeLessThanOrEqual(capacity);
      expect(slots.free).toBe(capacity - held.length);
      expect(waiting.length === 0 || held.length === capacity).toBe(true);
      expect(served).toEqual(served.toSorted((a, b) => a - b));
    }
  });
  await fc.assert(property, { numRuns: 60 });
}

function shut(): void {
  throw new Error('shut');
}

/** Serves whoever came last. */
function createStack(capacity: () => number): Slots {
  const slots = createSlots(capacity);
  const stack: (() => void)[] = [];
  const serve = () => {
    while (slots.free > 0 && stack.length > 0) stack.pop()?.();
  };
  return {
    ...slots,
    get free() {
      return slots.free;
    },
    take: (signal) =>
      new Promise((resolve, reject) => {
        const begin = () => {
          void slots.take(signal).then((slot) => {
            resolve(() => {
              slot();
              serve();
            });
          }, reject);
        };
        stack.push(begin);
        signal.addEventListener('abort', () => {
          if (stack.includes(begin)) stack.splice(stack.indexOf(begin), 1);
        });
        serve();
      }),
  };
}

function createSlotted() {
  const clock = createFakeClock();
  const provider = createFakeProvider();
  const slots = createSlots(() => 1);
  return { clock, provider, slots, policy: withSlots(provider, { slots, clock, refuse: () => undefined }) };
}

describe('createSlots', () => {
  it('never exceeds its capacity, wastes no place, and serves in the order of asking', async () => {
    await expect(checkSlots(createSlots)).resolves.toBeUndefined();
  });

  it.each([
    ['one place too many', (capacity: () => number) => createSlots(() => capacity() + 1)],
    ['one place too few', (capacity: () => number) => createSlots(() => Math.max(1, capacity() - 1))],
    ['the last served first', createStack],
    [
      'a slot that counts each time it is given back',
      (capacity: () => number): Slots => {
        let extra = 0;
        const slots = createSlots(() => capacity() + extra);
        const take = async (...parameters: Parameters<Slots['take']>): Promise<Slot> => {
          const slot = await slots.take(...parameters);
          let times = 0;
          return () => {
            times += 1;
            if (times > 1) extra += 1;
            slot();
          };
        };
        return {
          ...slots,
          get free() {
            return slots.free;
          },
          take,
        };
      },
    ],
  ])('is caught with %s', async (_, create) => {
    await expect(checkSlots(create)).rejects.toThrow('Property failed');
  });

  it('notices a capacity that grows and shrinks', async () => {
    let capacity = 1;
    const slots = createSlots(() => capacity);
    const first = await slots.take(signal);
    const order: string[] = [];
    const second = slots.take(signal).then((slot) => (order.push('second'), slot));
    const third = slots.take(signal).then((slot) => (order.push('third'), slot));
    await flushPromises();
    expect(order).toEqual([]);
    capacity = 2;
    slots.refresh();
    const slot = await second;
    expect(order).toEqual(['second']);
    capacity = 1;
    first();
    await flushPromises();
    expect(order).toEqual(['second']);
    slot();
    await third;
  });

  it('ends a wait that is refused', async () => {
    const slots = createSlots(() => 1);
    const slot = await slots.take(signal);
    let isShut = false;
    const refused = reasonOf(
      slots.take(signal, () => {
        if (isShut) throw new Error('shut');
      }),
    );
    isShut = true;
    slots.refresh();
    expect(await refused).toMatchObject({ message: 'shut' });
    slot();
    expect(slots.free).toBe(1);
  });

  it('leaves nothing on the signal of a row that was served', async () => {
    const slots = createSlots(() => 1);
    const controller = new AbortController();
    const first = await slots.take(controller.signal);
    const waiting = slots.take(controller.signal);
    first();
    await waiting;
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });

  it('refuses and aborts before anyone waits', async () => {
    const slots = createSlots(() => 1);
    expect(await reasonOf(slots.take(AbortSignal.abort('gone')))).toBe('gone');
    expect(await reasonOf(slots.take(signal, shut))).toMatchObject({ message: 'shut' });
    expect(slots.free).toBe(1);
  });
});

describe('withSlots', () => {
  it('lets rows wait for their turn, and counts the wait against no deadline', async () => {
    const { clock, provider, slots, policy } = createSlotted();
    const finish: (() => void)[] = [];
    provider.always((asked) => new Promise((resolve) => finish.push(() => resolve(createPicture('fake', asked)))));
    const [first, second] = [createContext(), createContext()];
    const images = [policy.generate(request, first), policy.generate(request, second)];
    await flushPromises();
    expect(provider.calls).toHaveLength(1);
    clock.advance(8000);
    finish.shift()?.();
    await flushPromises();
    expect(provider.calls).toHaveLength(2);
    finish.shift()?.();
    await Promise.all(images);
    expect([first.waitedMs, second.waitedMs]).toEqual([0, 8000]);
    expect(slots.free).toBe(1);
  });

  it('gives the place back after a failure', async () => {
    const { provider, slots, policy } = createSlotted();
    provider.script(new Error('broken'));
    await reasonOf(policy.generate(request, createContext()));
    expect(slots.free).toBe(1);
  });

  it('ends its wait with an abort, without a call', async () => {
    const { clock, provider, slots, policy } = createSlotted();
    const slot = await slots.take(signal);
    const controller = new AbortController();
    const context = createContext({ signal: controller.signal });
    const reason = reasonOf(policy.generate(request, context));
    clock.advance(3000);
    controller.abort('stopping');
    expect(await reason).toBe('stopping');
    slot();
    await flushPromises();
    expect(provider.calls).toHaveLength(0);
    expect(context.waitedMs).toBe(3000);
    expect(slots.free).toBe(1);
  });

  it('does not call when the abort comes with the place', async () => {
    const { provider, slots, policy } = createSlotted();
    const slot = await slots.take(signal);
    const controller = new AbortController();
    const reason = reasonOf(policy.generate(request, createContext({ signal: controller.signal })));
    slot();
    controller.abort('stopping');
    expect(await reason).toBe('stopping');
    expect(provider.calls).toHaveLength(0);
    expect(slots.free).toBe(1);
  });
});
