import { describe, expect, it } from 'vitest';
import type { OpenCall } from '../../src/core/provider.ts';
import { withAttemptLog } from '../../src/chain/attempt.ts';
import { type BudgetOptions, withBudget, openBudget } from '../../src/chain/budget.ts';
import { timeForCall } from '../../src/chain/deadline.ts';
import { why } from '../../src/messages/row.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createFakeProvider, createPicture } from '../support/fake-provider.ts';
import { createSpendFilesInMemory } from '../support/chain/budget-rig.ts';
import { createContext, createLines, failure, reasonOf, request } from '../support/chain/rig.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const november = '2026-11';

const callOf = (costUsd: number): OpenCall => ({
  provider: 'replicate',
  label: 'Replicate',
  model: 'flux-schnell',
  startedAt: '2026-11-21T10:00:00.000Z',
  costUsd,
});

async function createBudget(
  options: Partial<BudgetOptions> & { files?: ReturnType<typeof createSpendFilesInMemory> } = {},
) {
  const clock = createFakeClock();
  const log = createLines();
  const all = { capUsd: 1, clock, log, ...options, files: options.files ?? createSpendFilesInMemory() };
  return { clock, log, files: all.files, budget: await openBudget(all), again: () => openBudget(all) };
}

async function createPaid(capUsd: number | undefined, costUsd = 0.4) {
  const { budget, files, clock, log } = await createBudget({ capUsd });
  const provider = createFakeProvider('replicate', 'Replicate');
  const limits = { timeoutMs: 60_000, reserveMs: 0, clock };
  const call = withAttemptLog(provider, {
    clock,
    finish: (bytes) => Promise.resolve(bytes),
    redact: (text) => text,
    model: 'flux-schnell',
    costUsd,
    refuse: (context) => void timeForCall(provider, context, limits),
  });
  return { budget, files, clock, log, provider, policy: withBudget(call, budget) };
}

