import type { SavedImage } from './image.ts';
import type { Post } from './post.ts';
import type { Attempt } from './provider.ts';

/** The row has its image. */
export interface Done {
  kind: 'done';
  post: Post;
  image: SavedImage;
  provider: string;
  label: string;
  model: string;
  costUsd: number;
  attempts: readonly Attempt[];
  durationMs: number;
}

/** The row got no image, and says why. */
export interface Failed {
  kind: 'failed';
  post: Post;
  /** What the row says: one sentence and the next step. */
  error: string;
  attempts: readonly Attempt[];
}

/** Nothing was written to the row. */
export interface Skipped {
  kind: 'skipped';
  post: Post;
  reason: string;
  /** True when the row waits still and is to be taken again. */
  again: boolean;
  /** True when the row keeps an image that it had, of which nothing need be said. */
  quiet?: boolean;
}

/** What became of one row. Failure is data, because it is written back to a row. */
export type Outcome = Done | Failed | Skipped;
