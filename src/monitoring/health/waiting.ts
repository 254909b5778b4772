import type { Outcome } from '../../core/outcome.ts';
import type { Post } from '../../core/post.ts';
import type { Clock } from '../../lib/clock.ts';
import type { LeftRow } from '../alerts/state.ts';

interface WaitingRow {
  url: string;
  /** Wall-clock ms of the row's last change when it was first read; our own writing changes it later. */
  since: number;
  /** On the clock's monotonic time. */
  firstReadAt: number;
}

const passesToStuck = 3;
const stuckAfterMs = 30 * 60_000;
/** So many are remembered beyond the process. */
const mostLeft = 500;

/** The rows that wait, as the passes read them. `left` is what the last whole pass left; it is changed in place, and outlives the process. */
export function createWaitingRows(left: Map<string, LeftRow>, clock: Clock) {
  /** Rows that wait, of the pass before and of this one. */
  let before = new Map<string, WaitingRow>();
  let current = new Map<string, WaitingRow>();
  /** Rows that came to their end in this pass; a page that was read before may still show them. */
  const ended = new Set<string>();

  return {
    passStarted() {
      before = current;
      current = new Map();
      ended.clear();
    },
    /** `isAll`: no pass is under way, and no other row waits. */
    pendingRead(posts: readonly Post[], isAll: boolean) {
      if (isAll) {
        before = new Map([...before, ...current]);
        current = new Map();
      }
      for (const { id, url, editedAt } of posts) {
        if (ended.has(id) || current.has(id)) continue;
        current.set(id, before.get(id) ?? { url, since: Date.parse(editedAt), firstReadAt: clock.monotonic() });
      }
      if (isAll) before.clear();
    },
    outcome(outcome: Outcome) {
      if (outcome.kind === 'skipped' && outcome.again) return;
      ended.add(outcome.post.id);
      for (const rows of [current, before]) rows.delete(outcome.post.id);
    },
    /** After a good pass over the whole board: how many rows were left waiting too often, and the address of the one that waits longest. */
    passEnded() {
      const rows = [...current].map(([id, row]) => ({ id, ...row, passes: (left.get(id)?.passes ?? 0) + 1 }));
      before.clear();
      left.clear();
      for (const { id, url, passes } of rows.slice(0, mostLeft)) left.set(id, { url, passes });
      // A row in one pass alone may have been moved by an editor after it was read.
      const stuck = rows.filter(({ passes, firstReadAt }) => {
        return passes >= passesToStuck || (passes > 1 && clock.monotonic() - firstReadAt >= stuckAfterMs);
      });
      const [longest] = stuck.toSorted((a, b) => b.passes - a.passes);
      return longest && { count: stuck.length, url: longest.url };
    },
    /** Wall-clock ms since when the oldest waits, by the board's clock. */
    oldestSince() {
      const rows = current.size > 0 ? current : before;
      const times = [...rows.values()].map(({ since }) => since).filter(Number.isFinite);
      return times.length === 0 ? undefined : Math.min(...times);
    },
  };
}
