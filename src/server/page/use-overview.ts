import { useEffect, useState } from 'preact/hooks';
import type { Overview } from '../../core/overview.ts';
import { ask, factsOf } from './http.ts';

/** live: the stream is open · polling: there is no room for a stream · lost: nothing gets through. */
export type Connection = 'opening' | 'live' | 'polling' | 'lost';

interface Watched {
  overview: Overview | undefined;
  connection: Connection;
  /** How far the browser's clock is ahead of the server's, in ms. */
  aheadMs: number;
}

const betweenAsksMs = 10_000;

/** Everything that the page shows, as it changes on the server. */
export function useOverview(): Watched {
  const [watched, setWatched] = useState<Watched>({ overview: undefined, connection: 'opening', aheadMs: 0 });
  useEffect(() => {
    let source: EventSource | undefined;
    let timer: number | undefined;
    let isOver = false;

    const is = (connection: Connection) => setWatched((known) => ({ ...known, connection }));
    const show = (data: unknown, connection: Connection) => {
      if (!isOverview(data)) return is('lost');
      setWatched({ overview: data, connection, aheadMs: Date.now() - Date.parse(data.at) });
    };

    const poll = async () => {
      const { ok, body } = await ask('/api/overview');
      if (isOver) return;
      if (ok) show(body, 'polling');
      else is('lost');
      timer = window.setTimeout(connect, betweenAsksMs);
    };
    const connect = () => {
      source = new EventSource('/api/events');
      source.addEventListener('overview', ({ data }: MessageEvent<string>) => show(JSON.parse(data), 'live'));
      source.addEventListener('error', () => {
        // The browser connects again by itself, unless it was refused; an ordinary request tells why.
        if (source?.readyState === EventSource.CLOSED) void poll();
        else is('lost');
      });
    };

    connect();
    return () => {
      isOver = true;
      source?.close();
      window.clearTimeout(timer);
    };
  }, []);
  return watched;
}

function isOverview(data: unknown): data is Overview {
  const { at, running, waiting } = factsOf(data);
  return typeof at === 'string' && Array.isArray(running) && typeof waiting === 'object';
}
