import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ChainExhaustedError, ProviderError } from '../../src/core/errors.ts';
import type { WorkerEvents } from '../../src/core/events.ts';
import type { Attempt } from '../../src/core/provider.ts';
import { createImageJobs, type ImageJob, type ImageJobOptions } from '../../src/server/image-jobs.ts';
import { silentLog } from '../../src/lib/log.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { attempt } from '../support/server/page-fixture.ts';

type GenerateImage = ImageJobOptions['generateImage'];
type Parts = Parameters<GenerateImage>[1];

const request = { prompt: 'a harbour', width: 512, height: 512, seed: 7 };
const image = {
  path: '1795255200000-generated.png',
  sha256: '',
  byteLength: 1,
  mediaType: 'image/png' as const,
  width: 512,
  height: 512,
};
const facts = { provider: 'huggingface', model: 'flux', seed: 7, costUsd: 0.003, generatedAt: 0 };
const provider = { name: 'huggingface', label: 'Hugging Face' };
const rowTimeoutMs = 5000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Image jobs whose images are made by `generateImage`. */
function rig(
  generateImage: GenerateImage = async () => ({ image: { saved: image, provenance: facts }, attempts: [attempt()] }),
) {
  const clock = createFakeClock();
  const events: WorkerEvents = new EventEmitter();
  const real = { name: 'chain', label: 'Real', generate: vi.fn<never>(), takeSlot: vi.fn<never>(), isOpen: () => true };
  const chain = {
    name: 'chain',
    label: 'All',
    generate: vi.fn<never>(),
    takeSlot: vi.fn<never>(),
    isOpen: () => true,
    real,
  };
  const added: string[] = [];
  const attempts: Attempt[] = [];
  events.on('attempt', (attempt: Attempt) => attempts.push(attempt));
  const stores = new Map<unknown, string>();
  const run = createImageJobs({
    chain,
    generateImage,
    storeOf(userId) {
      const store = { save: vi.fn<never>(), saveBeside: vi.fn<never>() };
      stores.set(store, userId);
      return store;
    },
    galleries: { added: (userId, file) => void added.push(`${userId} ${file}`) },
    events,
    clock,
    log: silentLog,
    rowTimeoutMs,
  });
  return {
    run: (job: Partial<ImageJob> = {}) =>
      run({ request, userId: 'ann', allowPlaceholder: false, signal: new AbortController().signal, ...job }),
    advance: async (ms: number) => {
      clock.advance(ms);
      await vi.advanceTimersByTimeAsync(ms);
    },
    clock,
    chain,
    stores,
    added,
    attempts,
  };
}

/** Waits until the signal aborts, as the chain does. */
const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

describe('an image job', () => {
  it('answers with the facts of the image, which is among the latest of its user at once', async () => {
    const { run, added } = rig();
    expect(await run()).toEqual({
      filename: image.path,
      provider: 'huggingface',
      model: 'flux',
      seed: 7,
      costUsd: 0.003,
      why: 'Hugging Face, 4.5 s, free',
    });
    expect(added).toEqual([`ann ${image.path}`]);
  });

  it('saves for its user, by the whole chain only where the placeholder is allowed', async () => {
    const used: Parts[] = [];
    const { run, chain, stores } = rig(async (_, parts) => {
      used.push(parts);
      return { image: { saved: image, provenance: facts }, attempts: [] };
    });
    await run({ userId: 'ann', allowPlaceholder: true });
    await run({ userId: 'bob', allowPlaceholder: false });
    expect(used.map((parts) => parts.chain)).toEqual([chain, chain.real]);
    expect(used.map(({ store }) => stores.get(store))).toEqual(['ann', 'bob']);
  });

  it('tells the worker of every call', async () => {
    const call = attempt({ outcome: 'timeout' });
    const { run, attempts } = rig(async (job) => {
      job.onAttempt?.(call);
      return { image: { saved: image, provenance: facts }, attempts: [call] };
    });
    await run();
    expect(attempts).toEqual([call]);
  });

  it('fails as the chain fails, and is in no gallery then', async () => {
    const failure = new ChainExhaustedError([], new ProviderError('unavailable', 'It is down.'));
    const { run, added } = rig(async () => {
      throw failure;
    });
    await expect(run()).rejects.toBe(failure);
    expect(added).toEqual([]);
  });

  it('ends with its signal', async () => {
    const { run } = rig((_, __, signal) => untilAborted(signal));
    const caller = new AbortController();
    const running = run({ signal: caller.signal });
    caller.abort(new Error('The caller went away.'));
    await expect(running).rejects.toThrow('The caller went away.');
    await expect(run({ signal: caller.signal })).rejects.toThrow('The caller went away.');
  });

  it('ends with the time of one row while it waits for a slot, and says what was learned before', async () => {
    const refusal = attempt({ outcome: 'out_of_credit' });
    const { run, advance } = rig((job, _, signal) => {
      job.onAsking?.(provider);
      job.onAttempt?.(refusal);
      return untilAborted(signal);
    });
    const failure = run().catch((error: unknown) => error);
    await advance(rowTimeoutMs + 1000);
    const error = await failure;
    expect(error).toBeInstanceOf(ChainExhaustedError);
    expect(error).toMatchObject({
      attempts: [refusal],
      last: { code: 'timeout', message: 'no provider had a free place within 5 s' },
    });
  });

  it('ends with the time of one row while a provider is asked', async () => {
    const { run, advance } = rig((job, _, signal) => {
      job.onAsking?.(provider);
      return untilAborted(signal);
    });
    const failure = run().catch((error: unknown) => error);
    await advance(rowTimeoutMs + 1000);
    expect(await failure).toMatchObject({ attempts: [], last: { code: 'timeout', message: 'no answer within 6 s' } });
  });
});
