import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { withProviderDeadline } from '../../src/chain/deadline.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createFakeProvider } from '../support/fake-provider.ts';
import { createContext, failure, reasonOf, request } from '../support/chain/rig.ts';

const never = () => new Promise<never>(() => undefined);

function createTimed(timeoutMs: number, reserveMs = 0) {
  const clock = createFakeClock();
  const provider = createFakeProvider();
  return { clock, provider, policy: withProviderDeadline(provider, { timeoutMs, reserveMs, clock }) };
}

describe('withProviderDeadline', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('hands on the image and leaves no timer', async () => {
    const { provider, policy } = createTimed(60_000);
    provider.script('picture');
    expect(await policy.generate(request, createContext())).toMatchObject({ provider: 'fake' });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('gives up after its own time and aborts the call', async () => {
    const { provider, policy } = createTimed(60_000);
    let signal: AbortSignal | undefined;
    provider.script((_, context) => {
      ({ signal } = context);
      return never();
    });
    const reason = reasonOf(policy.generate(request, createContext()));
    await vi.advanceTimersByTimeAsync(59_999);
    expect(signal?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await reason).toMatchObject({
      code: 'timeout',
      facts: { sent: true },
      message: expect.stringMatching('60 s'),
    });
    expect(signal?.aborted).toBe(true);
  });

  it("gives up at the end of the row's time, less the reserve", async () => {
    const { clock, provider, policy } = createTimed(60_000, 10_000);
    provider.script(never);
    const context = createContext({ clock, rowMs: 30_000 });
    clock.advance(5000);
    const reason = reasonOf(policy.generate(request, context));
    await vi.advanceTimersByTimeAsync(15_000);
    expect(await reason).toMatchObject({ code: 'timeout' });
  });

  it('does not call when no time is left', async () => {
    const { clock, provider, policy } = createTimed(60_000, 10_000);
    const context = createContext({ clock, rowMs: 10_000 });
    expect(await reasonOf(policy.generate(request, context))).toMatchObject({
      code: 'timeout',
      facts: { sent: false },
    });
    expect(provider.calls).toHaveLength(0);
  });

  it("moves with the row's deadline", async () => {
    const { clock, provider, policy } = createTimed(60_000);
    provider.script('picture');
    const context = createContext({ clock, rowMs: 1000 });
    clock.advance(5000);
    context.waited(5000);
    await policy.generate(request, context);
    expect(provider.calls).toHaveLength(1);
  });

  it("rejects with the caller's reason", async () => {
    const { provider, policy } = createTimed(60_000);
    const controller = new AbortController();
    provider.script(never);
    const reason = reasonOf(policy.generate(request, createContext({ signal: controller.signal })));
    controller.abort('stopping');
    expect(await reason).toBe('stopping');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves other failures as they are', async () => {
    const { provider, policy } = createTimed(60_000);
    const error = failure('unavailable');
    provider.script(error);
    expect(await reasonOf(policy.generate(request, createContext()))).toBe(error);
  });
});
