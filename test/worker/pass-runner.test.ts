import { EventEmitter } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { BoardError, ConfigError } from '../../src/core/errors.ts';
import type { WorkerEventMap } from '../../src/core/events.ts';
import { type Log, silentLog } from '../../src/lib/log.ts';
import type { PassState, PassSummary } from '../../src/core/pass.ts';
import { createPasses, type PassesOptions } from '../../src/worker/pass-runner.ts';
import { createFakeClock } from '../support/fake-clock.ts';

const summary: PassSummary = {
  done: 1,
  failed: 0,
  skipped: 0,
  providers: {},
  costUsd: 0,
  possibleUsd: 0,
  durationMs: 5,
};

/** Passes that end when the test says so. */
async function openDesk(overrides: Partial<PassesOptions> = {}, since?: string) {
  const controller = new AbortController();
  const events = new EventEmitter<WorkerEventMap>();
  const told: string[] = [];
  const kept: { since: string | undefined } = { since };
  const ends: ((error?: Error) => void)[] = [];
  const passes = await createPasses(
    {
      clock: createFakeClock(),
      log: silentLog,
      events,
      file: { load: async () => kept.since, save: async (now) => void (kept.since = now) },
      pass: () =>
        new Promise((resolve, reject) => {
          ends.push((error) => (error === undefined ? resolve(summary) : reject(error)));
        }),
      ...overrides,
    },
    controller.signal,
  );
  events.on('pass', ({ reason, state }) => told.push(`${reason} ${state}`));
  const tick = () => new Promise((resolve) => setImmediate(resolve));
  const end = async (error?: Error) => {
    ends.shift()?.(error);
    await tick();
  };
  return { passes, events, told, kept, ends, end, stop: () => controller.abort(new Error('stopped')) };
}

function idOf(state: PassState | undefined): string {
  if (!state) throw new Error('no pass');
  return state.id;
}

describe('a pass that is asked for', () => {
  it('begins at once when none is under way, and is remembered by its id to the end', async () => {
    const { passes, told, end } = await openDesk();
    const asked = passes.request('request');
    expect(asked).toMatchObject({ reason: 'request', state: 'running' });
    await end();
    expect(passes.find(idOf(asked))).toMatchObject({ state: 'done', summary, endedAt: expect.any(String) });
    expect(told).toEqual(['request queued', 'request running', 'request done']);
  });

  it('waits for the one under way, and is one pass however often it is asked for', async () => {
    const { passes, ends, end } = await openDesk();
    passes.request('start');
    const [first, second] = [passes.request('notice'), passes.request('request')];
    expect(second).toEqual(first);
    expect(first).toMatchObject({ state: 'queued' });
    expect(ends).toHaveLength(1);
    await end();
    expect(passes.find(idOf(first))).toMatchObject({ state: 'running' });
    await end();
    expect(ends).toHaveLength(0);
    expect(passes.recent().map(({ reason }) => reason)).toEqual(['notice', 'start']);
  });

  it('is left out by the schedule while one is under way', async () => {
    const debug = vi.fn<Log['debug']>();
    const { passes, end } = await openDesk({ log: { ...silentLog, debug } });
    passes.request('start');
    expect(passes.request('schedule')).toBeUndefined();
    expect(debug).toHaveBeenCalledOnce();
    await end();
    expect(passes.recent()).toHaveLength(1);
  });

  it('tells whoever watches that a row may have been marked, and which', async () => {
    const { passes, events } = await openDesk();
    const marked = vi.fn<(postId?: string) => void>();
    events.on('marked', marked);
    passes.request('schedule');
    expect(marked).not.toHaveBeenCalled();
    passes.request('notice');
    passes.request('request', 'a row');
    await passes.pause();
    passes.request('notice', 'another');
    expect(marked.mock.calls).toEqual([[undefined], ['a row'], ['another']]);
  });

  it('is refused once the worker stops, and one that waits never begins', async () => {
    const { passes, ends, end, stop, told } = await openDesk();
    passes.request('start');
    passes.request('request');
    stop();
    expect(passes.request('request')).toBeUndefined();
    await end(new Error('stopped'));
    await passes.settled();
    expect(ends).toHaveLength(0);
    expect(told).toEqual(['start queued', 'start running', 'request queued', 'start stopped']);
  });

  it.each([
    [new ConfigError(['The one.', 'The other.']), 'The one. The other.', 'The pass ended early. The one. The other.'],
    [new BoardError('unreachable', 'Notion is away.'), 'Notion is away.', 'The pass ended early. Notion is away.'],
    [new TypeError('x is no function'), /its log says more/, /does not know why: TypeError: x is no function$/],
  ])('tells why it failed, and the next one is made all the same: %s', async (error, said, logged) => {
    const told = vi.fn<Log['error']>();
    const { passes, end } = await openDesk({ log: { ...silentLog, error: told } });
    const first = passes.request('schedule');
    await end(error);
    expect(passes.find(idOf(first))).toMatchObject({ state: 'failed', error: expect.stringMatching(said) });
    expect(told.mock.calls).toEqual([[expect.anything(), expect.stringMatching(logged)]]);
    expect(passes.request('schedule')).toMatchObject({ state: 'running' });
  });

  it('is forgotten when fifty others came after it', async () => {
    const { passes, end } = await openDesk();
    const first = idOf(passes.request('request'));
    await end();
    for (let count = 0; count < 50; count += 1) {
      passes.request('request');
      await end();
    }
    expect(passes.find(first)).toBeUndefined();
    expect(passes.recent()).toHaveLength(50);
  });
});

