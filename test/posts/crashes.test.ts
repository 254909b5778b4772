import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PostBoard } from '../../src/core/board.ts';
import { ChainExhaustedError, ConfigError, ProviderError } from '../../src/core/errors.ts';
import { createWorkerEvents } from '../../src/core/events.ts';
import type { ImageStore, SavedImage } from '../../src/core/image.ts';
import type { Post } from '../../src/core/post.ts';
import type { ChainWithPlaceholder, ImageProvider } from '../../src/core/provider.ts';
import { generatePost } from '../../src/posts/generate.ts';
import { healPost, type HealParts } from '../../src/posts/heal.ts';
import { silentLog } from '../../src/lib/log.ts';
import { type JournalEntry, journalEntrySchema } from '../../src/state/journal-schema.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { fakePost } from '../support/fake-post.ts';
import { runs } from '../support/runs.ts';

/** Stands for the end of the process: nothing has an effect after it. */
class Crash extends ConfigError {}

const id = '11111111-1234-4bcd-9999-0123456789ab';
const hourMs = 3_600_000;

/** One row with everything around it in memory, where the process can end before or after any effect. */
function createWorld() {
  const clock = createFakeClock(Date.UTC(2026, 10, 21, 12));
  let row: Post = fakePost({ id, title: id, prompt: 'soup' });
  const journal = new Map<string, string>();
  const unnamed = new Map<string, string>();
  const files = new Map<string, string>();
  const problems: string[] = [];
  const counts = { paid: 0, written: 0, marks: 1, edits: 0, crashes: 0 };
  let answer: 'image' | 'refused' | 'down' = 'image';
  let effectsLeft = Number.POSITIVE_INFINITY;

  /** The process may end before the effect, or just after it. */
  const effect = async <T>(work: () => T): Promise<T> => {
    if (effectsLeft <= 0) throw new Crash('crashed');
    effectsLeft -= 1;
    if (effectsLeft === 0) throw new Crash('crashed');
    const result = work();
    effectsLeft -= 1;
    if (effectsLeft === 0) throw new Crash('crashed');
    return result;
  };

  const read = (): JournalEntry | undefined => {
    const text = journal.get(id);
    return text === undefined ? undefined : journalEntrySchema.parse(JSON.parse(text));
  };

  const provider = (name: 'huggingface' | 'placeholder'): ImageProvider => ({
    name,
    label: name,
    async generate({ prompt }, context) {
      const attempt = { provider: name, label: name, model: 'm', startedAt: '', durationMs: 1 };
      if (name === 'huggingface') {
        const close = await context.open({ provider: name, label: name, model: 'm', startedAt: '', costUsd: 0.003 });
        await effect(() => (counts.paid += answer === 'image' ? 1 : 0));
        if (answer !== 'image') {
          const code = answer === 'refused' ? 'content_rejected' : 'unavailable';
          context.record({ ...attempt, outcome: code });
          await close();
          throw new ChainExhaustedError([{ ...attempt, outcome: code }], new ProviderError(code, 'no'));
        }
      }
      context.record({ ...attempt, outcome: 'ok' });
      const bytes = new TextEncoder().encode(prompt);
      return { bytes, mediaType: 'image/png', width: 1, height: 1, provider: name, model: 'm', family: name };
    },
  });

  const store: ImageStore = {
    async save({ bytes, family }, intend) {
      const prompt = new TextDecoder().decode(bytes);
      const path = `${family}_${files.size + unnamed.size + 1}.png`;
      const sha256 = Buffer.from(path.padEnd(32)).toString('hex').slice(0, 64);
      const image: SavedImage = { path, sha256, byteLength: 1, mediaType: 'image/png', width: 1, height: 1 };
      await effect(() => unnamed.set(path, prompt));
      await intend(image);
      await effect(() => files.set(path, prompt));
      return image;
    },
    async find(image) {
      const prompt = files.get(image.path) ?? unnamed.get(image.path);
      if (prompt === undefined) return undefined;
      await effect(() => files.set(image.path, prompt));
      return image;
    },
    read: async () => new Uint8Array(),
    saveBeside: async () => '',
    forget: (image) => effect(() => void (files.delete(image.path), unnamed.delete(image.path))),
  };

  const unused = () => Promise.reject(new Error('nobody asks for this'));
  const board: PostBoard = {
    open: unused,
    pending: unused,
    failed: unused,
    ready: unused,
    find: unused,
    isFresh: () => true,
    claim: () => effect(() => (row = { ...row, status: 'generating' })),
    async upload(_, load, progress) {
      const earlier = progress.id;
      const uploadId = earlier ?? 'upload';
      if (earlier === undefined) await progress.begun(uploadId);
      await load();
      await effect(() => undefined);
      return uploadId;
    },
    settle: (_, settlement, stillWanted) =>
      effect(() => {
        const keepsStatus = settlement.kind === 'image-ready' && settlement.keepsStatus === true;
        const waits = keepsStatus ? row.status === 'image-ready' : ['needs-image', 'generating'].includes(row.status);
        if (!waits) return { kind: 'moved' as const, post: row };
        if (!stillWanted(row)) return { kind: 'changed' as const, post: row, written: false };
        counts.written += 1;
        if (settlement.kind === 'failed') {
          row = { ...row, status: 'failed', error: settlement.error };
        } else {
          // No image reaches a row that asked for another.
          if (files.get(settlement.image.path) !== row.prompt) problems.push('a row got the image of another prompt');
          const { provider: name, image } = settlement;
          row = { ...row, status: 'image-ready', error: '', imageFile: image.path, provider: name };
        }
        return { kind: 'settled' as const, post: row };
      }),
    requeue: () => effect(() => (row = { ...row, status: 'needs-image' })),
  };

  const real = provider('huggingface');
  const drawn = provider('placeholder');
  const slots = { takeSlot: async () => () => undefined, isOpen: () => true };
  const chain: ChainWithPlaceholder = {
    ...slots,
    name: 'chain',
    label: 'Images',
    generate: async (request, context) =>
      real.generate(request, context).catch((error: unknown) => {
        if (answer !== 'down') throw error;
        return drawn.generate(request, context);
      }),
    real: { ...slots, ...real },
  };

  const parts: HealParts = {
    board,
    store,
    chain,
    clock,
    log: silentLog,
    events: createWorkerEvents(),
    journal: {
      read: async () => read(),
      write: (entry) => effect(() => void journal.set(id, JSON.stringify(journalEntrySchema.parse(entry)))),
      forgetRetry: unused,
      dueRetries: unused,
      duePlaceholders: unused,
    },
    shrink: unused,
    maxUploadBytes: 10,
    healing: true,
    rowTimeoutMs: hourMs,
    needsImage: 'Needs image',
    timing: { scheduled: true, timeZone: 'UTC' },
  };

  /** What a pass does with the row, if it is its turn. */
  const serve = async (): Promise<void> => {
    const signal = new AbortController().signal;
    const entry = read();
    const result = entry?.step === 'settled' ? entry.result : undefined;
    const isDue = result?.kind === 'failure' && result.retryAt !== undefined && result.retryAt <= clock.now();
    if (['needs-image', 'generating'].includes(row.status) || (row.status === 'failed' && isDue)) {
      await generatePost(row, () => undefined, parts, signal);
    } else if (row.status === 'image-ready' && row.provider === 'placeholder') {
      await healPost(row, () => undefined, parts, signal);
    }
  };

  const run = async (effects: number): Promise<void> => {
    effectsLeft = effects;
    try {
      await serve();
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      counts.crashes += 1;
    }
    effectsLeft = Number.POSITIVE_INFINITY;
    await clock.sleep(hourMs);
  };

  const edits = {
    prompt: () => {
      counts.edits += 1;
      row = { ...row, prompt: row.prompt === 'soup' ? 'salad' : 'soup' };
    },
    mark: () => {
      counts.marks += 1;
      row = { ...row, status: 'needs-image' };
    },
    approve: () => void (row.status === 'image-ready' && (row = { ...row, status: 'approved' })),
    write: () => void (row = { ...row, imageFile: 'mine.png' }),
    ok: () => void (answer = 'image'),
    refused: () => void (answer = 'refused'),
    down: () => void (answer = 'down'),
  };

  return { run, edits, counts, problems, files, row: () => row, entry: read };
}

