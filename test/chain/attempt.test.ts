import { describe, expect, it } from 'vitest';
import { ConfigError, ProviderError } from '../../src/core/errors.ts';
import { createRedact } from '../../src/lib/redact.ts';
import { withAttemptLog, type AttemptOptions } from '../../src/chain/attempt.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createFakeProvider, createPicture } from '../support/fake-provider.ts';
import { createContext, createLines, failure, reasonOf, request } from '../support/chain/rig.ts';

function createAttempt(options: Partial<AttemptOptions> = {}) {
  const clock = createFakeClock();
  const provider = createFakeProvider('huggingface', 'Hugging Face');
  const policy = withAttemptLog(provider, {
    clock,
    finish: (bytes) => Promise.resolve(bytes),
    redact: (text) => text,
    model: 'black-forest-labs/FLUX.1-schnell',
    costUsd: 0,
    ...options,
  });
  return { clock, provider, policy };
}

describe('withAttemptLog', () => {
  it('answers with the finished bytes as a PNG of the size asked', async () => {
    const sizes: unknown[] = [];
    const { provider, policy } = createAttempt({
      finish: async (_, size) => {
        sizes.push(size);
        return Uint8Array.of(1, 2, 3);
      },
    });
    provider.script('picture');
    const image = await policy.generate(request, createContext());
    expect(image).toMatchObject({ mediaType: 'image/png', width: 512, height: 384, bytes: Uint8Array.of(1, 2, 3) });
    expect(image).toMatchObject({ provider: 'huggingface', model: 'huggingface-model', seed: 42 });
    expect(sizes).toEqual([{ width: 512, height: 384 }]);
  });

  it('records a success with its price and the model that made it', async () => {
    const { clock, provider, policy } = createAttempt({ costUsd: 0.003 });
    provider.script(async () => {
      clock.advance(4523);
      return createPicture('huggingface', request);
    });
    const context = createContext();
    await policy.generate(request, context);
    expect(context.attempts).toEqual([
      {
        provider: 'huggingface',
        label: 'Hugging Face',
        model: 'huggingface-model',
        startedAt: '2026-11-21T10:00:00.000Z',
        durationMs: 4523,
        outcome: 'ok',
        costUsd: 0.003,
      },
    ]);
  });

  it('prefers the price that the answer names', async () => {
    const { provider, policy } = createAttempt({ costUsd: 0.003 });
    provider.script(async () => ({ ...createPicture('huggingface', request), costUsd: 0.01 }));
    const context = createContext();
    expect(await policy.generate(request, context)).toMatchObject({ costUsd: 0.01 });
    expect(context.attempts).toMatchObject([{ costUsd: 0.01 }]);
  });

  it('logs the try and the picture', async () => {
    const { clock, provider, policy } = createAttempt();
    provider.script(async () => {
      clock.advance(4523);
      return createPicture('huggingface', request);
    });
    const log = createLines();
    await policy.generate(request, createContext({ log }));
    expect(log.lines).toEqual(['info Hugging Face: trying FLUX.1-schnell', 'info Hugging Face: picture in 4523 ms']);
  });

  it('names no model where none is known', async () => {
    const { provider, policy } = createAttempt({ model: 'Hugging Face' });
    provider.script('picture');
    const log = createLines();
    await policy.generate(request, createContext({ log }));
    expect(log.lines[0]).toBe('info Hugging Face: trying');
  });

  it('records a failure with when to ask again', async () => {
    const { provider, policy } = createAttempt();
    const until = Date.UTC(2026, 11, 1);
    provider.script(failure('out_of_credit', { until }), failure('rate_limited', { retryAfterMs: 60_000 }));
    const context = createContext();
    expect(await reasonOf(policy.generate(request, context))).toMatchObject({ code: 'out_of_credit' });
    expect(await reasonOf(policy.generate(request, context))).toMatchObject({ code: 'rate_limited' });
    expect(context.attempts).toMatchObject([
      { outcome: 'out_of_credit', until: '2026-12-01T00:00:00.000Z', detail: 'it says out_of_credit' },
      { outcome: 'rate_limited', until: '2026-11-21T10:01:00.000Z' },
    ]);
    expect(context.attempts[0]).not.toHaveProperty('possiblySpent');
  });

  it('survives a time beyond all dates', async () => {
    const { provider, policy } = createAttempt();
    provider.script(failure('out_of_credit', { until: 1e300 }));
    const context = createContext();
    expect(await reasonOf(policy.generate(request, context))).toMatchObject({ code: 'out_of_credit' });
    expect(context.attempts).toMatchObject([{ until: '+275760-09-13T00:00:00.000Z' }]);
  });

  it.each([
    ['a time-out', failure('timeout'), true],
    ['a time-out of a call that was sent', failure('timeout', { sent: true }), true],
    ['a time-out without a call', failure('timeout', { sent: false }), undefined],
    ['a lost connection', failure('unavailable', { sent: true }), true],
    ['a refused connection', failure('unreachable'), undefined],
  ])('says of %s whether a paid provider may have been paid', async (_, error, possiblySpent) => {
    for (const costUsd of [0.003, 0]) {
      const { provider, policy } = createAttempt({ costUsd });
      provider.script(error);
      const context = createContext();
      await reasonOf(policy.generate(request, context));
      expect(context.attempts[0]?.possiblySpent).toBe(costUsd > 0 ? possiblySpent : undefined);
    }
  });

  it('counts a paid image that cannot be used as possibly spent', async () => {
    const { provider, policy } = createAttempt({
      costUsd: 0.003,
      finish: () => Promise.reject(failure('bad_image')),
    });
    provider.script('picture');
    const context = createContext();
    expect(await reasonOf(policy.generate(request, context))).toMatchObject({ code: 'bad_image' });
    expect(context.attempts).toMatchObject([{ outcome: 'bad_image', possiblySpent: true, costUsd: 0.003 }]);
  });

  it('redacts secrets in what it records', async () => {
    const { provider, policy } = createAttempt({ redact: createRedact(['abcd1234']) });
    provider.script(new ProviderError('unauthorized', 'bad key abcd1234', { status: 401 }));
    const context = createContext();
    expect(await reasonOf(policy.generate(request, context))).toMatchObject({
      message: 'bad key [secret]',
      facts: { status: 401 },
    });
    expect(context.attempts[0]?.detail).toBe('bad key [secret]');
  });

  it('shortens what a provider says to 300 characters', async () => {
    const { provider, policy } = createAttempt();
    provider.script(new ProviderError('unavailable', 'x'.repeat(1000)));
    const context = createContext();
    await reasonOf(policy.generate(request, context));
    expect(context.attempts[0]?.detail).toBe(`${'x'.repeat(299)}…`);
  });

  it.each([new TypeError('x is not a function'), 'a string', undefined])(
    'takes %s of an adapter for a fault of the provider',
    async (thrown) => {
      const { provider, policy } = createAttempt();
      provider.script(async () => {
        throw thrown;
      });
      const log = createLines();
      const context = createContext({ log });
      const reason = await reasonOf(policy.generate(request, context));
      expect(reason).toMatchObject({ name: 'ProviderError', code: 'unavailable', facts: { sent: true } });
      expect(context.attempts).toMatchObject([{ outcome: 'unavailable' }]);
      expect(log.lines).toContain('error Hugging Face: a fault that the worker does not know');
    },
  );

  it('takes what only the operator can mend for no fault of the provider', async () => {
    const { provider, policy } = createAttempt({ costUsd: 0.003 });
    const full = new ConfigError('The disk is full.');
    const context = createContext();
    expect(await reasonOf(policy.generate(request, { ...context, open: () => Promise.reject(full) }))).toBe(full);
    expect(provider.calls).toEqual([]);
    provider.script(full);
    expect(await reasonOf(policy.generate(request, context))).toBe(full);
    expect(context.attempts).toEqual([]);
  });

  it('opens no call that is refused, and records the refusal', async () => {
    const { provider, policy } = createAttempt({
      costUsd: 0.003,
      refuse: () => {
        throw failure('timeout', { sent: false });
      },
    });
    const log = createLines();
    const context = createContext({ log });
    context.open = () => Promise.reject(new Error('opened'));
    expect(await reasonOf(policy.generate(request, context))).toMatchObject({ code: 'timeout' });
    expect(context.attempts).toMatchObject([{ outcome: 'timeout' }]);
    expect(context.attempts[0]).not.toHaveProperty('possiblySpent');
    expect([provider.calls, log.lines]).toEqual([[], []]);
  });

  it('passes an abort on as it is and records nothing', async () => {
    const { provider, policy } = createAttempt();
    const controller = new AbortController();
    provider.script(async () => {
      controller.abort('the reason');
      throw failure('unavailable');
    });
    const context = createContext({ signal: controller.signal });
    expect(await reasonOf(policy.generate(request, context))).toBe('the reason');
    expect(context.attempts).toEqual([]);
  });
});
