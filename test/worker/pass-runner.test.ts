import { describe, expect, it, vi } from 'vitest';
import { BoardError, ConfigError } from '../../src/core/errors.ts';
import { createWorkerEvents } from '../../src/core/events.ts';
import type { BoardFacts, PostBoard } from '../../src/core/board.ts';
import { type Log, silentLog } from '../../src/lib/log.ts';
import type { PassState, PassSummary } from '../../src/core/pass.ts';
import { createPassRunner, type PassRunnerOptions } from '../../src/worker/pass-runner.ts';
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

const facts: BoardFacts = {
  title: 'Posts',
  url: '',
  maxUploadBytes: 1,
  missing: [],
  ids: { dataSource: 'd', status: 's' },
};
const money = { month: '2026-11', spentUsd: 0, possibleUsd: 0, openUsd: 0, isReached: false };
const unused = () => Promise.reject(new Error('nobody asks for this'));
const board: PostBoard = {
  open: async () => facts,
  pending: async () => ({ readAt: 0, posts: [] }),
  failed: unused,
  ready: unused,
  find: unused,
  claim: unused,
  upload: unused,
  settle: unused,
  requeue: unused,
  isFresh: () => true,
};

/** A runner whose passes end when the test says so. */
async function setUp(overrides: Partial<PassRunnerOptions> = {}, since?: string) {
  const controller = new AbortController();
  const events = createWorkerEvents();
  const states: string[] = [];
  const saved: { since: string | undefined } = { since };
  const ends: ((error?: Error) => void)[] = [];
  const runner = await createPassRunner(
    {
      clock: createFakeClock(),
      log: silentLog,
      events,
      board,
      budget: { state: async () => money },
      pauseFile: pauseFileOf(saved),
      makePass: () =>
        new Promise((resolve, reject) => {
          ends.push((error) => (error === undefined ? resolve(summary) : reject(error)));
        }),
      ...overrides,
    },
    controller.signal,
  );
  events.on('pass', ({ reason, state }) => states.push(`${reason} ${state}`));
  const end = async (error?: Error) => {
    await tick();
    ends.shift()?.(error);
    await tick();
  };
  return { runner, events, states, saved, ends, end, stop: () => controller.abort(new Error('stopped')) };
}

const tick = () => new Promise((resolve) => setImmediate(resolve));

function pauseFileOf(saved: { since: string | undefined }): PassRunnerOptions['pauseFile'] {
  return {
    load: async () => saved.since,
    save: async (text) => void (saved.since = text.trim()),
    remove: async () => void (saved.since = undefined),
  };
}

function idOf(state: PassState | undefined): string {
  if (!state) throw new Error('no pass');
  return state.id;
}

