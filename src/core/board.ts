import type { SavedImage } from './image.ts';
import type { Post } from './post.ts';

/** One look at the rows that wait, oldest first. */
export interface PendingPage {
  /** On the clock's monotonic time, in ms. */
  readAt: number;
  posts: Post[];
  /** Where the next page starts; undefined on the last one. */
  next?: string;
}

/** What is written back to a row whose image is ready. */
export interface ReadySettlement {
  kind: 'image-ready';
  image: SavedImage;
  uploadId: string;
  provider: string;
  model: string;
  why: string;
  costUsd: number;
  /** Wall-clock ms. */
  generatedAt: number;
  /** True when a placeholder makes way for a real image: Status stays as it is. */
  keepsStatus?: boolean;
}

/** What is written back to a row that got no image: one sentence and the next step. */
export interface FailedSettlement {
  kind: 'failed';
  error: string;
  why: string;
}

export type Settlement = ReadySettlement | FailedSettlement;

/** What became of a settlement; `post` is the row as last seen. changed: it was edited, before or (`written`) just as it was written. */
export type SettleResult =
  | { kind: 'settled'; post: Post }
  | { kind: 'changed'; post: Post; written: boolean }
  | { kind: 'moved'; post: Post | undefined };

/** Where an upload stands, so that a restart can go on with it. */
export interface UploadProgress {
  id: string | undefined;
  /** Hears the id before any bytes are sent. */
  begun(id: string): Promise<void>;
}

/** The editors' board. Every method waits its turn, is bounded in time and throws ConfigError or BoardError in words. */
export interface PostBoard {
  /** Finds the board, reads its schema and binds its properties; what was bound before stays so by its id. */
  open(): Promise<BoardFacts>;
  /** The rows that wait or are held: the first page as seen a moment ago, `anew` as it stands now, or the page at the cursor. */
  pending(options?: { cursor?: string; anew?: boolean }): Promise<PendingPage>;
  /** The rows that failed: the first page, or the page at the cursor. */
  failed(cursor?: string): Promise<PendingPage>;
  /** The rows whose image is ready and was drawn by `provider`: the first page, or the page at the cursor. */
  ready(provider: string, cursor?: string): Promise<PendingPage>;
  /** Is the page new enough to take rows from? */
  isFresh(page: PendingPage): boolean;
  find(id: string): Promise<Post>;
  /** Shows editors that the row is being worked on, if there is room for it; the journal is the claim that counts. */
  claim(post: Post): Promise<Post>;
  /** Brings an image's bytes to the board, read when their turn comes, and answers with the upload's id. */
  upload(image: SavedImage, load: () => Promise<Uint8Array>, progress: UploadProgress): Promise<string>;
  /** Writes the result to the row, unless an editor moved it or `stillWanted` says no of the row as it stands now. */
  settle(post: Post, settlement: Settlement, stillWanted: (now: Post) => boolean): Promise<SettleResult>;
  requeue(post: Post): Promise<Post>;
}

export interface BoardFacts {
  title: string;
  url: string;
  maxUploadBytes: number;
  /** Optional properties that the board lacks, by the names they would have. */
  missing: string[];
  /** Ids by which notices of changes are understood; `bot` is absent where the token is a person's own. */
  ids: { dataSource: string; status: string; bot?: string };
}
