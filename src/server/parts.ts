import type { WorkerSources } from '../monitoring/sources.ts';
import type { StateFile } from '../state/state-file.ts';
import type { WorkerEvents } from '../core/events.ts';
import type { RunImageJob } from './image-jobs.ts';
import type { PassReason, PassState } from '../core/pass.ts';
import type { Post } from '../core/post.ts';
import type { NoticeAnswer, NoticeHeaders } from '../notion/webhook/webhook.ts';

/** What the server needs of the rest of the product; `app-server.ts` joins it. */
export interface ServerParts extends WorkerSources {
  /** Ends everything: the shutdown. */
  signal: AbortSignal;
  events: WorkerEvents;
  schedule: WorkerSources['schedule'] & { expression: string; timeZone: string };
  chain: WorkerSources['chain'] & {
    /** Asks a provider again, whatever is remembered of it. */
    forget(name: string): Promise<void>;
  };
  generate: RunImageJob;
  passes: WorkerSources['passes'] & {
    /** The pass that waits already, or a new one, for this row where it is known; undefined while paused, and once the worker stops. */
    request(reason: PassReason, markedPostId?: string): PassState | undefined;
    find(id: string): PassState | undefined;
    pause(): Promise<void>;
    resume(): Promise<void>;
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
  /** Images a day by provider. */
  tally: StateFile;
}
