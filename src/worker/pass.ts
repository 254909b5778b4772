import { setMaxListeners } from 'node:events';
import { BoardError } from '../core/errors.ts';
import type { Outcome } from '../core/outcome.ts';
import type { PassSummary } from '../core/pass.ts';
import type { Post } from '../core/post.ts';
import type { ImageChain, Slot } from '../core/provider.ts';
import { generatePost } from '../posts/generate.ts';
import { healPost, type HealParts } from '../posts/heal.ts';
import { type ChangeSignal, createChangeSignal } from './change-signal.ts';
import {
  boardRows,
  placeholderRows,
  type RowsInProgress,
  type RowSource,
  type RowSourceParts,
  singleRow,
} from './row-source.ts';

/** Rows whose images wait for their upload and their write at once; the images themselves stay on disk meanwhile. */
const mostInProgress = 60;
/** How often a pass takes one row that is edited again and again while it is worked on. */
const mostTakes = 5;

/** What a pass needs. */
export interface PassParts extends HealParts, RowSourceParts {}

export interface PassOptions {
  /** Most rows to take. */
  limit?: number;
  /** Only this row. */
  pageId?: string;
  /** Asked before each row: is none to be taken any more? */
  isPaused?: () => boolean;
}

/** What the parts of one pass share. */
interface PassContext {
  parts: PassParts;
  inProgress: RowsInProgress;
  summary: PassSummary;
  limit: number;
  isPaused: () => boolean;
  changes: ChangeSignal;
  stop: AbortController;
}

/**
 * One pass: takes every row that waits, several at once, until none is left.
 * @throws {ConfigError} {BoardError} when no row can be served any more, after the rows in progress came to rest; the signal's
 * reason when aborted. Rows held then stay Generating, and the next pass resumes them.
 */
export async function makePass(parts: PassParts, options: PassOptions, signal: AbortSignal): Promise<PassSummary> {
  const startedAt = parts.clock.monotonic();
  const summary: PassSummary = {
    done: 0,
    failed: 0,
    skipped: 0,
    providers: {},
    costUsd: 0,
    possibleUsd: 0,
    durationMs: 0,
  };
  const stop = new AbortController();
  // Every row in progress listens to it, several times over.
  setMaxListeners(0, stop.signal);
  const onAbort = () => stop.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  const inProgress: RowsInProgress = new Map();
  const { limit = Number.POSITIVE_INFINITY, pageId, isPaused = () => false } = options;
  using changes = createChangeSignal(parts.events);
  const context = { parts, inProgress, summary, limit, isPaused, changes, stop };
  try {
    const rows = pageId === undefined ? boardRows(parts, inProgress, () => changes.take()) : singleRow(parts, pageId);
    await serve(context, rows, parts.chain, (post, slot) => generatePost(post, slot, parts, stop.signal));
    if (pageId === undefined && limit === Number.POSITIVE_INFINITY && parts.healing) await heal(context, rows);
  } catch (error) {
    stop.abort(error);
    throw error;
  } finally {
    await Promise.allSettled(inProgress.values());
    signal.removeEventListener('abort', onAbort);
    summary.durationMs = parts.clock.monotonic() - startedAt;
  }
  stop.signal.throwIfAborted();
  return summary;
}

/** Replaces placeholders by real images, one row first as a probe; rows that are marked meanwhile go before. What goes wrong here spoils no pass. */
async function heal(context: PassContext, marked: RowSource): Promise<void> {
  const { parts, inProgress, changes, stop } = context;
  const { real } = parts.chain;
  const placeholders = await placeholderRows(parts, inProgress, () => real.isOpen());
  if (!placeholders || !real.isOpen()) return;
  const healing = new Set<string>();
  let isMarked = false;
  const rows: RowSource = {
    async next() {
      isMarked ||= changes.isSet;
      const post = isMarked ? await marked.next() : undefined;
      isMarked = post !== undefined;
      if (post) return post;
      const placeholder = await placeholders.next();
      if (placeholder) healing.add(placeholder.id);
      return placeholder;
    },
    onOutcome(outcome) {
      (healing.delete(outcome.post.id) ? placeholders : marked).onOutcome(outcome);
    },
  };
  try {
    await serve(context, rows, real, (post, slot) =>
      (healing.has(post.id) ? healPost : generatePost)(post, slot, parts, stop.signal),
    );
  } catch (error) {
    if (!(error instanceof BoardError) || error.failure === 'unreachable') throw error;
    parts.log.warn({ err: error }, 'Cards could not be looked up; the next pass tries again');
  }
}

/** Serves rows until there are none, as many at once as the chain has slots for. */
async function serve(
  { parts, inProgress, summary, limit, isPaused, changes, stop }: PassContext,
  rows: RowSource,
  chain: Pick<ImageChain, 'takeSlot'>,
  serveRow: (post: Post, slot: Slot) => Promise<Outcome>,
): Promise<void> {
  const takes = new Map<string, number>();
  for (;;) {
    while (inProgress.size >= mostInProgress) await Promise.race(inProgress.values());
    const slot = await chain.takeSlot(stop.signal);
    const post = isPaused()
      ? undefined
      : await rows.next().catch((error: unknown) => {
          slot();
          throw error;
        });
    const taken = post ? (takes.get(post.id) ?? 0) : 0;
    if (!post || (takes.size >= limit && taken === 0)) {
      slot();
      if (inProgress.size === 0) return;
      // A row in progress may come back to the queue, and an editor may mark another.
      await changes.orEndOf(inProgress.values());
      continue;
    }
    takes.set(post.id, taken + 1);
    parts.events.emit('taken', post);
    const row = serveRow(post, slot)
      .then((served) => {
        const outcome = taken + 1 < mostTakes ? served : leftToNextPass(served);
        rows.onOutcome(outcome);
        count(summary, outcome);
        parts.events.emit('outcome', outcome);
      })
      .catch((error: unknown) => stop.abort(error))
      .finally(() => {
        slot();
        inProgress.delete(post.id);
      });
    inProgress.set(post.id, row);
  }
}

function leftToNextPass(outcome: Outcome): Outcome {
  if (outcome.kind !== 'skipped' || !outcome.again) return outcome;
  return { ...outcome, again: false, reason: `${outcome.reason}, as often before; the next pass takes it` };
}

function count(summary: PassSummary, outcome: Outcome): void {
  if (outcome.kind === 'skipped' && (outcome.again || outcome.quiet)) return;
  summary[outcome.kind] += 1;
  if (outcome.kind === 'skipped') return;
  for (const { possiblySpent, costUsd = 0 } of outcome.attempts) if (possiblySpent) summary.possibleUsd += costUsd;
  if (outcome.kind !== 'done') return;
  summary.costUsd += outcome.costUsd;
  summary.providers[outcome.label] = (summary.providers[outcome.label] ?? 0) + 1;
}
