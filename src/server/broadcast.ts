import type { Readable } from 'node:stream';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';

interface BroadcastOptions<Reader> {
  clock: Clock;
  log: Log;
  /** What this reader is to see; sent when it differs from what was sent, its `at` aside. */
  content: (reader: Reader) => Promise<{ at: string }>;
  /** Called before each round. */
  beforeEach: () => void;
}

interface Subscriber<Reader> {
  key: string;
  reader: Reader;
  until: number;
  /** What was sent last, without its time. */
  sent: string;
  /** On the clock's monotonic time. */
  sentAt: number;
  /** Is its buffer full? Then it misses rounds, so that nothing piles up, and after a minute it is dropped. */
  isBlocked: boolean;
}

const mostStreams = 50;
const mostStreamsEach = 10;
/** A reader that takes nothing for so long has gone without closing its connection. */
const longestBlockedMs = 60_000;
/** At most four rounds a second; */
const shortestMs = 250;
/** and at least one in two seconds, because some content changes with time alone. */
const longestMs = 2000;
/** Proxies cut a connection that is silent for long. */
const keepAliveMs = 15_000;
const reconnectMs = 2000;

type Contents = Map<string, Promise<{ at: string }>>;

/** Server-sent events to several readers: each gets the newest content and never an older one. */
export function createBroadcast<Reader>({ clock, log, content, beforeEach }: BroadcastOptions<Reader>) {
  const subscribers = new Map<Readable, Subscriber<Reader>>();
  let isChanged = false;
  let isRunning = false;
  let wake = new AbortController();
  const closing = new AbortController();

  const end = (stream: Readable) => {
    subscribers.delete(stream);
    stream.push(null);
  };

  /** Ends the streams whose reader's login has expired, or who took nothing for long. */
  const endOld = () => {
    for (const [stream, { until, isBlocked, sentAt }] of subscribers) {
      const isStuck = isBlocked && clock.monotonic() - sentAt >= longestBlockedMs;
      if (isStuck) stream.destroy();
      else if (clock.now() >= until) end(stream);
    }
  };

  const push = (stream: Readable, subscriber: Subscriber<Reader>, text: string) => {
    subscriber.isBlocked = !stream.push(text);
    subscriber.sentAt = clock.monotonic();
  };

  const send = async (stream: Readable, subscriber: Subscriber<Reader>, contents: Contents) => {
    const promise = contents.get(subscriber.key) ?? content(subscriber.reader);
    contents.set(subscriber.key, promise);
    const { at, ...rest } = await promise;
    const text = JSON.stringify(rest);
    // The reader may have gone meanwhile.
    if (!subscribers.has(stream)) return;
    if (text !== subscriber.sent) {
      push(stream, subscriber, `event: overview\ndata: ${JSON.stringify({ at, ...rest })}\n\n`);
      subscriber.sent = text;
    } else if (clock.monotonic() - subscriber.sentAt >= keepAliveMs) {
      push(stream, subscriber, ': still here\n\n');
    }
  };

  const round = async () => {
    isChanged = false;
    endOld();
    try {
      beforeEach();
      const contents: Contents = new Map();
      const ready = [...subscribers].filter(([, subscriber]) => !subscriber.isBlocked);
      await Promise.all(ready.map(([stream, subscriber]) => send(stream, subscriber, contents)));
    } catch (error) {
      log.error({ err: error }, 'The status page could not be told the news');
    }
  };

  const pause = (ms: number, end: AbortController) => clock.sleep(ms, end.signal).catch(() => undefined);

  const run = async () => {
    isRunning = true;
    while (subscribers.size > 0) {
      await round();
      await pause(shortestMs, closing);
      wake = new AbortController();
      if (!isChanged && subscribers.size > 0) await pause(longestMs - shortestMs, wake);
    }
    isRunning = false;
  };

  /** The content may have changed. */
  const changed = () => {
    isChanged = true;
    wake.abort();
  };

  return {
    /** Are there as many streams as there may be, in all or for this reader? */
    isFull(reader: Reader) {
      const key = JSON.stringify(reader);
      const own = [...subscribers.values()].filter((subscriber) => subscriber.key === key).length;
      return subscribers.size >= mostStreams || own >= mostStreamsEach;
    },
    /** The stream is served until it is closed, and no longer than `until`, on the wall clock. */
    join(stream: Readable, reader: Reader, until = Number.POSITIVE_INFINITY) {
      const key = JSON.stringify(reader);
      const subscriber = { key, reader, until, sent: '', sentAt: clock.monotonic(), isBlocked: false };
      subscribers.set(stream, subscriber);
      stream.once('close', () => {
        subscribers.delete(stream);
        if (subscribers.size === 0) wake.abort();
      });
      push(stream, subscriber, `retry: ${reconnectMs}\n\n`);
      changed();
      if (!isRunning) void run();
    },
    /** The stream takes more again. */
    resumed(stream: Readable) {
      const subscriber = subscribers.get(stream);
      if (subscriber) subscriber.isBlocked = false;
    },
    changed,
    /** Ends every stream. */
    close: () => {
      for (const stream of subscribers.keys()) end(stream);
      closing.abort();
      wake.abort();
    },
  };
}
