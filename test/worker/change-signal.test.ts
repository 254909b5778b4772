import { describe, expect, it } from 'vitest';
import { createWorkerEvents } from '../../src/core/events.ts';
import { createChangeSignal } from '../../src/worker/change-signal.ts';

const never = new Promise<never>(() => {});

/** Does the wait end by itself? */
async function ends(wait: Promise<void>): Promise<boolean> {
  const soon = new Promise<boolean>((resolve) => setImmediate(resolve, false));
  return Promise.race([wait.then(() => true), soon]);
}

describe('the change signal of a pass', () => {
  it('wakes whoever waits, and but once, even when nobody takes the mark', async () => {
    const events = createWorkerEvents();
    using changes = createChangeSignal(events);
    events.emit('marked');
    expect(await ends(changes.orEndOf([never]))).toBe(true);
    expect(changes.isSet).toBe(true);
    expect(await ends(changes.orEndOf([never]))).toBe(false);
  });

  it('wakes while somebody waits', async () => {
    const events = createWorkerEvents();
    using changes = createChangeSignal(events);
    const wait = changes.orEndOf([never]);
    events.emit('marked', 'a');
    expect(await ends(wait)).toBe(true);
  });

  it('gives the rows that were named since the last call, once', () => {
    const events = createWorkerEvents();
    using changes = createChangeSignal(events);
    expect(changes.take()).toBeUndefined();
    events.emit('marked', 'a');
    events.emit('marked');
    events.emit('marked', 'b');
    expect([changes.take(), changes.take(), changes.isSet]).toEqual([['a', 'b'], undefined, false]);
  });

  it('ends its wait with the first of the others, and its listening with the pass', async () => {
    const events = createWorkerEvents();
    {
      using changes = createChangeSignal(events);
      expect(await ends(changes.orEndOf([never, Promise.resolve()]))).toBe(true);
      expect(events.listenerCount('marked')).toBe(1);
    }
    expect(events.listenerCount('marked')).toBe(0);
  });
});
