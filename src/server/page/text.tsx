import type { ComponentChildren, RenderableProps } from 'preact';
import { fullTimeWords, timeWords } from './words.ts';

/** A point in time in the browser's own zone. */
export function Time({ iso }: { iso: string }) {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return null;
  return (
    <time dateTime={iso} title={fullTimeWords(at)}>
      {timeWords(at, new Date())}
    </time>
  );
}

const shortLength = 100;

/** Somebody's words. Long ones are cut, and open at a click or a key. */
export function Words({ children: text }: { children: string }) {
  if (text.length <= shortLength) return <span dir="auto">{text}</span>;
  return (
    <details class="long">
      <summary>
        <span class="clamped" dir="auto">
          {text}
        </span>
      </summary>
    </details>
  );
}

/** A row's title, which leads to the board. */
export function RowTitle({ title, url }: { title: string; url: string }) {
  const link = (words: string) => (
    <a href={safeUrl(url)} target="_blank" rel="noreferrer" dir="auto">
      {words}
    </a>
  );
  if (title.length <= shortLength) return <span class="title">{link(title.trim() === '' ? 'Untitled' : title)}</span>;
  return (
    <span class="title">
      <Words>{title}</Words> {link('Open in Notion')}
    </span>
  );
}

/** Only addresses of the web are linked to. */
export function safeUrl(url: string): string | undefined {
  return /^https?:\/\//.test(url) ? url : undefined;
}

/** A part of the page under its heading. */
export function Section({
  id,
  title,
  count,
  children,
}: RenderableProps<{ id: string; title: string; count?: string }>) {
  return (
    <section aria-labelledby={id} class={`card ${id}`}>
      <h2 id={id}>
        {title} {count !== undefined && <span class="count">{count}</span>}
      </h2>
      {children}
    </section>
  );
}

/** What a part says when there is nothing to show. */
export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}
