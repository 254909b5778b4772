import type { ImageRecord } from '../core/image.ts';
import type { SpendView } from '../core/overview.ts';
import type { PassState } from '../core/pass.ts';
import type { Post } from '../core/post.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Redact } from '../lib/redact.ts';
import type { ProviderState } from '../chain/chain.ts';
import type { HealthFacts, Verdict } from './health/facts.ts';

/** The board as the status page shows it. */
export interface BoardLook {
  title: string;
  url: string;
  /** First page of the rows that wait or are being served, and of those that failed. */
  waiting: readonly Post[];
  moreWaiting: boolean;
  failed: readonly Post[];
  moreFailed: boolean;
}

/** What the status page and the metrics read of the worker, beside its events. */
export interface WorkerSources {
  clock: Clock;
  log: Log;
  redact: Redact;
  version: string;
  /** When the next pass begins, in wall-clock ms; undefined while there is none. */
  schedule: { next(): number | undefined };
  /** All providers that the product knows, in the order of the chain, those that are not configured last. */
  providers: readonly { name: string; label: string; configured: boolean }[];
  chain: { state(): readonly ProviderState[] };
  passes: {
    /** Newest first. */
    recent(): readonly PassState[];
    /** ISO 8601 since when passes are paused; undefined while they are not. */
    pausedSince(): string | undefined;
  };
  board: {
    /** Do its addresses lead anywhere? An emulator's do not. */
    isOnNotion: boolean;
    /** One or two requests to Notion. @throws {ConfigError} {BoardError} in words. */
    look(): Promise<BoardLook>;
  };
  budget: { state(): Promise<SpendView> };
  health: {
    liveness(): Verdict;
    readiness(): Verdict;
    facts(): Pick<HealthFacts, 'oldestWaitingMs' | 'freeDiskBytes'> & {
      passes: Pick<HealthFacts['passes'], 'lastGoodAt' | 'lastError'>;
    };
    /** What the operator has to mend, each in a few sentences. */
    alerts(): string[];
  };
  /** The images of the board, and those that one user asked for over HTTP; newest first. */
  images: { latest(count: number): Promise<ImageRecord[]> };
  uploads: { latest(userId: string, count: number): Promise<ImageRecord[]> };
}
