import { useState } from 'preact/hooks';
import type { FailedRow, Overview, RunningRow } from '../../core/overview.ts';
import { ActionButton } from './action-button.tsx';
import { Empty, RowTitle, Section, Time, Words } from './text.tsx';
import { useNow } from './use-now.ts';
import { secondsWords, shortened } from './words.ts';

/** The rows that are being served, and who is asked since when. */
export function Running({ rows, aheadMs }: { rows: RunningRow[]; aheadMs: number }) {
  const now = useNow(rows.length > 0) - aheadMs;
  return (
    <Section id="running" title="Running" count={String(rows.length)}>
      {rows.length === 0 ? (
        <Empty>No row is being served right now.</Empty>
      ) : (
        <ul class="rows scrolling">
          {rows.map(({ id, title, url, provider, isMade, since }) => (
            <li key={id}>
              <RowTitle title={title} url={url} />
              <span class="aside">
                {stepWords(provider, isMade)}, <span class="number">{secondsWords(now - Date.parse(since))}</span>
              </span>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

function stepWords(provider: string | undefined, isMade = false): string {
  if (isMade) return 'Writing to Notion';
  return provider === undefined ? 'Getting ready' : `Asking ${provider}`;
}

/** The rows that wait for their turn. */
export function Waiting({ overview }: { overview: Overview }) {
  const { rows, further, more } = overview.waiting;
  const trouble = overview.boardTrouble;
  const isKnown = isBoardKnown(overview);
  const known = rows.length + further;
  return (
    <Section id="waiting" title="Waiting" count={countWords(known, more, isKnown)}>
      {trouble !== undefined && <p class="trouble">{trouble}</p>}
      {rows.length === 0 ? (
        <Empty>
          {isKnown ? 'Nothing waits. A row gets its picture when its status is set to “Needs image”.' : unknownWords}
        </Empty>
      ) : (
        <ol class="rows scrolling">
          {rows.map(({ id, title, url, since }) => (
            <li key={id}>
              <RowTitle title={title} url={url} />
              <span class="aside">
                since <Time iso={since} />
              </span>
            </li>
          ))}
        </ol>
      )}
      <Further shown={rows.length} further={further} more={more} />
    </Section>
  );
}

const unknownWords = 'Not known as long as the board cannot be read.';

/** Has the board been read, so that an empty list is one? */
function isBoardKnown({ board, boardTrouble }: Overview): boolean {
  return board !== undefined && boardTrouble === undefined;
}

function countWords(count: number, more: boolean, isKnown: boolean): string {
  if (count === 0 && !isKnown) return '?';
  return more ? `${count}+` : String(count);
}

function Further({ shown, further, more }: { shown: number; further: number; more: boolean }) {
  if (shown === 0 || (further === 0 && !more)) return null;
  const words = further === 0 ? 'and more' : `and ${more ? 'more than ' : ''}${further} more`;
  return <p class="further">… {words}</p>;
}

/** The rows that got no image, each with its reason and a button to try again. */
export function Failed({ overview }: { overview: Overview }) {
  const { rows, more } = overview.failed;
  const isKnown = isBoardKnown(overview);
  return (
    <Section id="failed" title="Failed" count={countWords(rows.length, more, isKnown)}>
      {rows.length === 0 ? (
        <Empty>
          {isKnown ? 'Nothing has failed. Should a row get no picture, its reason stands here.' : unknownWords}
        </Empty>
      ) : (
        <ul class="rows scrolling">
          {rows.map((row) => (
            <FailedItem key={row.id} row={row} />
          ))}
        </ul>
      )}
      <Further shown={rows.length} further={0} more={more} />
    </Section>
  );
}

function FailedItem({ row: { id, title, url, error, since } }: { row: FailedRow }) {
  // The row stays until the board says otherwise; a later failure of the same row has another time.
  const [markedSince, setMarkedSince] = useState<string>();
  const isMarked = markedSince === since;
  return (
    <li>
      <div class="what">
        <RowTitle title={title} url={url} />
        <span class="reason">
          <Words>{error === '' ? 'The row does not say why.' : error}</Words>
        </span>
        <span class="aside">
          since <Time iso={since} />
        </span>
      </div>
      <ActionButton
        path={`/api/rows/${encodeURIComponent(id)}/retry`}
        done={`“${shortened(title, 60)}” is marked again.`}
        label={`${isMarked ? 'Marked again' : 'Try again'}: ${title}`}
        isDisabled={isMarked}
        onDone={() => setMarkedSince(since)}
      >
        {isMarked ? 'Marked again' : 'Try again'}
      </ActionButton>
    </li>
  );
}
