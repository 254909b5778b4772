import { describe, expect, it } from 'vitest';
import { createWorkerEvents } from '../../../src/core/events.ts';
import { BoardError, ConfigError } from '../../../src/core/errors.ts';
import { silentLog } from '../../../src/lib/log.ts';
import type { PassState } from '../../../src/core/pass.ts';
import type { Post } from '../../../src/core/post.ts';
import { createBoardView } from '../../../src/monitoring/overview/board-view.ts';
import type { BoardLook } from '../../../src/monitoring/sources.ts';
import { createManualClock, testStart } from '../../support/fake-clock.ts';
import { fakePost } from '../../support/fake-post.ts';

const post = (id: string, overrides: Partial<Post> = {}) => fakePost({ id, title: id, ...overrides });
const pass = (state: PassState['state']): PassState => ({
  id: 'p',
  reason: 'request',
  scope: 'board',
  state,
  requestedAt: '',
});
const ids = (posts: readonly Post[]) => posts.map(({ id }) => id);

/** A board whose looks are answered by hand. */
function rig() {
  const clock = createManualClock();
  const events = createWorkerEvents();
  const looks: { answer: (look: Partial<BoardLook>) => void; fail: (error: Error) => void }[] = [];
  let looksEnded = 0;
  const board = {
    look: () =>
      new Promise<BoardLook>((resolve, reject) => {
        const none = {
          title: 'Posts',
          url: 'https://www.notion.so/b',
          waiting: [],
          moreWaiting: false,
          failed: [],
          moreFailed: false,
        };
        looks.push({ answer: (look) => resolve({ ...none, ...look }), fail: reject });
      }),
  };
  const view = createBoardView({ board, events, clock, log: silentLog, onLook: () => (looksEnded += 1) });
  const looked = async (look: Partial<BoardLook>) => {
    view.look(0);
    looks.at(-1)?.answer(look);
    await clock.advance(0);
  };
  const failure = async (error: Error) => {
    view.look(0);
    looks.at(-1)?.fail(error);
    await clock.advance(0);
    return view.state().trouble;
  };
  return { clock, events, looks, view, looked, failure, looksEnded: () => looksEnded };
}

