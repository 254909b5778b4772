import { describe, expect, it } from 'vitest';
import type { SavedImage } from '../../src/core/image.ts';
import type { JournalEntry } from '../../src/core/journal.ts';
import { silentLog } from '../../src/lib/log.ts';
import type { ImageChain, ProviderContext } from '../../src/core/provider.ts';
import { newEntry } from '../../src/posts/entry.ts';
import { makePicture } from '../../src/generation/generate.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createPicture } from '../support/fake-provider.ts';

const request = { prompt: 'soup', width: 256, height: 256, seed: 1 };
const image: SavedImage = {
  path: 'fake_generated_20261121_100000_1.png',
  sha256: 'ab'.repeat(32),
  byteLength: 9,
  mediaType: 'image/png',
  width: 256,
  height: 256,
};

function setUp(generate: ImageChain['generate']) {
  const written: JournalEntry[] = [];
  const parts = {
    chain: { name: 'chain', label: 'Images', takeSlot: async () => () => undefined, isOpen: () => true, generate },
    store: {
      save: async (_: unknown, intend: (named: SavedImage) => Promise<void>) => (await intend(image), image),
      find: async () => image,
      read: async () => new Uint8Array(),
      saveBeside: async () => '',
      forget: async () => undefined,
    },
    journal: {
      read: async () => written.at(-1),
      write: async (entry: JournalEntry) => void written.push(entry),
      due: async () => [],
      cards: async () => [],
    },
    shrink: async () => ({ bytes: new Uint8Array(), width: 1, height: 1 }),
    clock: createFakeClock(),
    log: silentLog,
    rowTimeoutMs: 300_000,
  };
  const make = () => makePicture(newEntry('a', 'f', 0), request, parts, new AbortController().signal);
  return { written, make };
}

describe('the journal while a picture is made', () => {
  it('knows calls and jobs that are open, and names the picture before it is there', async () => {
    const call = { provider: 'fake', label: 'Fake', model: 'm', startedAt: '', costUsd: 0.003 };
    const { written, make } = setUp(async (asked, context) => {
      await context.open(call);
      await context.job.save('fake', 'job-1');
      expect(await context.job.load('fake')).toBe('job-1');
      return createPicture('fake', asked);
    });
    await make();
    expect(written).toMatchObject([
      { step: 'generating', open: [call], jobs: {} },
      { step: 'generating', open: [call], jobs: { fake: 'job-1' } },
      { step: 'saving', image, facts: { provider: 'fake', costUsd: 0 } },
    ]);
    expect(written.at(-1)).not.toHaveProperty('open');
  });

  it('is not set back by a provider that was given up and comes late', async () => {
    let late: ProviderContext | undefined;
    const { written, make } = setUp(async (asked, context) => {
      late = context;
      return createPicture('fake', asked);
    });
    await make();
    await late?.job.save('fake', undefined);
    expect(written.map(({ step }) => step)).toEqual(['saving']);
  });
});
