import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProviderErrorFacts } from '../../src/core/errors.ts';
import type { FailureCode } from '../../src/core/reactions.ts';
import { keysOf } from '../../src/lib/records.ts';
import { reactions } from '../../src/core/reactions.ts';
import { withRetry, type RetryOptions } from '../../src/chain/retry.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createFakeProvider } from '../support/fake-provider.ts';
import { createContext, createLines, failure, reasonOf, request } from '../support/chain/rig.ts';

const rowMs = 300_000;
const noOtherProvider = () => true;

function createRig(options: Partial<RetryOptions> = {}) {
  const clock = createFakeClock();
  const provider = createFakeProvider('huggingface', 'Hugging Face');
  const policy = withRetry(provider, {
    clock,
    random: () => 0,
    paid: false,
    reserveMs: 0,
    noOtherProvider: () => false,
    epoch: () => 0,
    ...options,
  });
  return { clock, provider, policy };
}

/** Runs one row whose provider always fails so; answers with its waits, in ms. */
async function waitsOf(code: FailureCode, facts: ProviderErrorFacts, options: Partial<RetryOptions> = {}) {
  const { clock, provider, policy } = createRig(options);
  provider.always(failure(code, facts));
  const reason = await reasonOf(policy.generate(request, createContext({ clock, rowMs })));
  expect(reason).toMatchObject({ code });
  expect(provider.calls).toHaveLength(clock.sleeps.length + 1);
  return clock.sleeps;
}

