import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Journal, JournalEntry } from '../core/journal.ts';
import type { Log } from '../lib/log.ts';
import { onDisk } from './disk-error.ts';
import { createDueIndex } from './due-index.ts';
import { statIfPresent, readIfPresent, writeAtomic } from './files.ts';
import { journalEntry } from './journal-schema.ts';
import { statePaths } from './paths.ts';

/** The journal in one folder, made by `prepareFolder`. */
export interface FolderJournal extends Journal {
  /** Hashes of the pictures that rows are still waiting for, for a sweep to keep. */
  unfinishedImages(): Promise<Set<string>>;
}

const filesAtOnce = 64;

/** Keeps one small file per row. */
export function createJournal({ folder, log }: { folder: string; log: Log }): FolderJournal {
  const { journal, ...paths } = statePaths(folder);
  const retries = createDueIndex(paths.retries, isPostId);
  const cards = createDueIndex(paths.cards, isPostId);
  const inTurn = createTurns();

  async function setAside(file: string, postId: string): Promise<void> {
    let count = 1;
    while (await statIfPresent(`${file}.corrupt-${count}`)) count++;
    const kept = `${file}.corrupt-${count}`;
    await rename(file, kept);
    log.warn({ postId, file: kept }, 'a journal entry could not be read and was set aside; its row starts anew');
  }

  async function read(postId: string): Promise<JournalEntry | undefined> {
    const file = join(journal, fileOf(postId));
    return inTurn(postId, () =>
      onDisk(journal, async () => {
        const text = await readIfPresent(file);
        if (!text) return undefined;
        const entry = journalEntry.safeParse(parseJson(text.toString()));
        if (entry.success && entry.data.postId === postId) return entry.data;
        await setAside(file, postId);
        return undefined;
      }),
    );
  }

  return {
    read,

    due: (now) => retries.due(now),
    cards: (now) => cards.due(now),

    async write(entry) {
      const file = join(journal, fileOf(entry.postId));
      // What could not be read back (a cost that is not a number, for one) is refused here, not found after a crash.
      const text = JSON.stringify(journalEntry.parse(entry));
      await inTurn(entry.postId, async () => {
        // Before the journal, so that a row is at most looked at in vain.
        const { retryAt, healAt } = entry.settled ?? entry.standing ?? entry.card ?? {};
        await retries.set(entry.postId, retryAt);
        await cards.set(entry.postId, healAt);
        await writeAtomic(file, text);
      });
    },

    async unfinishedImages() {
      const hashes = new Set<string>();
      const collect = async (name: string) => {
        const postId = name.replace(/\.json$/, '');
        if (name === postId || !isPostId(postId)) return;
        const text = await onDisk(journal, () => readIfPresent(join(journal, name)));
        // Years of settled rows are not parsed for the few others.
        if (text?.includes('"step":"settled"')) return;
        const entry = await read(postId);
        if (entry?.image) hashes.add(entry.image.sha256);
      };
      const names = await onDisk(journal, () => readdir(journal));
      for (let start = 0; start < names.length; start += filesAtOnce) {
        await Promise.all(names.slice(start, start + filesAtOnce).map(collect));
      }
      return hashes;
    },
  };
}

/** Runs work under one key in the order it was asked for. */
function createTurns(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return (key, work) => {
    const turn = (last.get(key) ?? Promise.resolve()).then(work);
    const done = turn
      .catch(() => undefined)
      .finally(() => {
        if (last.get(key) === done) last.delete(key);
      });
    last.set(key, done);
    return turn;
  };
}

function isPostId(value: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value);
}

function fileOf(postId: string): string {
  if (!isPostId(postId)) throw new Error(`${JSON.stringify(postId)} is not the id of a post.`);
  return `${postId}.json`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
