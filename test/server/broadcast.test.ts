import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../../src/lib/log.ts';
import { createBroadcast } from '../../src/server/broadcast.ts';
import { createManualClock } from '../support/fake-clock.ts';

/** A broadcast of one number, and readers of it. */
function rig() {
  const clock = createManualClock();
  const state: { value: number; failure?: Error } = { value: 1 };
  const rounds: number[] = [];
  const asked: string[] = [];
  const logged: string[] = [];
  const broadcast = createBroadcast<string>({
    clock,
    log: { ...silentLog, error: (_, message) => void logged.push(message) },
    content: async (reader) => {
      asked.push(reader);
      if (state.failure) throw state.failure;
      const content = { at: new Date(clock.now()).toISOString(), reader, value: state.value };
      return content;
    },
    beforeEach: () => void rounds.push(clock.monotonic()),
  });
  const join = (reader = 'ann', highWaterMark = 65_536) => {
    const stream = new Readable({ highWaterMark, read: () => broadcast.resumed(stream) });
    broadcast.join(stream, reader);
    const taken = (): string => String(stream.read() ?? '');
    return { stream, taken, values: () => [...taken().matchAll(/"value":(\d+)/g)].map(([, value]) => Number(value)) };
  };
  return { clock, state, rounds, asked, logged, broadcast, join };
}

describe('the broadcast', () => {
  it('gives a newcomer the whole content, and how long to wait before coming back', async () => {
    const { clock, join } = rig();
    const { taken } = join();
    await clock.advance(0);
    expect(taken()).toMatch(
      /^retry: 2000\n\nevent: overview\ndata: \{"at":"2026-11-21T[^\n]+"reader":"ann","value":1\}\n\n$/,
    );
  });

  it('says nothing while nothing changes but the time, except that it is still there', async () => {
    const { clock, join } = rig();
    const { taken } = join();
    await clock.advance(0);
    taken();
    await clock.advance(14_000);
    expect(taken()).toBe('');
    await clock.advance(3000);
    expect(taken()).toBe(': still here\n\n');
  });

  it('tells a change within a quarter of a second, and one that nobody announced within two', async () => {
    const { clock, state, broadcast, join } = rig();
    const { values } = join();
    await clock.advance(1000);
    values();
    state.value = 2;
    broadcast.changed();
    await clock.advance(250);
    expect(values()).toEqual([2]);
    state.value = 3;
    await clock.advance(2000);
    expect(values()).toEqual([3]);
  });

  it('sends at most four times a second, and the newest in the end', async () => {
    const { clock, state, broadcast, join } = rig();
    const { values } = join();
    await clock.advance(0);
    values();
    for (let step = 0; step < 100; step += 1) {
      state.value += 1;
      broadcast.changed();
      await clock.advance(10);
    }
    await clock.advance(250);
    const seen = values();
    expect(seen.length).toBeGreaterThanOrEqual(3);
    expect(seen.length).toBeLessThanOrEqual(5);
    expect(seen.at(-1)).toBe(101);
  });

  it('lets a slow reader miss what it has no room for, and goes on with the newest', async () => {
    const { clock, state, broadcast, join } = rig();
    const slow = join('slow', 16);
    const quick = join('quick');
    await clock.advance(0);
    for (let step = 0; step < 20; step += 1) {
      state.value += 1;
      broadcast.changed();
      await clock.advance(250);
    }
    expect(quick.values()).toHaveLength(20);
    expect(slow.stream.readableLength).toBeLessThan(200);
    slow.taken();
    await clock.advance(2000);
    expect(slow.values()).toEqual([21]);
  });

  it('asks for the content once for all tabs of one reader', async () => {
    const { clock, state, asked, join, broadcast } = rig();
    const tabs = [join(), join(), join('bob')];
    await clock.advance(250);
    for (const { taken } of tabs) taken();
    state.value = 7;
    asked.length = 0;
    broadcast.changed();
    await clock.advance(250);
    expect(tabs.map(({ values }) => values())).toEqual([[7], [7], [7]]);
    expect(asked).toEqual(['ann', 'bob']);
  });

  it('outlives a content that cannot be had, and says so in the log', async () => {
    const { clock, state, logged, join } = rig();
    state.failure = new Error('torn');
    const { values } = join();
    await clock.advance(0);
    expect(logged).toEqual(['The status page could not be told the news']);
    delete state.failure;
    await clock.advance(2000);
    expect(values()).toEqual([1]);
  });

  it('has room for fifty, ten of them for one reader, and for another when one goes', async () => {
    const { clock, broadcast, join } = rig();
    const streams = Array.from({ length: 50 }, (_, index) => join(`reader ${index % 5}`).stream);
    expect(broadcast.isFull('somebody else')).toBe(true);
    streams[0]?.destroy();
    await clock.advance(0);
    expect(broadcast.isFull('somebody else')).toBe(false);
    expect([broadcast.isFull('reader 0'), broadcast.isFull('reader 1')]).toEqual([false, true]);
  });

  it('ends a stream when the proof of its reader runs out', async () => {
    const { clock, broadcast, state } = rig();
    const stream = new Readable({ read: () => broadcast.resumed(stream) });
    broadcast.join(stream, 'ann', clock.now() + 3000);
    const ended = new Promise((resolve) => stream.once('end', resolve));
    stream.resume();
    await clock.advance(2000);
    expect(stream.readableEnded).toBe(false);
    state.value = 2;
    await clock.advance(4000);
    await ended;
    expect(broadcast.isFull('ann')).toBe(false);
  });

  it('gives a reader up that has taken nothing for a minute', async () => {
    const { clock, join } = rig();
    const { stream } = join('deaf', 16);
    await clock.advance(30_000);
    expect(stream.destroyed).toBe(false);
    await clock.advance(40_000);
    expect(stream.destroyed).toBe(true);
  });

  it('rests when the last reader has gone, and wakes for the next', async () => {
    const { clock, rounds, join } = rig();
    const { stream } = join();
    await clock.advance(1000);
    expect(clock.sleeping()).toBe(1);
    stream.destroy();
    await clock.advance(0);
    expect(clock.sleeping()).toBe(0);
    const before = rounds.length;
    const { values } = join();
    await clock.advance(250);
    expect(rounds.length).toBeGreaterThan(before);
    expect(values()).toEqual([1]);
  });

  it('ends every stream when it is closed, and leaves no timer behind', async () => {
    const { clock, broadcast, join } = rig();
    const { stream } = join();
    const ended = new Promise((resolve) => stream.once('end', resolve));
    await clock.advance(0);
    broadcast.close();
    stream.resume();
    await ended;
    await clock.advance(0);
    expect(clock.sleeping()).toBe(0);
  });
});
