import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { systemClock } from '../../../src/lib/clock.ts';
import { createLimiter, type Permit } from '../../../src/notion/client/limiter.ts';
import { createManualClock } from '../../support/fake-clock.ts';

const windowMs = 1000;

function setUp(limit: number) {
  const clock = createManualClock();
  return { clock, limiter: createLimiter({ limit, windowMs, clock }) };
}

describe('createLimiter', () => {
  it('gives a slot back a window after its answer, not after its start', async () => {
    const { clock, limiter } = setUp(1);
    const ended = (await limiter.acquire(1)).use();
    await clock.advance(5000);
    expect(limiter.free()).toBe(0);
    ended();
    await clock.advance(999);
    expect(limiter.free()).toBe(0);
    await clock.advance(1);
    expect(limiter.free()).toBe(1);
  });

  it('counts an answer once, however often it is told', async () => {
    const { clock, limiter } = setUp(2);
    const ended = (await limiter.acquire(1)).use();
    ended();
    ended();
    expect(limiter.free()).toBe(1);
    await clock.advance(windowMs);
    expect(limiter.free()).toBe(2);
  });

  it('gives what a permit did not use back at once, and only once', async () => {
    const { limiter } = setUp(3);
    const permit = await limiter.acquire(3);
    permit.use();
    expect(permit.left).toBe(2);
    permit.release();
    permit.release();
    expect(permit.left).toBe(0);
    expect(limiter.free()).toBe(2);
    expect(() => permit.use()).toThrow('no slot left');
  });

  it('clamps a count above the limit to it', async () => {
    const { limiter } = setUp(3);
    expect((await limiter.acquire(9)).left).toBe(3);
  });

  it('keeps a small request behind a large one that came first', async () => {
    const { limiter } = setUp(2);
    const first = await limiter.acquire(1);
    const order: string[] = [];
    const large = limiter.acquire(2).then((permit) => (order.push('large'), permit));
    const small = limiter.acquire(1).then((permit) => (order.push('small'), permit));
    expect(limiter.free()).toBe(0);
    first.release();
    (await large).release();
    await small;
    expect(order).toEqual(['large', 'small']);
  });

  it('removes an aborted waiter, leaves no timer behind, and serves who stood behind it', async () => {
    const { clock, limiter } = setUp(2);
    const permit = await limiter.acquire(1);
    permit.use()();
    const leaving = new AbortController();
    const large = limiter.acquire(2, leaving.signal);
    const small = limiter.acquire(1);
    expect(clock.sleeping()).toBe(1);
    const reason = new Error('shutdown');
    leaving.abort(reason);
    await expect(large).rejects.toBe(reason);
    expect((await small).left).toBe(1);
    expect(clock.sleeping()).toBe(0);
  });

  it('looks again sooner when who comes next needs less', async () => {
    const { clock, limiter } = setUp(2);
    const permit = await limiter.acquire(2);
    permit.use()();
    await clock.advance(500);
    permit.use()();
    const leaving = new AbortController();
    const large = limiter.acquire(2, leaving.signal);
    const small = limiter.acquire(1);
    leaving.abort('enough');
    await expect(large).rejects.toBe('enough');
    await clock.advance(500);
    expect(limiter.free()).toBe(0);
    expect((await small).left).toBe(1);
    expect(clock.monotonic()).toBe(1000);
    expect(clock.sleeping()).toBe(0);
  });

  it('refuses at once when the signal is aborted already', async () => {
    const { limiter } = setUp(1);
    await expect(limiter.acquire(1, AbortSignal.abort('gone'))).rejects.toBe('gone');
    await expect(limiter.unpaused(AbortSignal.abort('gone'))).rejects.toBe('gone');
    expect(limiter.free()).toBe(1);
  });

  it('stops listening to the signal of who was served', async () => {
    const { clock, limiter } = setUp(1);
    const controller = new AbortController();
    (await limiter.acquire(1)).use()();
    const waiting = limiter.acquire(1, controller.signal);
    await clock.advance(windowMs);
    const permit = await waiting;
    controller.abort();
    expect(permit.left).toBe(1);
    expect(limiter.free()).toBe(0);
  });

  it('starts nobody during a pause, of which the longest wins', async () => {
    const { clock, limiter } = setUp(2);
    const held = await limiter.acquire(1);
    limiter.pause(3000);
    limiter.pause(1000);
    const started: number[] = [];
    const begin = () => started.push(clock.monotonic());
    void limiter.acquire(1).then(begin);
    void limiter.unpaused().then(begin);
    expect(limiter.free()).toBe(0);
    await clock.advance(2999);
    expect(started).toEqual([]);
    await clock.advance(1);
    expect(started).toEqual([3000, 3000]);
    held.release();
    expect(limiter.free()).toBe(1);
  });

  it('holds on when a pause is prolonged while requests wait for its end', async () => {
    const { clock, limiter } = setUp(1);
    limiter.pause(1000);
    let granted = false;
    const waiting = limiter.acquire(1).then(() => (granted = true));
    await clock.advance(500);
    limiter.pause(1000);
    await clock.advance(999);
    expect(granted).toBe(false);
    await clock.advance(1);
    expect(await waiting).toBe(true);
  });

  it('ends the wait for a pause with the signal', async () => {
    const { clock, limiter } = setUp(1);
    limiter.pause(1000);
    const controller = new AbortController();
    const waiting = limiter.unpaused(controller.signal);
    controller.abort('enough');
    await expect(waiting).rejects.toBe('enough');
    expect(clock.sleeping()).toBe(0);
  });

  it('is congested while requests wait and for a window after', async () => {
    const { clock, limiter } = setUp(1);
    expect(limiter.congested()).toBe(false);
    (await limiter.acquire(1)).use()();
    expect(limiter.congested()).toBe(false);
    const waiting = limiter.acquire(1);
    expect(limiter.congested()).toBe(true);
    await clock.advance(windowMs);
    await waiting;
    await clock.advance(windowMs - 1);
    expect(limiter.congested()).toBe(true);
    await clock.advance(1);
    expect(limiter.congested()).toBe(false);
  });

  it('is congested, too, while the holder of a permit waits for the end of a pause', async () => {
    const { clock, limiter } = setUp(2);
    limiter.pause(3000);
    expect(limiter.congested()).toBe(false);
    const waiting = limiter.unpaused();
    expect(limiter.congested()).toBe(true);
    await clock.advance(3000 + windowMs - 1);
    await waiting;
    expect(limiter.congested()).toBe(true);
    await clock.advance(1);
    expect(limiter.congested()).toBe(false);
  });

  it('works with the real clock', async () => {
    const limiter = createLimiter({ limit: 1, windowMs: 20, clock: systemClock });
    (await limiter.acquire(1)).use()();
    const answeredAt = systemClock.monotonic();
    await limiter.acquire(1);
    expect(systemClock.monotonic() - answeredAt).toBeGreaterThanOrEqual(19.5);
  });

  it('keeps its promises for any requests, pauses and aborts', async () => {
    const visitor = fc.record({
      arrive: fc.nat(4000),
      count: fc.integer({ min: 1, max: 6 }),
      holds: fc.array(fc.nat(700), { maxLength: 6 }),
      abortAfter: fc.option(fc.nat(2500), { nil: undefined }),
    });
    const pause = fc.record({ at: fc.nat(6000), ms: fc.nat(1500) });
    const fractional = fc.constantFrom(0, 0.1, 0.7);

    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.array(visitor, { maxLength: 40, size: 'max' }),
        fc.array(pause, { maxLength: 3 }),
        fc.array(fc.nat(9000), { maxLength: 20, size: 'max' }),
        fractional,
        async (limit, visitors, pauses, probes, offset) => {
          const { clock, limiter } = setUp(limit);
          const spans: { from: number; to: number }[] = [];
          const permits = new Set<Permit>();
          const asked: number[] = [];
          const granted: number[] = [];
          const waiting = new Set<number>();
          const aborted: number[] = [];
          const reasons: unknown[] = [];
          let pausedUntil = 0;
          /** The end of the latest wait that took time. */
          let waitedUntil = -Infinity;
          let lastTurn = -Infinity;

          const visit = async (index: number, { arrive, count, holds, abortAfter }: (typeof visitors)[number]) => {
            await clock.sleep(arrive + offset);
            const controller = new AbortController();
            if (abortAfter !== undefined) void clock.sleep(abortAfter).then(() => controller.abort(index));
            const askedAt = clock.monotonic();
            asked.push(index);
            waiting.add(index);
            const permit = await limiter.acquire(count, controller.signal).catch((reason: unknown) => {
              reasons.push(reason);
            });
            waiting.delete(index);
            lastTurn = clock.monotonic();
            if (lastTurn > askedAt) waitedUntil = lastTurn;
            if (!permit) {
              aborted.push(index);
              return;
            }
            expect(clock.monotonic()).toBeGreaterThanOrEqual(pausedUntil);
            expect(permit.left).toBe(Math.min(count, limit));
            granted.push(index);
            permits.add(permit);
            for (const hold of holds.slice(0, permit.left)) {
              const span = { from: clock.monotonic(), to: Infinity };
              spans.push(span);
              const ended = permit.use();
              await clock.sleep(hold);
              span.to = clock.monotonic();
              ended();
            }
            permit.release();
            permits.delete(permit);
          };

          const probe = async (at: number) => {
            await clock.sleep(at);
            const now = clock.monotonic();
            const busy = spans.filter(({ to }) => now < to + windowMs).length;
            const reserved = [...permits].reduce((sum, { left }) => sum + left, 0);
            const closed = waiting.size > 0 || now < pausedUntil;
            expect(limiter.free()).toBe(closed ? 0 : limit - busy - reserved);
            const surely = waiting.size > 0 || now < waitedUntil + windowMs;
            expect([surely, surely || now < lastTurn + windowMs]).toContain(limiter.congested());
          };

          const all = Promise.all([
            ...visitors.map((plan, index) => visit(index, plan)),
            ...probes.map(probe),
            ...pauses.map(async ({ at, ms }) => {
              await clock.sleep(at);
              limiter.pause(ms);
              pausedUntil = Math.max(pausedUntil, clock.monotonic() + ms);
            }),
          ]);
          while (clock.nextAt() !== undefined)
            await clock.advance(Math.max(0, (clock.nextAt() ?? 0) - clock.monotonic()));
          await all;

          expect(reasons).toEqual(aborted);
          expect(granted).toEqual(asked.filter((index) => !aborted.includes(index)));
          for (const { from } of spans) {
            const inWindow = spans.filter((other) => other.from <= from && from < other.to + windowMs);
            expect(inWindow.length).toBeLessThanOrEqual(limit);
          }
          await clock.advance(Math.max(windowMs, pausedUntil - clock.monotonic()));
          expect(limiter.free()).toBe(limit);
          expect(clock.sleeping()).toBe(0);
        },
      ),
      { numRuns: 150 },
    );
  });
});
