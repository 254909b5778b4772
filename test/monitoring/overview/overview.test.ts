import { describe, expect, it } from 'vitest';
import type { ImageRecord } from '../../../src/core/image.ts';
import { createRedact } from '../../../src/lib/redact.ts';
import type { BoardState } from '../../../src/monitoring/overview/board-view.ts';
import { buildOverview } from '../../../src/monitoring/overview/overview.ts';
import type { Overview } from '../../../src/core/overview.ts';
import type { LastError } from '../../../src/monitoring/overview/provider-record.ts';
import { fakePost } from '../../support/fake-post.ts';
import { fakeParts, type PartsOverrides } from '../../support/server/server-rig.ts';
import { providerState } from '../../support/chain/provider-state.ts';

const quiet: BoardState = { served: [], waiting: [], moreWaiting: false, failed: [], moreFailed: false, ended: 0 };
const ann = { id: 'ann', name: 'Ann', canLogOut: true };

interface Facts {
  overrides?: PartsOverrides;
  board?: Partial<BoardState>;
  lastError?: LastError;
}

function overview({ overrides = {}, board = {}, lastError }: Facts = {}): Promise<Overview> {
  return buildOverview(
    {
      ...fakeParts(overrides),
      rows: { state: () => ({ ...quiet, ...board }) },
      record: { of: () => ({ medianMs: 4200, ...(lastError && { lastError }) }) },
      tally: { days: (count) => Array.from({ length: count }, () => ({ day: '2026-11-21', counts: {} })) },
    },
    ann,
  );
}

const at = '2026-11-21T13:20:00.000Z';
const running = {
  id: 'p',
  reason: 'schedule',
  scope: 'board',
  state: 'running',
  requestedAt: at,
  startedAt: at,
} as const;
const image = (file: string, generatedAt: string, overrides: Partial<ImageRecord> = {}): ImageRecord => ({
  file,
  generatedAt,
  width: 8,
  height: 8,
  prompt: 'a kite',
  provider: 'huggingface',
  model: 'm',
  why: 'Hugging Face, 1.0 s, free',
  costUsd: 0,
  ...overrides,
});

describe('what the worker does', () => {
  it.each([
    ['idle, with the next look', {}, { schedule: { next: () => Date.parse(at) } }, { kind: 'idle', nextAt: at }],
    ['idle without a schedule', {}, {}, { kind: 'idle' }],
    [
      'paused, whatever else',
      {},
      { passes: { pausedSince: () => at, recent: () => [running] } },
      { kind: 'paused', since: at },
    ],
    [
      'about to begin',
      {},
      { passes: { recent: () => [{ ...running, state: 'queued' as const }] } },
      { kind: 'starting' },
    ],
    [
      'working, by the rows of the pass',
      { ended: 3, served: [{ post: fakePost(), since: 0 }], waiting: [fakePost(), fakePost()], moreWaiting: true },
      { passes: { recent: () => [running] } },
      { kind: 'working', since: at, done: 3, total: 6, more: true },
    ],
  ])('is shown: %s', async (_, board: Partial<BoardState>, overrides: PartsOverrides, activity) => {
    expect((await overview({ board, overrides })).activity).toEqual(activity);
  });

  it.each([
    [
      'a dead loop before all else',
      {
        health: {
          liveness: () => ({ ok: false, reason: 'Restart it.' }),
          readiness: () => ({ ok: false, reason: 'No.' }),
        },
      },
      'Restart it.',
    ],
    [
      'a board out of reach',
      { health: { readiness: () => ({ ok: false, reason: 'Notion gives no answer.' }) } },
      'Notion gives no answer.',
    ],
    [
      'the last pass, where it failed',
      {
        passes: {
          recent: () => [running, { ...running, state: 'failed' as const, error: 'Notion refuses the token.' }],
        },
      },
      'The last pass failed: Notion refuses the token.',
    ],
    [
      'nothing when a later pass went well',
      {
        passes: {
          recent: () => [
            { ...running, state: 'done' as const },
            { ...running, state: 'failed' as const },
          ],
        },
      },
      undefined,
    ],
  ])('is troubled by %s', async (_, overrides: PartsOverrides, trouble) => {
    expect((await overview({ overrides })).trouble).toBe(trouble);
  });
});

describe('the rows', () => {
  it('are the first hundred, with how many more are known', async () => {
    const waiting = Array.from({ length: 130 }, (_, index) => fakePost({ id: String(index) }));
    const { rows, further, more } = (await overview({ board: { waiting, moreWaiting: true } })).waiting;
    expect([rows.length, rows[0]?.id, further, more]).toEqual([100, '0', 30, true]);
  });

  it('say who is asked since when, and why they failed', async () => {
    const board = {
      served: [{ post: fakePost({ title: 'Kite' }), provider: 'Hugging Face', since: Date.parse(at) }],
      failed: [fakePost({ title: 'Boat', error: 'Reword the prompt.' })],
    };
    const { running, failed } = await overview({ board });
    expect(running).toMatchObject([{ title: 'Kite', provider: 'Hugging Face', since: at }]);
    expect(failed.rows).toMatchObject([
      { title: 'Boat', error: 'Reword the prompt.', since: '2026-11-21T09:30:00.000Z' },
    ]);
  });

  it('are cut where they are longer than anybody reads', async () => {
    const failed = [fakePost({ title: '👩‍🚀'.repeat(1000), error: 'e'.repeat(5000) })];
    const [row] = (await overview({ board: { failed } })).failed.rows;
    expect([Array.from(row?.title ?? '').length, row?.error.length]).toEqual([500, 1000]);
  });
});

