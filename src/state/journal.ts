import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit, { type LimitFunction } from 'p-limit';
import { parseJson } from '../lib/json.ts';
import type { Log } from '../lib/log.ts';
import { onDisk } from './disk-error.ts';
import { createDueIndex } from './due-index.ts';
import { readIfPresent, statIfPresent, writeAtomic } from './files.ts';
import { type JournalEntry, journalEntrySchema, journalVersion } from './journal-schema.ts';
import { fromVersion1, version1Schema } from './journal-version-1.ts';
import { statePaths } from './paths.ts';
import { refuseNewer } from './state-file.ts';

/** The rows' journal. Every write is on disk before it returns. */
export interface Journal {
  /**
   * The row's entry; undefined when there is none, or when it was torn and has been set aside.
   * @throws {ConfigError} when a newer version of the worker wrote it.
   */
  read(postId: string): Promise<JournalEntry | undefined>;
  write(entry: JournalEntry): Promise<void>;
  /** Takes the row from those to be tried again, until its entry is written anew. */
  forgetRetry(postId: string): Promise<void>;
  /** Ids of the rows whose next try is due at this wall-clock time. */
  dueRetries(now: number): Promise<string[]>;
  /** Ids of the rows whose placeholder may make way for a real image at this wall-clock time. */
  duePlaceholders(now: number): Promise<string[]>;
}

/** The journal in one folder, made by `prepareFolder`. */
export interface FolderJournal extends Journal {
  /** Is a row still waiting for the image with this hash? All entries are read once, when this is asked first. */
  isUnfinished(sha256: string): Promise<boolean>;
}

const filesAtOnce = 64;

/** Keeps one small file per row. */
export function createJournal({ folder, log }: { folder: string; log: Log }): FolderJournal {
  const { journal, ...paths } = statePaths(folder);
  const retries = createDueIndex(paths.retries, isPostId);
  const placeholders = createDueIndex(paths.cards, isPostId);
  const oneAtATime = createLimits();

  async function setAside(file: string, postId: string): Promise<void> {
    let count = 1;
    while (await statIfPresent(`${file}.corrupt-${count}`)) count++;
    const corrupt = `${file}.corrupt-${count}`;
    await rename(file, corrupt);
    log.warn({ postId, file: corrupt }, 'a journal entry could not be read and was set aside; its row starts anew');
  }

  async function read(postId: string): Promise<JournalEntry | undefined> {
    const file = join(journal, fileOf(postId));
    return oneAtATime(postId, () =>
      onDisk(journal, async () => {
        const text = await readIfPresent(file);
        if (!text) return undefined;
        const entry = parseEntry(text.toString(), file);
        if (entry?.postId === postId) return entry;
        await setAside(file, postId);
        return undefined;
      }),
    );
  }

  let unfinished: Promise<Set<string>> | undefined;

  async function unfinishedImages() {
    const hashes = new Set<string>();
    const collect = async (name: string) => {
      const postId = name.replace(/\.json$/, '');
      if (name === postId || !isPostId(postId)) return;
      const text = await onDisk(journal, () => readIfPresent(join(journal, name)));
      // Years of settled rows are not parsed for the few others.
      if (text?.includes('"step":"settled"')) return;
      const entry = await read(postId);
      if (entry && 'image' in entry) hashes.add(entry.image.saved.sha256);
    };
    const names = await onDisk(journal, () => readdir(journal));
    const limit = pLimit(filesAtOnce);
    await limit.map(names, collect);
    return hashes;
  }

  return {
    read,

    forgetRetry: (postId) => retries.set(postId, undefined),
    dueRetries: (now) => retries.due(now),
    duePlaceholders: (now) => placeholders.due(now),

    async write(entry) {
      const file = join(journal, fileOf(entry.postId));
      // What could not be read back (a cost that is not a number, for one) is refused here, not found after a crash.
      const text = JSON.stringify(journalEntrySchema.parse(entry));
      const { retryAt, healAt } = dueTimes(entry);
      await oneAtATime(entry.postId, async () => {
        // Before the journal, so that a row is at most looked at in vain.
        await retries.set(entry.postId, retryAt);
        await placeholders.set(entry.postId, healAt);
        await writeAtomic(file, text);
      });
    },

    isUnfinished: async (sha256) => (await (unfinished ??= unfinishedImages())).has(sha256),
  };
}

/** When the row is to be tried again or healed, by what stands in it, or will when a write that is under way has been done. */
function dueTimes(entry: JournalEntry): { retryAt?: number; healAt?: number } {
  if (entry.step === 'settled') return entry.result;
  if (entry.task.kind === 'heal') return entry.task.placeholder;
  return ('pendingWrite' in entry ? entry.pendingWrite : entry.task.earlier) ?? {};
}

/** Undefined when it is torn. */
function parseEntry(text: string, file: string): JournalEntry | undefined {
  const content = parseJson(text);
  refuseNewer(content, file, journalVersion);
  const old = version1Schema.safeParse(content).data;
  return old ? fromVersion1(old) : journalEntrySchema.safeParse(content).data;
}

/** Runs work under one key in the order it was asked for. */
function createLimits(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const limits = new Map<string, LimitFunction>();
  return async (key, work) => {
    const limit = limits.get(key) ?? pLimit(1);
    limits.set(key, limit);
    try {
      return await limit(work);
    } finally {
      if (limit.activeCount + limit.pendingCount === 0) limits.delete(key);
    }
  };
}

function isPostId(value: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value);
}

function fileOf(postId: string): string {
  if (!isPostId(postId)) throw new Error(`${JSON.stringify(postId)} is not the id of a post.`);
  return `${postId}.json`;
}