describe('openBudget', () => {
  it('sets a price aside on disk, then counts what was spent', async () => {
    const { budget, files } = await createBudget();
    const recordCost = await budget.reserve(callOf(0.4));
    expect(files.lines(november)).toMatchObject([{ state: 'open', usd: 0.4, provider: 'replicate' }]);
    expect(await budget.state()).toEqual({
      month: november,
      capUsd: 1,
      spentUsd: 0,
      possibleUsd: 0,
      openUsd: 0.4,
      isReached: false,
    });
    await recordCost('spent', 0.35);
    expect(await budget.state()).toEqual({
      month: november,
      capUsd: 1,
      spentUsd: 0.35,
      possibleUsd: 0,
      openUsd: 0,
      isReached: false,
    });
  });

  it('refuses what does not fit beside spent, possible and open money, until the next month', async () => {
    const { budget } = await createBudget();
    await (
      await budget.reserve(callOf(0.2))
    )('spent');
    await (
      await budget.reserve(callOf(0.2))
    )('possible');
    const recordCost = await budget.reserve(callOf(0.4));
    expect([budget.admits(0.2), budget.admits(0.21)]).toEqual([true, false]);
    expect(await reasonOf(budget.reserve(callOf(0.21)))).toMatchObject({
      code: 'over_budget',
      facts: { until: Date.UTC(2026, 11, 1), sent: false },
    });
    await recordCost('released');
    expect(await budget.state()).toMatchObject({ spentUsd: 0.2, possibleUsd: 0.2, openUsd: 0 });
    await budget.reserve(callOf(0.6));
  });

  it('takes exactly as many images as the cap pays for', async () => {
    const { budget } = await createBudget({ capUsd: 0.3 });
    for (let count = 0; count < 100; count += 1) await (await budget.reserve(callOf(0.003)))('spent');
    expect(await reasonOf(budget.reserve(callOf(0.003)))).toMatchObject({ code: 'over_budget' });
    expect((await budget.state()).spentUsd).toBe(0.3);
  });

  it('never asks with a cap of 0, and without a cap always', async () => {
    const none = await createBudget({ capUsd: 0 });
    expect(await reasonOf(none.budget.reserve(callOf(0.000_000_000_1)))).toMatchObject({ code: 'over_budget' });
    expect(none.log.lines).toEqual([]);
    expect(none.files.texts.size).toBe(0);
    const { budget } = await createBudget({ capUsd: undefined });
    await (
      await budget.reserve(callOf(1000))
    )('spent');
    expect(await budget.state()).toEqual({
      month: november,
      spentUsd: 1000,
      possibleUsd: 0,
      openUsd: 0,
      isReached: false,
    });
  });

  it('never sets more aside than the cap for calls at once', async () => {
    const { budget, files } = await createBudget();
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => budget.reserve(callOf(0.3))));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect(files.lines(november)).toHaveLength(3);
  });

  it('counts what an earlier process left open as possibly spent', async () => {
    const { budget, again } = await createBudget();
    await (
      await budget.reserve(callOf(0.1))
    )('spent');
    await budget.reserve(callOf(0.4));
    const next = await again();
    expect(await next.state()).toMatchObject({ spentUsd: 0.1, possibleUsd: 0.4, openUsd: 0 });
    expect(await reasonOf(next.reserve(callOf(0.6)))).toMatchObject({ code: 'over_budget' });
  });

  it('sees what another process on the folder spends', async () => {
    const { budget, again } = await createBudget();
    const other = await again();
    await (
      await other.reserve(callOf(0.9))
    )('spent');
    expect(await reasonOf(budget.reserve(callOf(0.2)))).toMatchObject({ code: 'over_budget' });
  });

  it('begins anew with the month, and counts a call in the month it began in', async () => {
    const { budget, clock, files } = await createBudget();
    clock.advance(Date.UTC(2026, 10, 30, 23, 59) - clock.now());
    const recordCost = await budget.reserve(callOf(1));
    expect(budget.admits(1)).toBe(false);
    clock.advance(hourMs);
    expect(budget.admits(1)).toBe(true);
    await (
      await budget.reserve(callOf(0.9))
    )('spent');
    await recordCost('spent');
    expect(await budget.state()).toMatchObject({ month: '2026-12', spentUsd: 0.9 });
    expect(files.lines(november).map(({ state }) => state)).toEqual(['open', 'spent']);
  });

  it('goes on with the month that the clock shows when the clock is set back or ahead', async () => {
    const { budget, clock } = await createBudget();
    await (
      await budget.reserve(callOf(0.8))
    )('spent');
    const spent: number[] = [];
    for (const days of [-1, 1, 31, -31, -31, 31]) {
      clock.advance(days * dayMs);
      spent.push((await budget.state()).spentUsd);
      await budget.reserve(callOf(0.3)).catch(() => undefined);
    }
    expect(spent).toEqual([0.8, 0.8, 0, 0.8, 0, 0.8]);
    expect(await budget.state()).toMatchObject({ month: november, spentUsd: 0.8, openUsd: 0 });
  });

  it('warns once a month that it is reached', async () => {
    const { budget, clock, log } = await createBudget();
    for (const count of [1, 2]) {
      await (
        await budget.reserve(callOf(0.9))
      )('spent');
      await reasonOf(budget.reserve(callOf(0.2)));
      await reasonOf(budget.reserve(callOf(0.2)));
      expect(log.lines).toHaveLength(count);
      clock.advance(10 * dayMs);
    }
    expect(log.lines[0]).toBe(
      'warn The budget of $1 for 2026-11 is reached: until it ends, only free providers are asked',
    );
  });

  it('is reached once the price of no paid provider fits any more, and never without a paid one', async () => {
    const { budget } = await createBudget({ pricesUsd: [0, 0.4, 0.3] });
    const free = await createBudget({ pricesUsd: [0], capUsd: 0 });
    expect((await free.budget.state()).isReached).toBe(false);
    const recordCost = await budget.reserve(callOf(0.7));
    expect((await budget.state()).isReached).toBe(false);
    await recordCost('spent', 0.8);
    expect((await budget.state()).isReached).toBe(true);
  });

  it('ignores a torn last line, and leaves out a torn one in between with a warning', async () => {
    const first = await createBudget();
    await (
      await first.budget.reserve(callOf(0.4))
    )('spent');
    const text = first.files.texts.get(november) ?? '';
    const files = createSpendFilesInMemory(new Map([[november, text.slice(0, -5)]]));
    const { budget, log } = await createBudget({ files });
    expect(await budget.state()).toMatchObject({ spentUsd: 0, possibleUsd: 0.4 });
    expect(log.lines).toEqual([]);
    await (
      await budget.reserve(callOf(0.1))
    )('spent');
    expect(await budget.state()).toMatchObject({ spentUsd: 0.1, possibleUsd: 0.4 });
    expect(log.lines).toEqual(['warn A line of the spend ledger cannot be read and is left out']);
  });

  it.each([
    'null',
    '[]',
    '{"id":"a"}',
    '{"id":"a","at":"","provider":"","model":"","state":"open","usd":-1}',
    '\u0000',
  ])('leaves out the line %j', async (line) => {
    const files = createSpendFilesInMemory(new Map([[november, `${line}\n`]]));
    const { budget, log } = await createBudget({ files });
    expect(await budget.state()).toMatchObject({ spentUsd: 0, possibleUsd: 0 });
    expect(log.lines).toHaveLength(1);
  });

  it.each([Number.NaN, -1, Number.POSITIVE_INFINITY])('does not believe a price of %d', async (usd) => {
    const { budget, again } = await createBudget();
    await (
      await budget.reserve(callOf(0.4))
    )('spent', usd);
    expect(await (await again()).state()).toMatchObject({ spentUsd: 0.4 });
  });

  it('makes no call that cannot be written down', async () => {
    const files = { ...createSpendFilesInMemory(), append: () => Promise.reject(new Error('ENOSPC')) };
    const { budget } = await createBudget({ files });
    expect(await reasonOf(budget.reserve(callOf(0.4)))).toMatchObject({ message: 'ENOSPC' });
    expect(await budget.state()).toMatchObject({ openUsd: 0, possibleUsd: 0 });
  });

  it('goes on when a cost cannot be written down, which then counts as possible', async () => {
    const { budget, files, log, again } = await createBudget();
    const recordCost = await budget.reserve(callOf(0.4));
    const append = files.append.bind(files);
    files.append = () => Promise.reject(new Error('ENOSPC'));
    await recordCost('released');
    files.append = append;
    expect(await budget.state()).toMatchObject({ openUsd: 0, possibleUsd: 0.4 });
    expect(log.lines).toEqual([
      'warn What a call cost could not be kept, and counts as possibly spent: check the disk',
    ]);
    expect(await (await again()).state()).toMatchObject({ possibleUsd: 0.4 });
  });
});