describe('the images', () => {
  it("are the board's and the viewer's own, newest first, 24 at most", async () => {
    const asked: string[] = [];
    const overrides = {
      images: {
        latest: async () =>
          Array.from({ length: 24 }, (_, index) => image(`flux_${index}.png`, `2026-11-21T10:00:${59 - index}.000Z`)),
      },
      uploads: {
        latest: async (userId: string) => {
          asked.push(userId);
          return [
            image('1-generated.png', '2026-11-21T10:00:58.500Z'),
            image('0-generated.png', '2020-01-01T00:00:00.000Z'),
          ];
        },
      },
    };
    const { pictures = [] } = await overview({ overrides });
    expect(asked).toEqual(['ann']);
    expect(pictures.slice(0, 3).map(({ url, thumbnailUrl }) => [url, thumbnailUrl])).toEqual([
      ['/pictures/flux_0.png', '/thumbnails/pictures/flux_0.png'],
      ['/uploads/images/user-ann/1-generated.png', '/thumbnails/uploads/images/user-ann/1-generated.png'],
      ['/pictures/flux_1.png', '/thumbnails/pictures/flux_1.png'],
    ]);
    expect(pictures).toHaveLength(24);
    expect(pictures[0]).toMatchObject({ provider: 'Hugging Face', why: 'Hugging Face, 1.0 s, free' });
  });

  it('and the spend are absent while they cannot be read, and the rest is shown', async () => {
    const fail = async () => Promise.reject(new Error('disk'));
    const whole = await overview({ overrides: { images: { latest: fail }, budget: { state: fail } } });
    expect(whole).not.toHaveProperty('pictures');
    expect(whole).not.toHaveProperty('spend');
    expect(whole.providers).toHaveLength(4);
  });
});

describe('the providers', () => {
  const until = Date.parse('2026-12-01T00:00:00.000Z');
  const provider = (state: Parameters<typeof providerState>[2]): PartsOverrides => ({
    chain: { state: () => [providerState('huggingface', 'Hugging Face', state)] },
  });

  it.each([
    ['ready', provider({}), { state: 'ready', words: 'Ready', canAskAgain: false }],
    [
      'closed but not asked',
      provider({ admits: false }),
      { state: 'left-out', words: 'Left out, the budget is reached', canAskAgain: false },
    ],
    [
      'out of credit',
      provider({ code: 'out_of_credit', until }),
      { state: 'left-out', words: 'Out of credit', until: '2026-12-01T00:00:00.000Z', canAskAgain: true },
    ],
    [
      'due again',
      provider({ code: 'rate_limited', until, admits: true }),
      { state: 'ready', words: 'Ready to be tried again', canAskAgain: false },
    ],
    [
      'half open',
      provider({ code: 'timeout', until, kind: 'half-open' }),
      { state: 'left-out', words: 'Too slow to answer, being tried again', canAskAgain: true },
    ],
  ])('are described in words: %s', async (_, overrides, words) => {
    const [first] = (await overview({ overrides })).providers;
    expect(first).toEqual({ name: 'huggingface', label: 'Hugging Face', medianMs: 4200, ...words });
  });

  it('that are not configured are named last, with nothing to ask again', async () => {
    expect((await overview()).providers.at(-1)).toMatchObject({
      name: 'replicate',
      state: 'absent',
      words: 'Not configured',
      canAskAgain: false,
    });
  });

  it('keep their last error and its time', async () => {
    const lastError = { at, code: 'timeout' as const, message: 'no answer within 60 s' };
    expect((await overview({ lastError })).providers[0]?.lastError).toEqual({ at, message: 'no answer within 60 s' });
  });
});

it('shows no secret, wherever one may stand', async () => {
  const key = 'sk-abcdefgh12345678';
  const said = `says ${key} here`;
  const whole = await overview({
    overrides: {
      redact: createRedact([key]),
      health: { alerts: () => [said], readiness: () => ({ ok: false, reason: said }) },
      images: {
        latest: async () => [image('a.png', at, { prompt: said, why: said, model: said, provider: said })],
      },
    },
    board: {
      title: said,
      url: 'https://www.notion.so/b',
      trouble: said,
      waiting: [fakePost({ title: said })],
      failed: [fakePost({ title: said, error: said })],
    },
    lastError: { at, code: 'timeout', message: said },
  });
  expect(JSON.stringify(whole)).not.toContain(key);
  expect(whole.alerts).toEqual(['says [secret] here']);
});
