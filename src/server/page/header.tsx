import type { Activity, Overview } from '../../core/overview.ts';
import { ActionButton } from './action-button.tsx';
import { safeUrl, Time } from './text.tsx';
import { countWords } from './words.ts';

/** Whose board it is, what the worker does, and what can be done about it. */
export function Header({ overview }: { overview: Overview }) {
  const { board, viewer, activity, trouble, running } = overview;
  const isPaused = activity.kind === 'paused';
  const tone = trouble === undefined ? activity.kind : 'trouble';
  return (
    <header class="top">
      <div class="name">
        <p class="eyebrow">Pictures for Facebook posts</p>
        <h1 dir="auto">
          {board ? (
            <a href={safeUrl(board.url)} target="_blank" rel="noreferrer">
              {board.title.trim() === '' ? 'Untitled board' : board.title}
            </a>
          ) : (
            'The board'
          )}
        </h1>
        <p class={`state ${tone}`}>
          <span class="dot" aria-hidden="true" />
          <span>
            <ActivityWords activity={activity} running={running.length} />
          </span>
        </p>
        {trouble !== undefined && <p class="trouble">{trouble}</p>}
      </div>
      <div class="actions">
        <ActionButton path="/api/sync" done="A pass over the board begins." kind="primary" isDisabled={isPaused}>
          Run now
        </ActionButton>
        {isPaused ? (
          <ActionButton key="pause" path="/api/resume" done="The worker goes on.">
            Resume
          </ActionButton>
        ) : (
          <ActionButton
            key="pause"
            path="/api/pause"
            done="The worker pauses: rows in hand are finished, no other is taken."
          >
            Pause
          </ActionButton>
        )}
        {viewer.canLogOut && (
          <ActionButton path="/logout" done="Logged out." kind="quiet" onDone={() => location.assign('/login')}>
            Log out
          </ActionButton>
        )}
      </div>
    </header>
  );
}

function ActivityWords({ activity, running }: { activity: Activity; running: number }) {
  if (activity.kind === 'working') {
    const { done, total, more } = activity;
    if (total === 0) return <>Working: looking at the board</>;
    return (
      <>
        Working: {done} of {more ? `more than ${total} rows` : countWords(total, 'row', 'rows')}
      </>
    );
  }
  if (activity.kind === 'starting') return <>A pass is about to begin</>;
  if (activity.kind === 'paused') {
    return (
      <>
        Paused since <Time iso={activity.since} />
        {running > 0 && `; ${countWords(running, 'row is', 'rows are')} being finished`}
      </>
    );
  }
  if (activity.nextAt === undefined) return <>Idle</>;
  return (
    <>
      Idle, next look at <Time iso={activity.nextAt} />
    </>
  );
}
