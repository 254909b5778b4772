import type { SavedImage } from './image.ts';
import type { Attempt, OpenCall } from './provider.ts';

/** What is known of the picture a row is getting, beyond its bytes. */
export interface Provenance {
  provider: string;
  model: string;
  seed?: number;
  costUsd: number;
  /** Wall-clock ms. */
  generatedAt: number;
  warnings?: string[];
}

/**
 * How far one row has come, on disk. generating: a call may be open · saving: the picture has its name and hash, and is there
 * or can be finished · uploading: the upload has its id · settled: the row was written.
 */
export interface JournalEntry {
  version: 1;
  postId: string;
  /** How often the settled row was marked again. */
  generation: number;
  step: 'generating' | 'saving' | 'uploading' | 'settled';
  /** Hash of everything in the row that the picture depends on. */
  fingerprint: string;
  attempts: Attempt[];
  image?: SavedImage;
  facts?: Provenance;
  /** The file that goes up, where it is not the picture itself. */
  rendition?: SavedImage;
  uploadId?: string;
  /** What was written to the row in the end, by which a later look at the row knows our own writing. */
  settled?: Mark & { at: number };
  /** Ids of jobs that run elsewhere, by provider. */
  jobs?: Record<string, string>;
  /** Calls that cost money and are under way. */
  open?: OpenCall[];
  /** How often such a call was cut off by the end of the process. */
  interruptions?: number;
  /** How often the row was tried again after it had failed. */
  retries?: number;
  /** What stands in the row, or is about to, until `settled` vouches for it: a failure that is tried again, a result on its way. */
  standing?: Mark & { at: number };
  /** The card that stays in the row until a real picture takes its place. */
  card?: Mark & { at: number };
}

/** What was written to a row. */
export interface Mark {
  image?: string;
  error?: string;
  /** Wall-clock ms when the row is to be tried again; without it a failure is final. */
  retryAt?: number;
  /** Wall-clock ms from when a card may make way for a real picture. */
  healAt?: number;
}

/** The rows' journal. Every write is on disk before it returns. */
export interface Journal {
  /** The row's entry; undefined when there is none, or when it was torn and has been set aside. */
  read(postId: string): Promise<JournalEntry | undefined>;
  write(entry: JournalEntry): Promise<void>;
  /** Ids of the rows whose next try is due at this wall-clock time. */
  due(now: number): Promise<string[]>;
  /** Ids of the rows whose card may make way for a real picture at this wall-clock time. */
  cards(now: number): Promise<string[]>;
}

/** For work that is not to be resumed. */
export const noJournal: Journal = {
  read: async () => undefined,
  write: async () => undefined,
  due: async () => [],
  cards: async () => [],
};