type World = ReturnType<typeof createWorld>;

const anyEvent = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 30 }) },
  { weight: 1, arbitrary: fc.constant(Number.POSITIVE_INFINITY) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<keyof World['edits']>('prompt', 'mark', 'approve', 'write', 'ok', 'refused', 'down'),
  },
);

/** Until nothing changes any more, with a provider that works. */
async function comeToRest(world: World): Promise<void> {
  world.edits.ok();
  for (let pass = 0; pass < 12; pass += 1) await world.run(Number.POSITIVE_INFINITY);
}

/** What is wrong with a row that came to rest. */
function problemsOf({ problems, row, entry, files }: World): string[] {
  const { status, imageFile, error } = row();
  const journalled = entry();
  // The process may have ended between the row and the journal, which then names what the row shows.
  const shown = journalled && 'pendingWrite' in journalled ? journalled.pendingWrite : undefined;
  const isClosed = journalled?.step === 'settled' || (shown?.kind === 'image' && shown.path === imageFile);
  const isReady = status === 'image-ready' && imageFile !== 'mine.png';
  return [
    ...problems,
    ...(/^(?:image-ready|approved|failed)$/.test(status) ? [] : [`the row still stands at ${status}`]),
    ...(status === 'failed' && error === '' ? ['the row does not say why it failed'] : []),
    ...(isReady && !files.has(imageFile) ? ['the image of the row is not on disk'] : []),
    ...(isReady && !isClosed ? ['the journal does not know that the row has its image'] : []),
  ];
}

describe('a row whose worker ends at any instant', () => {
  it('comes to rest in a legal state, whatever editors do meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyEvent, { maxLength: 14 }), async (events) => {
        const world = createWorld();
        for (const event of events) {
          if (typeof event === 'number') await world.run(event);
          else world.edits[event]();
        }
        await comeToRest(world);
        expect(problemsOf(world)).toEqual([]);
      }),
      { numRuns: runs(1000) },
    );
  });

  it('pays for no image twice, unless the call itself was cut off', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 10 }), async (crashes) => {
        const world = createWorld();
        for (const effects of crashes) await world.run(effects);
        await comeToRest(world);
        const entry = world.entry();
        const cutOff = entry?.attempts.filter(({ outcome }) => outcome === 'interrupted').length ?? 0;
        expect(world.counts.paid).toBeLessThanOrEqual(1 + cutOff);
        expect(problemsOf(world)).toEqual([]);
      }),
      { numRuns: runs(1000) },
    );
  });

  it('is written once when nothing goes wrong, and is not touched again', async () => {
    const world = createWorld();
    await comeToRest(world);
    expect(world.counts).toMatchObject({ paid: 1, written: 1, crashes: 0 });
    expect(world.row()).toMatchObject({ status: 'image-ready', provider: 'huggingface' });
  });
});
