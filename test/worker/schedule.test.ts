import { EventEmitter, once } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { createSchedule, type ScheduleParts } from '../../src/worker/schedule.ts';
import { createFakeClock } from '../support/fake-clock.ts';

const never = '0 0 1 1 *';

function begin(parts: Partial<ScheduleParts> = {}) {
  const controller = new AbortController();
  const request = vi.fn<ScheduleParts['passes']['request']>();
  const schedule = createSchedule({
    schedule: never,
    timeZone: 'UTC',
    clock: createFakeClock(),
    passes: { request, settled: async () => undefined },
    ...parts,
  });
  const ended = schedule.run(controller.signal);
  return { schedule, ended, request, stop: () => controller.abort(new Error('stopped')) };
}

describe('the schedule', () => {
  it('asks for the first pass at once, and ends when the pass in hand has come to rest', async () => {
    const pass = new EventEmitter();
    const events: string[] = [];
    const { ended, stop } = begin({
      passes: {
        request(reason) {
          events.push(reason);
          return undefined;
        },
        async settled() {
          events.push('waited for');
          await once(pass, 'rest');
          events.push('at rest');
        },
      },
    });
    await vi.waitUntil(() => events.includes('start'));
    stop();
    void ended.then(() => events.push('ended'));
    await vi.waitUntil(() => events.includes('waited for'));
    pass.emit('rest');
    await ended;
    await vi.waitUntil(() => events.length === 4);
    expect(events).toEqual(['start', 'waited for', 'at rest', 'ended']);
  });

  it('asks for a pass at every tick, and says when the next one comes', async () => {
    const { ended, request, schedule, stop } = begin({ schedule: '* * * * * *' });
    await vi.waitUntil(() => request.mock.calls.length >= 3, 30_000);
    expect(request.mock.calls.slice(0, 3)).toEqual([['start'], ['schedule'], ['schedule']]);
    expect(schedule.next()).toBeGreaterThan(Date.now() - 1000);
    stop();
    await ended;
  });

  it('makes one pass to catch up, however many ticks were missed', async () => {
    const waits: (() => void)[] = [];
    const clock = { ...createFakeClock(), sleep: () => new Promise<void>((resolve) => void waits.push(resolve)) };
    const second = new Date().getUTCSeconds();
    const ticks = [2, 3, 4].map((later) => (second + later) % 60).toSorted((a, b) => a - b);
    const { ended, request, stop } = begin({ schedule: `${ticks.join(',')} * * * * *`, clock });
    await vi.waitUntil(() => request.mock.calls.length === 1);
    // As a machine that slept: past the last tick by more than node-cron forgives.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 8000);
    await vi.waitUntil(() => waits.length > 0, 30_000);
    expect(waits).toHaveLength(1);
    expect(request).toHaveBeenCalledTimes(1);
    waits[0]?.();
    await vi.waitUntil(() => request.mock.calls.length === 2, 30_000);
    expect(waits).toHaveLength(1);
    stop();
    await ended;
  });
});
