import type { Clock } from '../../lib/clock.ts';

/** Slots set aside for the requests of one caller. */
export interface Permit {
  readonly left: number;
  /** Starts one request; call the answer's function when it ended. */
  use(): () => void;
  /** Gives back what is left. */
  release(): void;
}

/** Keeps all requests of one token within its rate. */
export interface Limiter {
  /** Waits (first come, first served; the whole count at once) for `count` slots. A count above the limit is clamped to it. */
  acquire(count: number, signal?: AbortSignal): Promise<Permit>;
  /** Waits until no pause is in force; who holds a permit asks this before each start. */
  unpaused(signal?: AbortSignal): Promise<void>;
  /** Slots free right now, with nobody waiting; 0 while paused or while others wait. */
  free(): number;
  /** True while requests wait, or have waited within the last window. */
  congested(): boolean;
  /** Nobody starts before this many ms have passed: a shared pause; the longest wins. */
  pause(ms: number): void;
}

export interface LimiterOptions {
  /** Requests in any `windowMs`. */
  limit: number;
  windowMs?: number;
  clock: Clock;
  /** Is called with every pause. */
  onPause?: (ms: number) => void;
}

interface Waiter {
  count: number;
  grant(permit: Permit): void;
}

/**
 * A sliding window: never more than `limit` requests in any `windowMs`. A slot is free again a window after its answer came,
 * not after it was sent, so that jitter on the wire cannot squeeze one more request into the server's own window.
 */
export function createLimiter({ limit, windowMs = 60_000, clock, onPause }: LimiterOptions): Limiter {
  /** When the slots of answered requests become free: a ring whose first of `cooling` entries is at `oldest`. */
  const freeAt = new Float64Array(limit);
  let oldest = 0;
  let cooling = 0;
  /** Slots in permits, and of requests under way. */
  let held = 0;
  let pausedUntil = -Infinity;
  let waitedAt = -Infinity;
  const queue = new Set<Waiter>();
  let alarm: { at: number; cancel(): void } | undefined;

  const cooled = (position: number) => freeAt[(oldest + position) % limit] ?? Infinity;

  const vacant = () => {
    const now = clock.monotonic();
    while (cooling > 0 && cooled(0) <= now) {
      oldest = (oldest + 1) % limit;
      cooling -= 1;
    }
    return limit - held - cooling;
  };

  const paused = () => clock.monotonic() < pausedUntil;

  const free = () => (queue.size > 0 || paused() ? 0 : vacant());

  const reserve = (count: number): Permit => {
    held += count;
    let left = count;
    return {
      get left() {
        return left;
      },
      use() {
        if (left === 0) throw new Error('The permit has no slot left.');
        left -= 1;
        let ended = false;
        return () => {
          if (ended) return;
          ended = true;
          held -= 1;
          freeAt[(oldest + cooling) % limit] = clock.monotonic() + windowMs;
          cooling += 1;
          serve();
        };
      },
      release() {
        held -= left;
        left = 0;
        serve();
      },
    };
  };

  /** Serves as many waiters as it can, and sets the alarm for the first of the others. */
  const serve = () => {
    for (const waiter of queue) {
      if (paused() || vacant() < waiter.count) break;
      queue.delete(waiter);
      waitedAt = clock.monotonic();
      waiter.grant(reserve(waiter.count));
    }
    const [first] = queue;
    const at = first && servedAt(first);
    if (at === undefined) {
      alarm?.cancel();
      alarm = undefined;
    } else if (!alarm || at < alarm.at) {
      alarm?.cancel();
      alarm = wake(at);
    }
  };

  /** The earliest time for the first waiter; undefined while it depends on answers still to come. */
  const servedAt = ({ count }: Waiter): number | undefined => {
    const missing = count - vacant();
    if (missing > cooling) return undefined;
    return missing > 0 ? Math.max(pausedUntil, cooled(missing - 1)) : pausedUntil;
  };

  const wake = (at: number) => {
    const controller = new AbortController();
    const ring = () => {
      if (controller.signal.aborted) return;
      alarm = undefined;
      serve();
    };
    // Whole ms: what rounding leaves of a wait would otherwise be slept again and again without the time moving.
    clock.sleep(Math.ceil(at - clock.monotonic()), controller.signal).then(ring, () => undefined);
    return { at, cancel: () => controller.abort() };
  };

  const wait = (count: number, signal?: AbortSignal) =>
    new Promise<Permit>((resolve, reject) => {
      const leave = () => {
        queue.delete(waiter);
        waitedAt = clock.monotonic();
        reject(signal?.reason);
        serve();
      };
      const waiter: Waiter = {
        count,
        grant(permit) {
          signal?.removeEventListener('abort', leave);
          resolve(permit);
        },
      };
      signal?.addEventListener('abort', leave, { once: true });
      queue.add(waiter);
      serve();
    });

  return {
    free,
    async acquire(count, signal) {
      signal?.throwIfAborted();
      const wanted = Math.min(count, limit);
      return free() >= wanted ? reserve(wanted) : wait(wanted, signal);
    },
    async unpaused(signal) {
      signal?.throwIfAborted();
      while (paused()) {
        waitedAt = pausedUntil;
        await clock.sleep(Math.ceil(pausedUntil - clock.monotonic()), signal);
      }
    },
    congested: () => queue.size > 0 || clock.monotonic() - waitedAt < windowMs,
    pause(ms) {
      pausedUntil = Math.max(pausedUntil, clock.monotonic() + ms);
      onPause?.(ms);
    },
  };
}