describe('withRetry', () => {
  it('asks once when the answer is an image', async () => {
    const { clock, provider, policy } = createRig();
    provider.script('picture');
    expect(await policy.generate(request, createContext())).toMatchObject({ provider: 'huggingface' });
    expect(clock.sleeps).toEqual([]);
  });

  it.each(keysOf(reactions).filter((code) => reactions[code].again === 'no'))(
    'never asks again after %s',
    async (code) => {
      expect(await waitsOf(code, { retryAfterMs: 1000 }, { noOtherProvider })).toEqual([]);
    },
  );

  it('waits for a model that loads as long as it says', async () => {
    const { clock, provider, policy } = createRig();
    provider.script(failure('loading', { status: 503, retryAfterMs: 2000 }), 'picture');
    const log = createLines();
    await policy.generate(request, createContext({ clock, rowMs, log }));
    expect(clock.sleeps).toEqual([2000]);
    expect(log.lines).toEqual(['info Hugging Face: model still loading (503); again in 2 s']);
  });

  it('waits for a model at least 1 s and at most 30 s at a time', async () => {
    const { clock, provider, policy } = createRig();
    provider.script(failure('loading', { retryAfterMs: 90_000 }), failure('loading', { retryAfterMs: 1 }), 'picture');
    await policy.generate(request, createContext({ clock, rowMs }));
    expect(clock.sleeps).toEqual([30_000, 1000]);
  });

  it('waits for a model five times, longer each time, where it names no time', async () => {
    expect(await waitsOf('loading', {})).toEqual([1000, 2000, 4000, 8000, 16_000]);
    expect(await waitsOf('loading', {}, { random: () => 0.5 })).toEqual([1500, 3000, 6000, 12_000, 24_000]);
  });

  it('gives a model up whose estimate does not fall', async () => {
    expect(await waitsOf('loading', { retryAfterMs: 20_000 })).toEqual([20_000]);
  });

  it("waits for a model half of the row's time at most", async () => {
    const { clock, provider, policy } = createRig();
    const estimates = [50_000, 40_000, 30_000, 20_000];
    provider.script(...estimates.map((retryAfterMs) => failure('loading', { retryAfterMs })));
    const context = createContext({ clock, rowMs: 130_000 });
    expect(await reasonOf(policy.generate(request, context))).toMatchObject({ code: 'loading' });
    expect(clock.sleeps).toEqual([30_000, 30_000]);
  });

  it('keeps to a short pause twice, and to no longer one, while another provider is open', async () => {
    expect(await waitsOf('rate_limited', { retryAfterMs: 5000 })).toEqual([5000, 5000]);
    expect(await waitsOf('rate_limited', { retryAfterMs: 5001 })).toEqual([]);
    expect(await waitsOf('rate_limited', {})).toEqual([]);
  });

  it("keeps to any pause that the row's time allows while no other provider is open", async () => {
    expect(await waitsOf('rate_limited', { retryAfterMs: 100_000 }, { noOtherProvider })).toEqual([100_000, 100_000]);
    expect(await waitsOf('rate_limited', { retryAfterMs: 100_000 }, { noOtherProvider, reserveMs: 95_000 })).toEqual([
      100_000,
    ]);
    expect(await waitsOf('rate_limited', {}, { noOtherProvider })).toEqual([60_000, 60_000, 60_000, 60_000]);
  });

  it('is bounded without a deadline', async () => {
    const { clock, provider, policy } = createRig({ noOtherProvider });
    provider.always(failure('rate_limited', { retryAfterMs: 0 }));
    await reasonOf(policy.generate(request, createContext()));
    expect(clock.sleeps).toHaveLength(100);
  });

  it('asks a free provider once more after a fault, a paid one never', async () => {
    expect(await waitsOf('unavailable', {})).toEqual([1000]);
    expect(await waitsOf('unavailable', {}, { paid: true })).toEqual([]);
    expect(await waitsOf('unavailable', {}, { reserveMs: rowMs })).toEqual([]);
  });

  it('does not ask again when the provider was shut during the wait', async () => {
    let epoch = 0;
    const { clock, provider, policy } = createRig({ epoch: () => epoch });
    provider.script(async () => {
      epoch = 1;
      throw failure('loading');
    });
    expect(await reasonOf(policy.generate(request, createContext({ clock, rowMs })))).toMatchObject({
      code: 'loading',
    });
    expect(provider.calls).toHaveLength(1);
  });

  it.each(['stopping', new TypeError('stopping')])('ends a wait with an abort by %s, without a call', async (why) => {
    const controller = new AbortController();
    const clock = createFakeClock();
    const sleep = async () => {
      controller.abort(why);
      throw why;
    };
    const { provider, policy } = createRig({ clock: { ...clock, sleep } });
    provider.always(failure('loading'));
    expect(await reasonOf(policy.generate(request, createContext({ signal: controller.signal })))).toBe(why);
    expect(provider.calls).toHaveLength(1);
  });

  it('does not call once aborted, even when the wait ended well', async () => {
    const controller = new AbortController();
    const sleep = async () => controller.abort('stopping');
    const { provider, policy } = createRig({ clock: { ...createFakeClock(), sleep } });
    provider.always(failure('loading'));
    expect(await reasonOf(policy.generate(request, createContext({ signal: controller.signal })))).toBe('stopping');
    expect(provider.calls).toHaveLength(1);
  });

  it('waits within bounds and ends, whatever the failures', async () => {
    const step = fc.record({
      code: fc.constantFrom(...keysOf(reactions)),
      retryAfterMs: fc.option(fc.integer({ min: 0, max: 10_000_000 }), { nil: undefined }),
    });
    const steps = fc.array(step, { minLength: 1, size: 'max', maxLength: 150 });
    const chances = fc.double({ min: 0, max: 0.999_999, noNaN: true });
    const property = fc.asyncProperty(steps, chances, fc.boolean(), fc.boolean(), async (all, chance, paid, alone) => {
      const { clock, provider, policy } = createRig({ random: () => chance, paid, noOtherProvider: () => alone });
      const failures = all.map(({ code, retryAfterMs }) =>
        failure(code, retryAfterMs === undefined ? {} : { retryAfterMs }),
      );
      provider.script(...failures);
      provider.always(failure('timeout'));
      await reasonOf(policy.generate(request, createContext({ clock, rowMs })));
      expect(clock.monotonic()).toBeLessThan(rowMs);
      expect(clock.sleeps.every((ms) => ms >= 1000)).toBe(true);
      expect(provider.calls).toHaveLength(clock.sleeps.length + 1);
      const waited = all.slice(0, clock.sleeps.length).map(({ code }) => code);
      expect(waited.filter((code) => code === 'loading').length).toBeLessThanOrEqual(5);
      expect(waited.filter((code) => code === 'unavailable').length).toBeLessThanOrEqual(paid ? 0 : 1);
      expect(waited.every((code) => reactions[code].again !== 'no')).toBe(true);
    });
    await expect(fc.assert(property, { numRuns: 200 })).resolves.toBeUndefined();
  });
});