describe('withBudget', () => {
  it('counts an image at the price that the provider names', async () => {
    const { budget, provider, policy } = await createPaid(1);
    provider.script('picture', async () => ({ ...createPicture('replicate', request), costUsd: 0.1 }));
    await policy.generate(request, createContext());
    await policy.generate(request, createContext());
    expect(await budget.state()).toMatchObject({ spentUsd: 0.5, possibleUsd: 0, openUsd: 0 });
  });

  it('makes no call that does not fit, and records the refusal', async () => {
    const { provider, policy, clock } = await createPaid(0.5);
    provider.script('picture');
    await policy.generate(request, createContext());
    const context = createContext();
    expect(await reasonOf(policy.generate(request, context))).toMatchObject({ code: 'over_budget' });
    expect(provider.calls).toHaveLength(1);
    expect(context.attempts).toMatchObject([{ outcome: 'over_budget', until: '2026-12-01T00:00:00.000Z' }]);
    expect(why(context.attempts, clock.now())).toBe('Replicate left out, the budget is reached');
  });

  it.each([
    ['a lost connection', failure('unavailable', { sent: true }), 0.4],
    ['a time-out', failure('timeout'), 0.4],
    ['a busy provider', failure('rate_limited', { status: 429 }), 0],
    ['a refused connection', failure('unreachable', { sent: false }), 0],
  ])('counts %s as it may have been billed', async (_, error, possibleUsd) => {
    const { budget, provider, policy } = await createPaid(1);
    provider.script(error);
    await reasonOf(policy.generate(request, createContext()));
    expect(await budget.state()).toMatchObject({ spentUsd: 0, possibleUsd, openUsd: 0 });
  });

  it('counts a call that was aborted as possibly spent', async () => {
    const { budget, provider, policy } = await createPaid(1);
    const controller = new AbortController();
    provider.script(async () => {
      controller.abort('stopping');
      throw failure('unreachable');
    });
    expect(await reasonOf(policy.generate(request, createContext({ signal: controller.signal })))).toBe('stopping');
    expect(await budget.state()).toMatchObject({ possibleUsd: 0.4, openUsd: 0 });
  });

  it('releases what was set aside when the row is given up before the provider is asked', async () => {
    const { budget, provider, policy } = await createPaid(1);
    const controller = new AbortController();
    const context = createContext({ signal: controller.signal });
    context.open = async () => {
      controller.abort('gone');
      return async () => undefined;
    };
    expect(await reasonOf(policy.generate(request, context))).toBe('gone');
    expect(provider.calls).toHaveLength(0);
    expect(await budget.state()).toMatchObject({ spentUsd: 0, possibleUsd: 0, openUsd: 0 });
  });

  it('sets nothing aside for a call that is not made', async () => {
    const { files, provider, policy, clock } = await createPaid(1);
    const opened: OpenCall[] = [];
    const context = createContext({ clock, rowMs: 0 });
    context.open = async (call) => {
      opened.push(call);
      return async () => undefined;
    };
    expect(await reasonOf(policy.generate(request, context))).toMatchObject({
      code: 'timeout',
      facts: { sent: false },
    });
    expect([provider.calls, opened, [...files.texts]]).toEqual([[], [], []]);
    expect(context.attempts[0]).not.toHaveProperty('possiblySpent');
  });

  it('gives back what was set aside when the call cannot be announced', async () => {
    const { budget, provider, policy } = await createPaid(1);
    const full = new Error('disk full');
    const context = { ...createContext(), open: () => Promise.reject(full) };
    await reasonOf(policy.generate(request, context));
    expect(provider.calls).toEqual([]);
    expect(await budget.state()).toMatchObject({ possibleUsd: 0, openUsd: 0 });
  });

  it('reserves on disk before the call', async () => {
    const { files, provider, policy } = await createPaid(1);
    let before: unknown;
    provider.script(async () => {
      before = files.lines(november);
      return createPicture('replicate', request);
    });
    await policy.generate(request, createContext());
    expect(before).toMatchObject([{ state: 'open', usd: 0.4 }]);
  });
});
