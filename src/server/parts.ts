import type { WorkerEvents } from '../core/events.ts';
import type { Post } from '../core/post.ts';
import type { WorkerSources } from '../monitoring/sources.ts';
import type { NoticeAnswer, NoticeHeaders } from '../notion/webhook/webhook.ts';
import type { StateFile } from '../state/state-file.ts';
import type { PassRunner } from '../worker/pass-runner.ts';
import type { RunImageJob } from './image-jobs.ts';

/** What is handed in to the server: all that the page and the metrics read, and what callers can have done. */
export interface ServerParts extends WorkerSources {
  signal: AbortSignal;
  events: WorkerEvents;
  generate: RunImageJob;
  passes: Pick<PassRunner, 'request' | 'find' | 'recent' | 'pausedSince' | 'pause' | 'resume'>;
  chain: WorkerSources['chain'] & {
    /** Asks a provider again, whatever is remembered of it. */
    forget(name: string): Promise<void>;
  };
  board: WorkerSources['board'] & {
    /** Marks a failed row again. @throws {ConfigError} {BoardError} in words. */
    retry(postId: string): Promise<Post>;
  };
  /** The folder of the board's images, and the one that `/uploads/` serves. */
  folders: { images: string; uploads: string };
  /** A small version of the image in a file, as WebP; undefined when there is none. */
  thumbnail(file: string): Promise<Uint8Array | undefined>;
  /** What a notice means; `body` as it came in. */
  notice(body: Uint8Array, headers: NoticeHeaders): Promise<NoticeAnswer>;
  tally: StateFile;
}
