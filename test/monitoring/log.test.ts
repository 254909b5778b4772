import { expect, it } from 'vitest';
import { createWorkerEvents } from '../../src/core/events.ts';
import { logEvents } from '../../src/monitoring/log.ts';
import { createLines } from '../support/chain/rig.ts';
import { fakePost } from '../support/fake-post.ts';

function setUp(clockSkewMs?: number) {
  const events = createWorkerEvents();
  const log = createLines();
  logEvents(events, { log, clockSkewMs: () => clockSkewMs });
  return { events, lines: log.lines };
}

const board = {
  title: 'Posts',
  url: 'https://www.notion.so/b',
  maxUploadBytes: 1,
  missing: ['Cost'],
  ids: { dataSource: 'd', status: 's' },
};
const pass = { id: 'p', reason: 'request', scope: 'board', requestedAt: '' } as const;
const summary = {
  done: 2,
  failed: 1,
  skipped: 0,
  providers: {},
  costUsd: 0.006,
  possibleUsd: 0.003,
  durationMs: 4200,
};

it('names the board, and warns of a wrong clock, once', () => {
  const { events, lines } = setUp(10 * 60_000);
  events.emit('boardOpened', board);
  events.emit('boardOpened', board);
  expect(lines).toEqual([
    'info Board "Posts"',
    'info The board lacks optional properties: Cost',
    expect.stringMatching(/^warn .*clock/),
  ]);
});

it('says what became of each row, and no more than a debug line of a row that keeps its image', () => {
  const { events, lines } = setUp();
  const post = fakePost({ title: 'Kite' });
  events.emit('outcome', { kind: 'failed', post, error: 'No credit.', attempts: [] });
  events.emit('outcome', { kind: 'skipped', post, reason: 'it was edited', again: true });
  events.emit('outcome', { kind: 'skipped', post, reason: 'it was approved', again: false, quiet: true });
  expect(lines).toEqual([
    'warn "Kite": failed. No credit.',
    'info "Kite": taken again, it was edited',
    'debug "Kite": left alone, it was approved',
  ]);
});

it('sums up a pass when it is done, and the money where it has a cap', () => {
  const { events, lines } = setUp();
  const money = { month: '2026-11', spentUsd: 0.25, possibleUsd: 0.003, openUsd: 0, isReached: false };
  events.emit('pass', { ...pass, state: 'running' });
  events.emit('pass', { ...pass, state: 'done', summary });
  events.emit('budget', money);
  events.emit('budget', { ...money, capUsd: 5 });
  expect(lines).toEqual([
    'info Pass finished: 2 done, 1 failed, 0 skipped, 4.2 s, $0.006 and maybe $0.003',
    'info Budget of 2026-11: $0.25 and maybe $0.003 of $5.00 spent',
  ]);
});
