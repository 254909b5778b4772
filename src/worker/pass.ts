import { setMaxListeners } from 'node:events';
import { BoardError } from '../core/errors.ts';
import type { WorkerEvents } from '../core/events.ts';
import type { Outcome } from '../core/outcome.ts';
import type { PassSummary } from '../core/pass.ts';
import type { Post } from '../core/post.ts';
import type { ImageChain, Slot } from '../core/provider.ts';
import { type Bell, createBell } from './change-signal.ts';
import { generatePost } from '../posts/generate.ts';
import { healPost, type HealParts } from '../posts/heal.ts';
import { boardQueue, cardQueue, type InHand, pageQueue, type QueueParts, type RowQueue } from './row-source.ts';

/** Rows whose pictures wait for their upload and their write at once; pictures themselves stay on disk meanwhile. */
const mostInHand = 60;
/** How often a pass takes one row that is edited again and again while it is in hand. */
const mostTakes = 5;

/** What a pass needs. */
export interface PassParts extends HealParts, QueueParts {
  events: WorkerEvents;
  /** Hears of every row as soon as it is told on the board. */
  onOutcome: (outcome: Outcome) => void;
}

export interface PassOptions {
  /** Most rows to take. */
  limit?: number;
  /** Only this row. */
  pageId?: string;
  /** Asked before each row: is none to be taken any more? */
  isPaused?: () => boolean;
}

/**
 * One pass: takes every row that waits, several at once, until none is left.
 * @throws {ConfigError} {BoardError} when no row can be served any more, after the rows in hand came to rest; the signal's
 * reason when aborted. Rows held then stay Generating, and the next pass resumes them.
 */
export async function syncPosts(parts: PassParts, options: PassOptions, signal: AbortSignal): Promise<PassSummary> {
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
  // Every row in hand listens to it, several times over.
  setMaxListeners(0, stop.signal);
  const onAbort = () => stop.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  const inHand: InHand = new Map();
  const { limit = Number.POSITIVE_INFINITY, pageId, isPaused = () => false } = options;
  using bell = createBell(parts.events);
  const shift = { parts, inHand, summary, limit, isPaused, bell, stop };
  try {
    const queue = pageId === undefined ? boardQueue(parts, inHand, () => bell.look()) : pageQueue(parts, pageId);
    await work(shift, queue, parts.chain, (post, slot) => generatePost(post, slot, parts, stop.signal));
    if (pageId === undefined && limit === Number.POSITIVE_INFINITY && parts.healing) await heal(shift, queue);
  } catch (error) {
    stop.abort(error);
    throw error;
  } finally {
    await Promise.allSettled(inHand.values());
    signal.removeEventListener('abort', onAbort);
    summary.durationMs = parts.clock.monotonic() - startedAt;
  }
  stop.signal.throwIfAborted();
  return summary;
}

/** What a pass works with. */
interface Shift {
  parts: PassParts;
  inHand: InHand;
  summary: PassSummary;
  limit: number;
  isPaused: () => boolean;
  bell: Bell;
  stop: AbortController;
}

/** Replaces drawn cards by real pictures, one row first as a probe; what goes wrong here spoils no pass. `marked` are rows that go before. */
async function heal(shift: Shift, marked: RowQueue): Promise<void> {
  const { parts, inHand, bell, stop } = shift;
  const { real } = parts.chain;
  const cards = await cardQueue(parts, inHand, () => real.isOpen());
  if (!cards || !real.isOpen()) return;
  const isCard = new Set<string>();
  let isAwaited = false;
  const queue: RowQueue = {
    async next() {
      isAwaited ||= bell.isRinging;
      const post = isAwaited ? await marked.next() : undefined;
      isAwaited = post !== undefined;
      if (post) return post;
      const card = await cards.next();
      if (card) isCard.add(card.id);
      return card;
    },
    told(outcome) {
      (isCard.delete(outcome.post.id) ? cards : marked).told(outcome);
    },
  };
  const serve = (post: Post, slot: Slot) =>
    isCard.has(post.id) ? healPost(post, slot, parts, stop.signal) : generatePost(post, slot, parts, stop.signal);
  try {
    await work(shift, queue, real, serve);
  } catch (error) {
    if (!(error instanceof BoardError) || error.failure === 'unreachable') throw error;
    parts.log.warn({ err: error }, 'Cards could not be looked up; the next pass tries again');
  }
}

async function work(
  { parts, inHand, summary, limit, isPaused, bell, stop }: Shift,
  queue: RowQueue,
  chain: Pick<ImageChain, 'takeSlot'>,
  serve: (post: Post, slot: Slot) => Promise<Outcome>,
): Promise<void> {
  const takes = new Map<string, number>();
  for (;;) {
    while (inHand.size >= mostInHand) await Promise.race(inHand.values());
    const slot = await chain.takeSlot(stop.signal);
    const post = isPaused()
      ? undefined
      : await queue.next().catch((error: unknown) => {
          slot();
          throw error;
        });
    const taken = post ? (takes.get(post.id) ?? 0) : 0;
    if (!post || (takes.size >= limit && taken === 0)) {
      slot();
      if (inHand.size === 0) return;
      // A row in hand may come back to the queue, and an editor may mark another.
      await bell.orEndOf(inHand.values());
      continue;
    }
    takes.set(post.id, taken + 1);
    parts.events.emit('taken', post);
    const life = serve(post, slot)
      .then((served) => {
        const outcome = taken + 1 < mostTakes ? served : leftToNextPass(served);
        queue.told(outcome);
        count(summary, outcome);
        parts.onOutcome(outcome);
      })
      .catch((error: unknown) => stop.abort(error))
      .finally(() => {
        slot();
        inHand.delete(post.id);
      });
    inHand.set(post.id, life);
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
