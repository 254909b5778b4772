import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { ProviderError } from '../../src/core/errors.ts';
import { reactions } from '../../src/core/reactions.ts';
import { silentLog } from '../../src/lib/log.ts';
import { keysOf } from '../../src/lib/records.ts';
import { type BreakerOptions, createBreaker, withBreaker } from '../../src/chain/breaker.ts';
import { createMemory, type Lockout } from '../../src/state/provider-memory.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createFakeProvider, createPicture } from '../support/fake-provider.ts';
import { createContext, createLines, failure, reasonOf, request, flushPromises } from '../support/chain/rig.ts';

const owner = { name: 'huggingface', account: 'abcd1234', model: 'flux' };
const dayMs = 24 * 3_600_000;
const firstOfDecember = Date.UTC(2026, 11, 1);

function createRig(options: Partial<BreakerOptions> = {}) {
  const clock = createFakeClock();
  const memory = createMemory();
  const changes: string[] = [];
  const breaker = createBreaker({
    ...owner,
    label: 'Hugging Face',
    memory,
    clock,
    random: () => 0,
    log: silentLog,
    onChange: () => changes.push(breaker.state.kind),
    ...options,
  });
  const provider = createFakeProvider('huggingface', 'Hugging Face');
  const policy = withBreaker(provider, breaker);
  /** One row; answers with its image's provider or its failure's code. */
  const row = async (context = createContext()) =>
    policy.generate(request, context).then(
      () => 'ok',
      (error: unknown) => (error instanceof ProviderError ? error.code : error),
    );
  return { clock, memory, breaker, changes, provider, policy, row };
}

/** A call that is ended by hand. */
function createPending() {
  const controller = new AbortController();
  let result: 'ok' | Error = 'ok';
  const step = async () => {
    await once(controller.signal, 'abort');
    if (result !== 'ok') throw result;
    return createPicture('huggingface', request);
  };
  const end = (own: 'ok' | Error) => {
    result = own;
    controller.abort();
  };
  return { step, end };
}

