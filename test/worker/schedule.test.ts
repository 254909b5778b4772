import { EventEmitter, once } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { BoardError, ConfigError } from '../../src/core/errors.ts';
import { type Log, silentLog } from '../../src/core/log.ts';
import { runSchedule, type ScheduleParts } from '../../src/worker/schedule.ts';
import { createFakeClock } from '../fakes/fake-clock.ts';

const never = '0 0 1 1 *';

function begin(parts: Partial<ScheduleParts>) {
  const controller = new AbortController();
  const ended = runSchedule(
    {
      schedule: never,
      timeZone: 'UTC',
      clock: createFakeClock(),
      log: silentLog,
      pass: async () => undefined,
      ...parts,
    },
    controller.signal,
  );
  return { ended, stop: () => controller.abort(new Error('stopped')) };
}

describe('the schedule', () => {
  it('makes the first pass at once, and ends when the pass in hand has come to rest', async () => {
    const pass = new EventEmitter();
    const events: string[] = [];
    const { ended, stop } = begin({
      async pass() {
        events.push('begun');
        await once(pass, 'rest');
        events.push('at rest');
      },
    });
    expect(events).toEqual(['begun']);
    stop();
    void ended.then(() => events.push('ended'));
    await new Promise((resolve) => setTimeout(resolve, 100));
    pass.emit('rest');
    await ended;
    expect(events).toEqual(['begun', 'at rest', 'ended']);
  });

  it('leaves ticks out while a pass is running', async () => {
    const leftOut = vi.fn<(data: object, message: string) => void>();
    const log: Log = { ...silentLog, debug: leftOut };
    const pass = vi.fn<() => Promise<void>>(
      async () => void (await vi.waitUntil(() => leftOut.mock.calls.length >= 2, 30_000)),
    );
    const { ended, stop } = begin({ schedule: '* * * * * *', log, pass });
    await vi.waitUntil(() => pass.mock.calls.length === 2, 30_000);
    expect(leftOut.mock.calls.length).toBeGreaterThanOrEqual(2);
    stop();
    await ended;
  });

  it.each([
    [new ConfigError(['The one.', 'The other.']), 'The pass ended early. The one. The other.'],
    [new BoardError('unreachable', 'Notion is away.'), 'The pass ended early. Notion is away.'],
    [new TypeError('x is not a function'), /does not know why: TypeError: x is not a function$/],
  ])('tells in words that a pass failed, and goes on: %s', async (error, words) => {
    const told = vi.fn<(data: object, message: string) => void>();
    let passes = 0;
    const { ended, stop } = begin({
      schedule: '* * * * * *',
      log: { ...silentLog, error: told },
      async pass() {
        passes += 1;
        if (passes === 1) throw error;
      },
    });
    await vi.waitUntil(() => passes === 2, 30_000);
    stop();
    await ended;
    expect(told.mock.calls).toEqual([[expect.anything(), expect.stringMatching(words)]]);
  });

  it('makes one pass to catch up, however many ticks were missed', async () => {
    const waits: (() => void)[] = [];
    const clock = { ...createFakeClock(), sleep: () => new Promise<void>((resolve) => void waits.push(resolve)) };
    let passes = 0;
    const second = new Date().getUTCSeconds();
    const ticks = [2, 3, 4].map((later) => (second + later) % 60).toSorted((a, b) => a - b);
    const { ended, stop } = begin({
      schedule: `${ticks.join(',')} * * * * *`,
      clock,
      pass: async () => void (passes += 1),
    });
    await vi.waitUntil(() => passes === 1);
    // As a machine that slept: past the last tick by more than node-cron forgives.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 8000);
    await vi.waitUntil(() => waits.length > 0, 30_000);
    expect(waits).toHaveLength(1);
    expect(passes).toBe(1);
    waits[0]?.();
    await vi.waitUntil(() => passes === 2, 30_000);
    expect(waits).toHaveLength(1);
    stop();
    await ended;
  });
});