describe('the view of the board', () => {
  it('shows what a look brought', async () => {
    const { view, looked, looksEnded } = rig();
    await looked({ waiting: [post('a')], moreWaiting: true, failed: [post('b')], moreFailed: true });
    const { title, waiting, moreWaiting, failed, moreFailed } = view.state();
    expect([title, ids(waiting), moreWaiting, ids(failed), moreFailed]).toEqual(['Posts', ['a'], true, ['b'], true]);
    expect(looksEnded()).toBe(1);
  });

  it('moves a row that is marked again from those that failed to those that wait', async () => {
    const { view, events, looked } = rig();
    await looked({ failed: [post('a'), post('b')] });
    events.emit('marked', 'a');
    expect([ids(view.state().failed), ids(view.state().waiting)]).toEqual([['b'], ['a']]);
    events.emit('marked');
    expect(ids(view.state().failed)).toEqual(['b']);
  });

  it('shows a row again in the pass that ended it, once it is marked again', () => {
    const { view, events } = rig();
    events.emit('pass', pass('running'));
    events.emit('taken', post('a'));
    events.emit('outcome', { kind: 'failed', post: post('a'), error: 'No.', attempts: [] });
    events.emit('pendingRead', { posts: [post('a')], isFirst: true, more: false });
    expect(ids(view.state().waiting)).toEqual([]);
    events.emit('marked', 'a');
    events.emit('pendingRead', { posts: [post('a')], isFirst: true, more: false });
    expect(ids(view.state().waiting)).toEqual(['a']);
  });

  it('distinguishes a row whose image is made from one that a provider is asked for', () => {
    const { view, events, clock } = rig();
    const call = { provider: 'huggingface', label: 'Hugging Face', model: 'm', startedAt: '', durationMs: 1 };
    events.emit('taken', post('a'));
    events.emit('asking', 'a', { name: 'huggingface', label: 'Hugging Face' });
    expect(view.state().served).toMatchObject([{ provider: 'Hugging Face' }]);
    events.emit('attempt', { ...call, outcome: 'timeout' }, 'a');
    expect(view.state().served).toEqual([{ post: post('a'), isMade: false, since: clock.now() }]);
    events.emit('attempt', { ...call, outcome: 'ok' }, 'a');
    expect(view.state().served).toEqual([{ post: post('a'), isMade: true, since: clock.now() }]);
  });

  it('forgets a trouble as soon as the board was read', async () => {
    const { view, events, failure } = rig();
    expect(await failure(new BoardError('refused', 'No.'))).toBe('No.');
    events.emit('pendingRead', { posts: [], isFirst: true, more: false });
    expect(view.state().trouble).toBeUndefined();
  });

  it('looks once at a time, and not again before the last look is old', async () => {
    const { clock, looks, view } = rig();
    view.look(15_000);
    view.look(0);
    expect(looks).toHaveLength(1);
    looks[0]?.answer({});
    await clock.advance(14_999);
    view.look(15_000);
    expect(looks).toHaveLength(1);
    await clock.advance(1);
    view.look(15_000);
    expect(looks).toHaveLength(2);
  });

  it('keeps the rows when a look fails, says why, and forgets it with the next good look', async () => {
    const { view, looked, failure } = rig();
    await looked({ waiting: [post('a')] });
    expect(await failure(new BoardError('unreachable', 'Notion gave no answer.'))).toBe('Notion gave no answer.');
    expect(ids(view.state().waiting)).toEqual(['a']);
    expect(await failure(new ConfigError(['The token is refused.', 'Copy it anew.']))).toBe(
      'The token is refused. Copy it anew.',
    );
    expect(await failure(new Error('secret internals'))).toBe('The board could not be read; the log says more.');
    await looked({});
    expect(view.state().trouble).toBeUndefined();
  });

  it('follows a row from waiting over its provider to its image', async () => {
    const { clock, events, view } = rig();
    events.emit('pass', pass('running'));
    events.emit('pendingRead', { posts: [post('a'), post('b')], isFirst: true, more: true });
    events.emit('taken', post('a'));
    expect(view.state().served).toEqual([{ post: post('a'), since: testStart }]);
    await clock.advance(500);
    events.emit('asking', 'a', { name: 'huggingface', label: 'Hugging Face' });
    expect(view.state().served).toEqual([{ post: post('a'), provider: 'Hugging Face', since: testStart + 500 }]);
    expect(ids(view.state().waiting)).toEqual(['b']);
    events.emit('outcome', { kind: 'skipped', post: post('a'), reason: 'moved', again: false });
    expect(view.state()).toMatchObject({ served: [], ended: 1, moreWaiting: true });
  });

  it('puts a row that failed on top of the failed ones, with its reason', async () => {
    const { events, view, looked } = rig();
    await looked({ failed: [post('old'), post('a')] });
    events.emit('taken', post('a'));
    expect(ids(view.state().failed)).toEqual(['old']);
    events.emit('outcome', { kind: 'failed', post: post('a'), error: 'No picture could be made.', attempts: [] });
    expect(view.state().failed.map(({ id, error }) => [id, error])).toEqual([
      ['a', 'No picture could be made.'],
      ['old', ''],
    ]);
  });

  it('does not believe a page that was read before a row came to its end', async () => {
    const { events, view } = rig();
    events.emit('pass', pass('running'));
    events.emit('taken', post('a'));
    events.emit('outcome', { kind: 'failed', post: post('a'), error: 'No.', attempts: [] });
    events.emit('pendingRead', { posts: [post('a'), post('b')], isFirst: true, more: false });
    expect(ids(view.state().waiting)).toEqual(['b']);
    expect(ids(view.state().failed)).toEqual(['a']);
  });

  it('does not believe a look of rows that changed hands while it was under way', async () => {
    const { clock, events, view, looks } = rig();
    view.look(0);
    events.emit('taken', post('a'));
    events.emit('taken', post('b'));
    events.emit('outcome', { kind: 'failed', post: post('b'), error: 'No.', attempts: [] });
    looks[0]?.answer({ waiting: [post('a'), post('b'), post('c')], failed: [post('d')] });
    await clock.advance(0);
    expect(ids(view.state().waiting)).toEqual(['c']);
    expect(ids(view.state().failed)).toEqual(['b', 'd']);
  });

  it('takes a failed row off the list when it waits again, and counts it anew when it is taken again', () => {
    const { events, view } = rig();
    events.emit('pass', pass('running'));
    events.emit('taken', post('a'));
    events.emit('outcome', { kind: 'failed', post: post('a'), error: 'No.', attempts: [] });
    events.emit('pass', pass('done'));
    events.emit('pass', pass('running'));
    events.emit('pendingRead', { posts: [post('a')], isFirst: true, more: false });
    expect(view.state()).toMatchObject({ failed: [], ended: 0 });
    expect(ids(view.state().waiting)).toEqual(['a']);
  });

  it('lets a row that is to be taken again wait, and those in hand when a pass ends', () => {
    const { events, view } = rig();
    events.emit('taken', post('a'));
    events.emit('taken', post('b'));
    events.emit('outcome', { kind: 'skipped', post: post('a'), reason: 'edited', again: true });
    expect(ids(view.state().waiting)).toEqual(['a']);
    events.emit('pass', pass('stopped'));
    expect(view.state().served).toEqual([]);
    expect(ids(view.state().waiting)).toEqual(['b', 'a']);
  });

  it('hears nothing more when it is closed', () => {
    const { events, view } = rig();
    expect(events.listenerCount('outcome')).toBe(1);
    view.close();
    expect(events.eventNames()).toEqual([]);
  });
});
