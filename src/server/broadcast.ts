import type { Readable } from 'node:stream';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';

/** Server-sent events to several readers: each gets the newest content and never an older one. */
export interface Broadcast<Reader> {
  /** Are there as many streams as there may be, in all or for this reader? */
  isFull(reader: Reader): boolean;
  /** The stream is served until it is closed, and no longer than `until`, on the wall clock. */
  join(stream: Readable, reader: Reader, until?: number): void;
  /** The stream takes more again. */
  resumed(stream: Readable): void;
  /** The content may have changed. */
  changed: () => void;
  /** Ends every stream. */
  close: () => void;
}

export interface BroadcastOptions<Reader> {
  clock: Clock;
  log: Log;
  /** What this reader is to see; sent when it differs from what was sent, its `at` aside. */
  content: (reader: Reader) => Promise<{ at: string }>;
  /** Called before each round. */
  beforeEach: () => void;
}

interface Seat<Reader> {
  /** The reader, as a key. */
  key: string;
  reader: Reader;
  until: number;
  /** What was sent last, without its time. */
  sent: string;
  /** On the clock's monotonic time. */
  sentAt: number;
  /** Does it take no more at the moment? Then it misses rounds, so that nothing piles up, and after a minute it is given up. */
  isBlocked: boolean;
}

const mostStreams = 50;
const mostStreamsEach = 10;
/** Whoever takes nothing for so long has gone without a word. */
const longestBlockedMs = 60_000;
/** At most four rounds a second; */
const shortestMs = 250;
/** and one in two seconds even when nobody says that anything changed, for what time alone changes. */
const longestMs = 2000;
/** Proxies cut a connection that is silent for long. */
const keepAliveMs = 15_000;
const reconnectMs = 2000;

export function createBroadcast<Reader>({
  clock,
  log,
  content,
  beforeEach,
}: BroadcastOptions<Reader>): Broadcast<Reader> {
  const seats = new Map<Readable, Seat<Reader>>();
  let isChanged = false;
  let isRunning = false;
  let wake = new AbortController();
  const closing = new AbortController();

  const end = (stream: Readable) => {
    seats.delete(stream);
    stream.push(null);
  };

  /** Ends the streams whose reader's proof has run out, or who took nothing for long. */
  const endOld = () => {
    for (const [stream, { until, isBlocked, sentAt }] of seats) {
      const isDeaf = isBlocked && clock.monotonic() - sentAt >= longestBlockedMs;
      if (isDeaf) stream.destroy();
      else if (clock.now() >= until) end(stream);
    }
  };

  const push = (stream: Readable, seat: Seat<Reader>, text: string) => {
    seat.isBlocked = !stream.push(text);
    seat.sentAt = clock.monotonic();
  };

  const send = async (stream: Readable, seat: Seat<Reader>, contents: Map<string, Promise<{ at: string }>>) => {
    const promise = contents.get(seat.key) ?? content(seat.reader);
    contents.set(seat.key, promise);
    const { at, ...rest } = await promise;
    const text = JSON.stringify(rest);
    // The reader may have gone meanwhile.
    if (!seats.has(stream)) return;
    if (text !== seat.sent) {
      push(stream, seat, `event: overview\ndata: ${JSON.stringify({ at, ...rest })}\n\n`);
      seat.sent = text;
    } else if (clock.monotonic() - seat.sentAt >= keepAliveMs) {
      push(stream, seat, ': still here\n\n');
    }
  };

  const round = async () => {
    isChanged = false;
    endOld();
    try {
      beforeEach();
      const contents = new Map<string, Promise<{ at: string }>>();
      const ready = [...seats].filter(([, seat]) => !seat.isBlocked);
      await Promise.all(ready.map(([stream, seat]) => send(stream, seat, contents)));
    } catch (error) {
      log.error({ err: error }, 'The status page could not be told the news');
    }
  };

  const pause = (ms: number, end: AbortController) => clock.sleep(ms, end.signal).catch(() => undefined);

  const run = async () => {
    isRunning = true;
    while (seats.size > 0) {
      await round();
      await pause(shortestMs, closing);
      wake = new AbortController();
      if (!isChanged && seats.size > 0) await pause(longestMs - shortestMs, wake);
    }
    isRunning = false;
  };

  const changed = () => {
    isChanged = true;
    wake.abort();
  };

  return {
    isFull(reader) {
      const key = JSON.stringify(reader);
      const own = [...seats.values()].filter((seat) => seat.key === key).length;
      return seats.size >= mostStreams || own >= mostStreamsEach;
    },
    join(stream, reader, until = Number.POSITIVE_INFINITY) {
      const key = JSON.stringify(reader);
      const seat = { key, reader, until, sent: '', sentAt: clock.monotonic(), isBlocked: false };
      seats.set(stream, seat);
      stream.once('close', () => {
        seats.delete(stream);
        if (seats.size === 0) wake.abort();
      });
      push(stream, seat, `retry: ${reconnectMs}\n\n`);
      changed();
      if (!isRunning) void run();
    },
    resumed(stream) {
      const seat = seats.get(stream);
      if (seat) seat.isBlocked = false;
    },
    changed,
    close() {
      for (const stream of seats.keys()) end(stream);
      closing.abort();
      wake.abort();
    },
  };
}