describe('withBreaker', () => {
  it('leaves a provider alone after three weak failures in a row, but not beyond the process', async () => {
    const { clock, memory, breaker, provider, row } = createRig();
    provider.script(failure('timeout'), failure('bad_image'), 'picture', failure('timeout'));
    provider.script(failure('unavailable'), failure('unreachable'));
    for (let count = 0; count < 6; count += 1) {
      expect(breaker.state.kind).toBe('closed');
      await row();
    }
    expect(breaker.state).toMatchObject({ kind: 'open', lockout: { until: clock.now() + 30_000, strikes: 1 } });
    expect(await row()).toBe('circuit_open');
    expect(provider.calls).toHaveLength(6);
    expect(memory.recall(owner)).toBeUndefined();
  });

  it.each(keysOf(reactions).filter((code) => ['account', 'route'].includes(reactions[code].remember)))(
    'leaves a provider alone at once after %s',
    async (code) => {
      const { memory, provider, row } = createRig();
      provider.script(failure(code));
      expect([await row(), await row()]).toEqual([code, 'circuit_open']);
      expect(provider.calls).toHaveLength(1);
      expect(memory.recall(owner)).toMatchObject({ code });
    },
  );

  it.each(keysOf(reactions).filter((code) => reactions[code].remember === 'nothing'))(
    'holds %s against nobody',
    async (code) => {
      const { breaker, provider, row } = createRig();
      provider.script(failure('timeout'), failure('timeout'));
      provider.always(failure(code));
      for (let count = 0; count < 6; count += 1) await row();
      expect(breaker.state).toEqual({ kind: 'closed', failures: 2 });
    },
  );

  it('does not hold it against the provider that no time was left to ask', async () => {
    const { breaker, provider, row } = createRig();
    provider.always(failure('timeout', { sent: false }));
    for (let count = 0; count < 4; count += 1) await row();
    expect(breaker.state).toEqual({ kind: 'closed', failures: 0 });
  });

  it('lets one probe through when the time is over, and refuses the others meanwhile', async () => {
    const { clock, provider, changes, row } = createRig();
    provider.script(failure('unauthorized'));
    await row();
    clock.advance(3_600_000);
    const probe = createPending();
    provider.script(probe.step);
    const probing = row();
    expect([await row(), await row()]).toEqual(['circuit_open', 'circuit_open']);
    probe.end('ok');
    expect(await probing).toBe('ok');
    provider.always('picture');
    expect(await row()).toBe('ok');
    expect(changes).toEqual(['open', 'half-open', 'closed']);
    expect(provider.calls).toHaveLength(3);
  });

  it('forgets the lockout when the probe brings an image', async () => {
    const { clock, memory, provider, row } = createRig();
    provider.script(failure('retired'), 'picture');
    await row();
    clock.advance(dayMs);
    await row();
    expect(memory.recall(owner)).toBeUndefined();
  });

  it('waits longer after each probe that fails', async () => {
    const { clock, breaker, provider, row } = createRig();
    provider.always(failure('timeout'));
    for (let count = 0; count < 3; count += 1) await row();
    clock.advance(29_999);
    expect(await row()).toBe('circuit_open');
    clock.advance(1);
    expect(await row()).toBe('timeout');
    clock.advance(59_999);
    expect(await row()).toBe('circuit_open');
    clock.advance(1);
    expect(await row()).toBe('timeout');
    expect(breaker.state).toMatchObject({ lockout: { strikes: 3, until: clock.now() + 120_000 } });
  });

  it.each(['content_rejected', 'invalid_request'] as const)(
    'takes %s of a probe as proof that it works',
    async (code) => {
      const { clock, breaker, provider, row } = createRig();
      provider.script(failure('unauthorized'), failure(code));
      await row();
      clock.advance(3_600_000);
      await row();
      expect(breaker.state.kind).toBe('closed');
    },
  );

  it('learns nothing from a probe that came to nothing', async () => {
    const { clock, breaker, provider, row } = createRig();
    provider.script(failure('unauthorized'), failure('over_budget'), new RangeError('ours'));
    await row();
    clock.advance(3_600_000);
    expect(await row()).toBe('over_budget');
    expect(breaker.state.kind).toBe('open');
    expect(await row()).toBeInstanceOf(RangeError);
    const controller = new AbortController();
    provider.script(async () => {
      controller.abort('stopping');
      throw failure('timeout');
    });
    await row(createContext({ signal: controller.signal }));
    expect(breaker.state).toMatchObject({ kind: 'open', lockout: { code: 'unauthorized', strikes: 1 } });
    provider.script('picture');
    expect(await row()).toBe('ok');
  });

  it('costs one probe a day while the credit is out', async () => {
    const { clock, provider, row } = createRig();
    provider.always(failure('out_of_credit', { until: firstOfDecember }));
    for (let day = 0; day < 5; day += 1) {
      for (let count = 0; count < 100; count += 1) await row();
      expect(provider.calls).toHaveLength(day + 1);
      clock.advance(dayMs);
    }
  });

  it('records for later rows the refusal that the first one met', async () => {
    const { provider, row } = createRig();
    provider.script(failure('out_of_credit', { until: firstOfDecember }));
    await row();
    const context = createContext();
    await row(context);
    expect(context.attempts).toEqual([
      {
        provider: 'huggingface',
        label: 'Hugging Face',
        model: 'flux',
        startedAt: '2026-11-21T10:00:00.000Z',
        durationMs: 0,
        outcome: 'out_of_credit',
        until: '2026-12-01T00:00:00.000Z',
        notAsked: true,
        detail: 'not asked: out of credit until 1 Dec',
      },
    ]);
  });

  it('calls weak failures recent trouble, and says when it ends', async () => {
    const { provider, policy, row } = createRig();
    provider.always(failure('timeout'));
    for (let count = 0; count < 3; count += 1) await row();
    const context = createContext();
    expect(await reasonOf(policy.generate(request, context))).toMatchObject({
      code: 'circuit_open',
      message: 'Hugging Face: no answer in time until 21 Nov 10:00 UTC',
    });
    expect(context.attempts).toMatchObject([{ outcome: 'circuit_open', until: '2026-11-21T10:00:30.000Z' }]);
  });

  it('ignores what calls from before say of a provider as it was', async () => {
    const { breaker, provider, row } = createRig();
    const [late, later, first] = [createPending(), createPending(), createPending()];
    provider.script(late.step, later.step, first.step);
    const rows = [row(), row(), row()];
    first.end(failure('out_of_credit', { until: firstOfDecember }));
    await flushPromises();
    late.end('ok');
    later.end(failure('out_of_credit'));
    await Promise.all(rows);
    expect(breaker.state).toMatchObject({ kind: 'open', lockout: { until: firstOfDecember, strikes: 1 } });
  });

  it('counts one lockout once, however many calls from before report it', async () => {
    const { clock, breaker, provider, row } = createRig();
    const [late, first] = [createPending(), createPending()];
    provider.script(late.step, first.step);
    const rows = [row(), row()];
    first.end(failure('unauthorized'));
    await flushPromises();
    const { state } = breaker;
    clock.advance(2000);
    late.end(failure('unauthorized'));
    await Promise.all(rows);
    expect(breaker.state).toBe(state);
  });

  it('believes a call from before that reports a longer lockout', async () => {
    const { breaker, provider, row } = createRig();
    const [late, first] = [createPending(), createPending()];
    provider.script(late.step, first.step);
    const rows = [row(), row()];
    first.end(failure('rate_limited'));
    await flushPromises();
    late.end(failure('unauthorized'));
    await Promise.all(rows);
    expect(breaker.state).toMatchObject({ kind: 'open', lockout: { code: 'unauthorized' } });
  });

  it('begins with what is remembered', async () => {
    const memory = createMemory();
    const clock = createFakeClock();
    const lockout: Lockout = { code: 'out_of_credit', until: firstOfDecember, since: clock.now(), strikes: 1 };
    await memory.remember(owner, lockout);
    const { provider, row } = createRig({ memory, clock });
    expect(await row()).toBe('circuit_open');
    clock.advance(10 * dayMs);
    provider.script('picture');
    expect(await row()).toBe('ok');
    expect(memory.recall(owner)).toBeUndefined();
  });

  it('probes when the clock has jumped', async () => {
    const memory = createMemory();
    const clock = createFakeClock();
    const since = clock.now() + 100 * dayMs;
    await memory.remember(owner, { code: 'out_of_credit', until: since + 1000, since, strikes: 1 });
    const { provider, row } = createRig({ memory, clock });
    provider.script('picture');
    expect(await row()).toBe('ok');
  });

  it('asks again after a reset', async () => {
    const { breaker, memory, provider, row } = createRig();
    provider.script(failure('out_of_credit'), 'picture');
    await row();
    await breaker.reset();
    expect(memory.recall(owner)).toBeUndefined();
    expect(await row()).toBe('ok');
  });

  it('warns the operator of what only the operator can mend', async () => {
    const log = createLines();
    const { clock, provider, row } = createRig({ log });
    provider.script(failure('unauthorized'), 'picture', failure('out_of_credit'));
    await row();
    clock.advance(3_600_000);
    await row();
    await row();
    expect(log.lines).toEqual([
      'warn Hugging Face: left out, key refused until 21 Nov 11:00 UTC',
      'info Hugging Face: back again',
      'info Hugging Face: left out, out of credit until 1 Dec',
    ]);
  });
});
