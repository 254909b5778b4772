import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { WorkerEventMap } from '../../src/core/events.ts';
import { createBell } from '../../src/worker/change-signal.ts';

const never = new Promise<never>(() => {});

/** Does the wait end by itself? */
async function ends(wait: Promise<void>): Promise<boolean> {
  const soon = new Promise<boolean>((resolve) => setImmediate(resolve, false));
  return Promise.race([wait.then(() => true), soon]);
}

describe('the bell of a pass', () => {
  it('wakes whoever waits, and but once, even when nobody looks', async () => {
    const events = new EventEmitter<WorkerEventMap>();
    using bell = createBell(events);
    events.emit('marked');
    expect(await ends(bell.orEndOf([never]))).toBe(true);
    expect(bell.isRinging).toBe(true);
    expect(await ends(bell.orEndOf([never]))).toBe(false);
  });

  it('wakes while somebody waits', async () => {
    const events = new EventEmitter<WorkerEventMap>();
    using bell = createBell(events);
    const wait = bell.orEndOf([never]);
    events.emit('marked', 'a');
    expect(await ends(wait)).toBe(true);
  });

  it('tells the rows that were named since the last look, once', () => {
    const events = new EventEmitter<WorkerEventMap>();
    using bell = createBell(events);
    expect(bell.look()).toBeUndefined();
    events.emit('marked', 'a');
    events.emit('marked');
    events.emit('marked', 'b');
    expect([bell.look(), bell.look(), bell.isRinging]).toEqual([['a', 'b'], undefined, false]);
  });

  it('ends its wait with the first of the others, and its listening with the pass', async () => {
    const events = new EventEmitter<WorkerEventMap>();
    {
      using bell = createBell(events);
      expect(await ends(bell.orEndOf([never, Promise.resolve()]))).toBe(true);
      expect(events.listenerCount('marked')).toBe(1);
    }
    expect(events.listenerCount('marked')).toBe(0);
  });
});
