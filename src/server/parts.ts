import type { Clock } from '../lib/clock.ts';
import type { FailureCode } from '../core/reactions.ts';
import type { WorkerEvents } from '../core/events.ts';
import type { ImageRecord } from '../core/image.ts';
import type { RunImageJob } from './image-jobs.ts';
import type { Log } from '../lib/log.ts';
import type { PassReason, PassState } from '../core/pass.ts';
import type { Post } from '../core/post.ts';
import type { Redact } from '../lib/redact.ts';
import type { NoticeAnswer, NoticeHeaders } from '../notion/webhook/webhook.ts';

/** How one provider of the chain stands. */
export interface ChainState {
  name: string;
  label: string;
  breaker:
    | { kind: 'closed' }
    | { kind: 'open' | 'half-open'; lockout: { code: FailureCode; /** Wall-clock ms. */ until: number } };
  /** Would it be asked now? */
  admits: boolean;
}

/** How one month's money stands, in US dollars. */
export interface SpendState {
  /** UTC, as `2026-11`. */
  month: string;
  /** Undefined when there is no cap. */
  capUsd?: number;
  spentUsd: number;
  /** For calls of which nobody knows whether they were billed. */
  possibleUsd: number;
  openUsd: number;
}

/** The answer to "are you alive?" or "are you ready?". */
export interface Verdict {
  ok: boolean;
  /** One sentence. */
  reason: string;
}

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

/** A small file that is replaced as a whole. */
export interface StateFile {
  /** Undefined when there is none yet. */
  load(): Promise<string | undefined>;
  save(text: string): Promise<void>;
}

/** What the server needs of the rest of the product; `app-server.ts` joins it. */
export interface ServerParts {
  clock: Clock;
  log: Log;
  redact: Redact;
  /** Ends everything: the shutdown. */
  signal: AbortSignal;
  events: WorkerEvents;
  version: string;
  schedule: {
    expression: string;
    timeZone: string;
    /** Wall-clock ms; undefined while there is none. */ next(): number | undefined;
  };
  /** All providers that the product knows, in the order of the chain, those that are not configured last. */
  providers: readonly { name: string; label: string; configured: boolean }[];
  chain: {
    state(): readonly ChainState[];
    /** Asks a provider again, whatever is remembered of it. */
    forget(name: string): Promise<void>;
  };
  generate: RunImageJob;
  passes: {
    /** The pass that waits already, or a new one, for this row where it is known; undefined while paused, and once the worker stops. */
    request(reason: PassReason, markedPostId?: string): PassState | undefined;
    find(id: string): PassState | undefined;
    /** Newest first. */
    recent(): readonly PassState[];
    /** ISO 8601 since when passes are paused; undefined while they are not. */
    pausedSince(): string | undefined;
    pause(): Promise<void>;
    resume(): Promise<void>;
  };
  board: {
    /** Do its addresses lead anywhere? An emulator's do not. */
    isOnNotion: boolean;
    /** One or two requests to Notion. @throws {ConfigError} {BoardError} in words. */
    look(): Promise<BoardLook>;
    /** Marks a failed row again. @throws {ConfigError} {BoardError} in words. */
    retry(postId: string): Promise<Post>;
  };
  budget: { state(): Promise<SpendState> };
  health: {
    liveness(): Verdict;
    readiness(): Verdict;
    facts(): {
      passes: { lastGoodAt?: string; lastError?: string };
      oldestWaitingMs?: number;
      freeDiskBytes?: number;
      alerts: string[];
    };
  };
  /** The images of the board; newest first. */
  images: { latest(count: number): Promise<ImageRecord[]> };
  /** The images that one user asked for over HTTP; newest first. */
  uploads: { latest(userId: string, count: number): Promise<ImageRecord[]> };
  /** The folder of the board's images, and the one that `/uploads/` serves. */
  folders: { images: string; uploads: string };
  /** A small version of the image in a file, as WebP; undefined when there is none. */
  thumbnail(file: string): Promise<Uint8Array | undefined>;
  /** What a notice means; `body` as it came in. */
  notice(body: Uint8Array, headers: NoticeHeaders): Promise<NoticeAnswer>;
  /** Images a day by provider. */
  tally: StateFile;
}
