import type { Clock } from '../../lib/clock.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Post } from '../../core/post.ts';
import type { LeftRow } from '../alerts/state.ts';

/** Rows that pass after pass leaves waiting. */
export interface Stuck {
  count: number;
  /** The address of the one that waits longest. */
  url: string;
}

/** The rows that wait, as the looks of the passes show them. */
export interface WaitingRows {
  passStarted(): void;
  /** `isAll`: between passes, that no other row waits. */
  sighted(posts: readonly Post[], isAll?: boolean): void;
  outcome(outcome: Outcome): void;
  /** After a good pass over the whole board: what it left waiting too often. */
  passEnded(): Stuck | undefined;
  /** Wall-clock ms since when the oldest waits, by the board's clock. */
  oldestSince(): number | undefined;
}

interface Sighting {
  url: string;
  /** Wall-clock ms of the row's last change when it was first seen; our own writing changes it later. */
  since: number;
  /** On the clock's monotonic time. */
  firstSeenAt: number;
}

const passesToStuck = 3;
const stuckAfterMs = 30 * 60_000;
/** So many are remembered beyond the process. */
const mostLeft = 500;

/** `left` is what the last whole pass left; it is changed in place, and outlives the process. */
export function createWaitingRows(left: Map<string, LeftRow>, clock: Clock): WaitingRows {
  let before = new Map<string, Sighting>();
  let seen = new Map<string, Sighting>();
  const told = new Set<string>();

  const sight = ({ id, url, editedAt }: Post) => {
    const known = seen.get(id) ?? before.get(id);
    seen.set(id, known ?? { url, since: Date.parse(editedAt), firstSeenAt: clock.monotonic() });
  };

  return {
    passStarted() {
      before = new Map([...seen].filter(([id]) => !told.has(id)));
      seen = new Map();
      told.clear();
    },
    sighted(posts, isAll = false) {
      if (isAll) {
        before = seen;
        seen = new Map();
      }
      for (const post of posts) if (!told.has(post.id)) sight(post);
      if (isAll) before.clear();
    },
    outcome(outcome) {
      if (outcome.kind === 'skipped' && outcome.again) return;
      told.add(outcome.post.id);
      for (const rows of [seen, before]) rows.delete(outcome.post.id);
    },
    passEnded() {
      const rows = [...seen].map(([id, { url, firstSeenAt }]) => {
        return { id, url, firstSeenAt, passes: (left.get(id)?.passes ?? 0) + 1 };
      });
      before.clear();
      left.clear();
      for (const { id, url, passes } of rows.slice(0, mostLeft)) left.set(id, { url, passes });
      // A row in one pass alone may have been moved by an editor after it was seen.
      const stuck = rows.filter(({ passes, firstSeenAt }) => {
        return passes >= passesToStuck || (passes > 1 && clock.monotonic() - firstSeenAt >= stuckAfterMs);
      });
      const [longest] = stuck.toSorted((a, b) => b.passes - a.passes);
      return longest && { count: stuck.length, url: longest.url };
    },
    oldestSince: () => {
      const times = [...(seen.size > 0 ? seen : before).values()].map(({ since }) => since).filter(Number.isFinite);
      return times.length === 0 ? undefined : Math.min(...times);
    },
  };
}
