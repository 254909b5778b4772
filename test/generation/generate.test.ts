import { describe, expect, it } from 'vitest';
import type { SavedImage } from '../../src/core/image.ts';
import { silentLog } from '../../src/lib/log.ts';
import type { ImageChain, ProviderContext } from '../../src/core/provider.ts';
import { generateImage } from '../../src/generation/generate.ts';
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
  const written: object[] = [];
  const parts = {
    chain: { name: 'chain', label: 'Images', generate },
    store: {
      save: async (_: unknown, intend: (named: SavedImage) => Promise<void>) => (await intend(image), image),
      saveBeside: async () => '',
    },
    clock: createFakeClock(),
    log: silentLog,
    rowTimeoutMs: 300_000,
  };
  const job = {
    request,
    owner: { postId: 'a', generation: 0 },
    saveCalls: async (calls: object) => void written.push(structuredClone(calls)),
    saveImage: async (named: object) => void written.push({ image: named }),
  };
  const make = () => generateImage(job, parts, new AbortController().signal);
  return { written, make };
}

describe('what is written down while an image is made', () => {
  it('names calls and jobs that are open, and the image before it is there', async () => {
    const call = { provider: 'fake', label: 'Fake', model: 'm', startedAt: '', costUsd: 0.003 };
    const { written, make } = setUp(async (asked, context) => {
      await context.open(call);
      await context.job.save('fake', 'job-1');
      expect(await context.job.load('fake')).toBe('job-1');
      return createPicture('fake', asked);
    });
    await make();
    expect(written).toMatchObject([
      { openCalls: [call], jobs: {} },
      { openCalls: [call], jobs: { fake: 'job-1' } },
      { image: { saved: image, provenance: { provider: 'fake', costUsd: 0 } } },
    ]);
  });

  it('is not set back by a provider that was given up and comes late', async () => {
    let late: ProviderContext | undefined;
    const { written, make } = setUp(async (asked, context) => {
      late = context;
      return createPicture('fake', asked);
    });
    await make();
    await late?.job.save('fake', undefined);
    expect(written).toHaveLength(1);
  });
});