describe('paused passes', () => {
  it('begin neither by the schedule nor by request, and go on at once when somebody resumes', async () => {
    const { passes, ends, events } = await openDesk();
    const told: boolean[] = [];
    events.on('paused', (isPaused) => told.push(isPaused));
    await passes.pause();
    await passes.pause();
    expect(passes.pausedSince()).toMatch(/^\d{4}-.*Z$/);
    expect([passes.request('schedule'), passes.request('request')]).toEqual([undefined, undefined]);
    expect(ends).toHaveLength(0);
    await passes.resume();
    await passes.resume();
    expect(ends).toHaveLength(1);
    expect(passes.pausedSince()).toBeUndefined();
    expect(told).toEqual([true, false]);
  });

  it('stay paused after a restart', async () => {
    const first = await openDesk();
    await first.passes.pause();
    const second = await openDesk({}, first.kept.since);
    expect(second.passes.pausedSince()).toBe(first.passes.pausedSince());
    expect(second.passes.request('start')).toBeUndefined();
    await second.passes.resume();
    expect(second.kept.since).toBeUndefined();
  });

  it('are paused even when that cannot be kept, and say so', async () => {
    const full = new ConfigError('The disk is full; free some space.');
    const { passes } = await openDesk({ file: { load: async () => undefined, save: () => Promise.reject(full) } });
    await expect(passes.pause()).rejects.toBe(full);
    expect(passes.request('schedule')).toBeUndefined();
  });

  it('stand on disk as they stand, however fast somebody pauses and resumes', async () => {
    const { passes, kept } = await openDesk({
      file: {
        load: async () => undefined,
        // The later of two writes may be the quicker one.
        save: async (since) => {
          if (since !== undefined) await new Promise((resolve) => setTimeout(resolve, 20));
          kept.since = since;
        },
      },
    });
    await Promise.all([passes.pause(), passes.resume()]);
    expect(kept.since).toBeUndefined();
    await Promise.all([passes.pause(), passes.resume(), passes.pause()]);
    expect(kept.since).toBe(passes.pausedSince());
  });

  it('make up for a disk that failed when somebody pauses again', async () => {
    let fails = true;
    const { passes, kept } = await openDesk({
      file: {
        load: async () => undefined,
        save: async (since) => {
          if (fails) throw new ConfigError('The disk is full.');
          kept.since = since;
        },
      },
    });
    await expect(passes.pause()).rejects.toThrow('The disk is full.');
    await expect(passes.pause()).rejects.toThrow('The disk is full.');
    fails = false;
    await passes.pause();
    expect(kept.since).toBe(passes.pausedSince());
  });

  it('leave the one that waits where it is until they go on', async () => {
    const { passes, end, ends } = await openDesk();
    passes.request('start');
    const waiting = passes.request('request');
    await passes.pause();
    await end();
    expect(ends).toHaveLength(0);
    await passes.resume();
    expect(passes.find(idOf(waiting))).toMatchObject({ state: 'running' });
  });
});