describe('a pass that is asked for', () => {
  it('begins at once when none is under way, and is remembered by its id to the end', async () => {
    const { runner, states, end } = await setUp();
    const asked = runner.request('request');
    expect(asked).toMatchObject({ reason: 'request', state: 'running' });
    await end();
    expect(runner.find(idOf(asked))).toMatchObject({ state: 'done', summary, endedAt: expect.any(String) });
    expect(states).toEqual(['request queued', 'request running', 'request done']);
  });

  it('waits for the one under way, and is one pass however often it is asked for', async () => {
    const { runner, ends, end } = await setUp();
    runner.request('start');
    const [first, second] = [runner.request('notice'), runner.request('request')];
    expect(second).toEqual(first);
    expect(first).toMatchObject({ state: 'queued' });
    await tick();
    expect(ends).toHaveLength(1);
    await end();
    expect(runner.find(idOf(first))).toMatchObject({ state: 'running' });
    await end();
    expect(ends).toHaveLength(0);
    expect(runner.recent().map(({ reason }) => reason)).toEqual(['notice', 'start']);
  });

  it('is left out by the schedule while one is under way', async () => {
    const debug = vi.fn<Log['debug']>();
    const { runner, end } = await setUp({ log: { ...silentLog, debug } });
    runner.request('start');
    expect(runner.request('schedule')).toBeUndefined();
    expect(debug).toHaveBeenCalledOnce();
    await end();
    expect(runner.recent()).toHaveLength(1);
  });

  it('tells whoever watches that a row may have been marked, and which', async () => {
    const { runner, events } = await setUp();
    const marked = vi.fn<(postId?: string) => void>();
    events.on('marked', marked);
    runner.request('schedule');
    expect(marked).not.toHaveBeenCalled();
    runner.request('notice');
    runner.request('request', 'a row');
    await runner.pause();
    runner.request('notice', 'another');
    expect(marked.mock.calls).toEqual([[undefined], ['a row'], ['another']]);
  });

  it('opens the board, and says how the money stands when it is done', async () => {
    const { runner, events, end } = await setUp();
    const seen: string[] = [];
    events.on('boardOpened', ({ title }) => seen.push(`opened ${title}`));
    events.on('pass', ({ state }) => seen.push(state));
    events.on('budget', ({ month }) => seen.push(`budget of ${month}`));
    runner.request('schedule');
    await end();
    expect(seen).toEqual(['queued', 'running', 'opened Posts', 'done', 'budget of 2026-11']);
    expect(runner.board()).toBe(facts);
  });

  it('is refused once the worker stops, and one that waits never begins', async () => {
    const { runner, ends, end, stop, states } = await setUp();
    runner.request('start');
    runner.request('request');
    stop();
    expect(runner.request('request')).toBeUndefined();
    await end(new Error('stopped'));
    await runner.settled();
    expect(ends).toHaveLength(0);
    expect(states).toEqual(['start queued', 'start running', 'request queued', 'start stopped']);
  });

  it.each([
    [new ConfigError(['The one.', 'The other.']), 'The one. The other.', 'The pass ended early. The one. The other.'],
    [new BoardError('unreachable', 'Notion is away.'), 'Notion is away.', 'The pass ended early. Notion is away.'],
    [new TypeError('x is no function'), /its log says more/, /does not know why: TypeError: x is no function$/],
  ])('tells why it failed, and the next one is made all the same: %s', async (error, said, logged) => {
    const told = vi.fn<Log['error']>();
    const { runner, end } = await setUp({ log: { ...silentLog, error: told } });
    const first = runner.request('schedule');
    await end(error);
    expect(runner.find(idOf(first))).toMatchObject({ state: 'failed', error: expect.stringMatching(said) });
    expect(told.mock.calls).toEqual([[expect.anything(), expect.stringMatching(logged)]]);
    expect(runner.request('schedule')).toMatchObject({ state: 'running' });
  });

  it('is forgotten when fifty others came after it', async () => {
    const { runner, end } = await setUp();
    const first = idOf(runner.request('request'));
    await end();
    for (let count = 0; count < 50; count += 1) {
      runner.request('request');
      await end();
    }
    expect(runner.find(first)).toBeUndefined();
    expect(runner.recent()).toHaveLength(50);
  });
});

describe('a pass that somebody waits for', () => {
  it.each([
    [{}, 'board'],
    [{ limit: 2 }, 'limited'],
    [{ pageId: 'a', limit: 2 }, 'row'],
  ])('answers with its numbers, and says what it covers: %j', async (options, scope) => {
    const { runner, events, end } = await setUp();
    const scopes = new Set<string>();
    events.on('pass', (pass) => scopes.add(pass.scope));
    const done = runner.run(options);
    await end();
    expect(await done).toBe(summary);
    expect([...scopes]).toEqual([scope]);
  });

  it('throws what ended it, and tells it to whoever watches', async () => {
    const { runner, events, end } = await setUp();
    const failure = new BoardError('unreachable', 'Notion is away.');
    const seen: unknown[] = [];
    events.on('pass', ({ state }, error) => state === 'failed' && seen.push(error));
    const done = runner.run();
    void end(failure);
    await expect(done).rejects.toBe(failure);
    expect(seen).toEqual([failure]);
  });
});

describe('the first pass', () => {
  it('ends the worker when only the operator can help, and a later one does not', async () => {
    const giveUp = vi.fn<(error: ConfigError) => void>();
    const { runner, end } = await setUp({ giveUp });
    const refused = new ConfigError('Notion refuses the token.');
    runner.request('start');
    await end(new BoardError('unreachable', 'Notion is away.'));
    expect(giveUp).not.toHaveBeenCalled();
    runner.request('schedule');
    await end(refused);
    expect(giveUp.mock.calls).toEqual([[refused]]);
    runner.request('schedule');
    await end();
    runner.request('schedule');
    await end(refused);
    expect(giveUp).toHaveBeenCalledOnce();
  });

  it('of a worker that starts paused only reads the board', async () => {
    const { runner, events, ends } = await setUp({}, '2026-11-21T10:00:00.000Z');
    const reads: number[] = [];
    events.on('pendingRead', ({ posts }) => reads.push(posts.length));
    expect(runner.request('start')).toBeUndefined();
    await tick();
    expect([reads, ends]).toEqual([[0], []]);
  });
});

describe('paused passes', () => {
  it('begin neither by the schedule nor by request, and go on at once when somebody resumes', async () => {
    const { runner, ends, events } = await setUp();
    const told: boolean[] = [];
    events.on('paused', (isPaused) => told.push(isPaused));
    await runner.pause();
    await runner.pause();
    expect(runner.pausedSince()).toMatch(/^\d{4}-.*Z$/);
    expect([runner.request('schedule'), runner.request('request')]).toEqual([undefined, undefined]);
    expect(ends).toHaveLength(0);
    await runner.resume();
    await runner.resume();
    await tick();
    expect(ends).toHaveLength(1);
    expect(runner.pausedSince()).toBeUndefined();
    expect(told).toEqual([true, false]);
  });

  it('stay paused after a restart', async () => {
    const first = await setUp();
    await first.runner.pause();
    const second = await setUp({}, first.saved.since);
    expect(second.runner.pausedSince()).toBe(first.runner.pausedSince());
    expect(second.runner.request('start')).toBeUndefined();
    await second.runner.resume();
    expect(second.saved.since).toBeUndefined();
  });

  it('are paused even when that cannot be saved, and say so', async () => {
    const full = new ConfigError('The disk is full; free some space.');
    const { runner } = await setUp({
      pauseFile: { ...pauseFileOf({ since: undefined }), save: () => Promise.reject(full) },
    });
    await expect(runner.pause()).rejects.toBe(full);
    expect(runner.request('schedule')).toBeUndefined();
  });

  it('stand on disk as they stand, however fast somebody pauses and resumes', async () => {
    const saved: { since: string | undefined } = { since: undefined };
    const { runner } = await setUp({
      pauseFile: {
        ...pauseFileOf(saved),
        // The later of two writes may be the quicker one.
        async save(text) {
          await new Promise((resolve) => setTimeout(resolve, 20));
          saved.since = text.trim();
        },
      },
    });
    await Promise.all([runner.pause(), runner.resume()]);
    expect(saved.since).toBeUndefined();
    await Promise.all([runner.pause(), runner.resume(), runner.pause()]);
    expect(saved.since).toBe(runner.pausedSince());
  });

  it('make up for a disk that failed when somebody pauses again', async () => {
    let fails = true;
    const saved: { since: string | undefined } = { since: undefined };
    const file = pauseFileOf(saved);
    const { runner } = await setUp({
      pauseFile: {
        ...file,
        async save(text) {
          if (fails) throw new ConfigError('The disk is full.');
          await file.save(text);
        },
      },
    });
    await expect(runner.pause()).rejects.toThrow('The disk is full.');
    await expect(runner.pause()).rejects.toThrow('The disk is full.');
    fails = false;
    await runner.pause();
    expect(saved.since).toBe(runner.pausedSince());
  });

  it('leave the one that waits where it is until they go on', async () => {
    const { runner, end, ends } = await setUp();
    runner.request('start');
    const waiting = runner.request('request');
    await runner.pause();
    await end();
    expect(ends).toHaveLength(0);
    await runner.resume();
    expect(runner.find(idOf(waiting))).toMatchObject({ state: 'running' });
  });
});
