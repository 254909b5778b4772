import { once } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { ProviderError } from '../../src/core/errors.ts';
import type { GateRequest } from '../support/gate.ts';
import { clockThat, createJobSlot } from './provider-rig.ts';
import type { ProviderFixture } from './provider-fixture.ts';

const mostCancelCalls = 15;

/** States how a provider ends when nobody waits for it any more, and what it picks up after a crash. */
export function describeAborts(fixture: ProviderFixture): void {
  const { rig } = fixture;
  const { cancel, keepsJobs = false } = fixture.server;

  describe('an abort', () => {
    const reason = new ProviderError('unreachable', 'enough');
    const isCancel = (request: GateRequest) => cancel?.is(request) ?? false;
    const runs = (request: GateRequest) => cancel?.at(request) ?? false;

    it('beforehand lets nothing be sent', async () => {
      expect(await fixture.generate({ signal: AbortSignal.abort(reason) })).toBe(reason);
      await fixture.gate.settle();
      expect(fixture.imageRequests()).toEqual([]);
    });

    it('during any request ends it with the reason, and nothing follows but a bounded cancel', async () => {
      const { requests } = await fixture.rehearse();
      for (let stage = 0; stage < requests; stage += 1) {
        const from = fixture.gate.requests.length;
        const controller = new AbortController();
        fixture.gate.meet((_, index) => (index < from + stage ? 'forward' : 'hang'));
        const outcome = fixture.generate({ signal: controller.signal });
        await fixture.gate.until(() => fixture.gate.requests.length > from + stage);
        controller.abort(reason);
        expect(await outcome, `at request ${stage}`).toBe(reason);
        await fixture.gate.settle();
        const after = fixture.gate.requests.slice(from + stage + 1);
        expect(after.filter((request) => !isCancel(request))).toEqual([]);
        expect(after.length).toBeLessThanOrEqual(mostCancelCalls);
      }
    });

    it('during any wait ends it with the reason, and nothing follows but a bounded cancel', async () => {
      const { waits } = await fixture.rehearse();
      for (let wait = 0; wait < waits; wait += 1) {
        const controller = new AbortController();
        let from = Number.POSITIVE_INFINITY;
        const clock = clockThat(async (index, signal) => {
          if (index !== wait) return;
          from = fixture.gate.requests.length;
          setImmediate(() => controller.abort(reason));
          if (signal === undefined) throw new Error('a wait that no abort can end');
          await once(signal, 'abort');
        });
        expect(await fixture.generate({ signal: controller.signal }, clock), `in wait ${wait}`).toBe(reason);
        await fixture.gate.settle();
        const after = fixture.gate.requests.slice(from);
        expect(after.filter((request) => !isCancel(request))).toEqual([]);
        expect(after.length).toBeLessThanOrEqual(mostCancelCalls);
      }
    });

    it('ends an answer that drips', async () => {
      const controller = new AbortController();
      fixture.answerImageRequests('drip');
      const outcome = fixture.generate({ signal: controller.signal });
      await fixture.gate.until(() => fixture.gate.dripped > 3);
      controller.abort(reason);
      expect(await outcome).toBe(reason);
      await fixture.gate.until(() => fixture.gate.givenUp > 0);
    });

    it.runIf(cancel)('stops the job behind the caller, and gives that up after 5 s', async () => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      const controller = new AbortController();
      fixture.gate.meet((request) => (runs(request) || isCancel(request) ? 'hang' : 'forward'));
      const outcome = fixture.generate({ signal: controller.signal });
      await fixture.gate.until(() => fixture.gate.requests.some(runs));
      controller.abort(reason);
      expect(await outcome).toBe(reason);
      await fixture.gate.until(() => fixture.gate.requests.some(isCancel));
      await fixture.gate.until(() => fixture.gate.givenUp === 1);
      await vi.advanceTimersByTimeAsync(4999);
      await fixture.gate.settle();
      expect(fixture.gate.givenUp).toBe(1);
      await vi.advanceTimersByTimeAsync(1);
      await fixture.gate.until(() => fixture.gate.givenUp === 2);
    });
  });

  describe.runIf(keepsJobs)('a remote job', () => {
    it('is picked up after a crash instead of being paid again', async () => {
      const job = createJobSlot();
      let waits = 0;
      const crash = clockThat((index) => {
        waits = index + 1;
        return new Promise(() => undefined);
      });
      void fixture.generate({ job }, crash);
      await vi.waitUntil(() => waits > 0, { timeout: 30_000 });
      expect([...job.ids.keys()]).toEqual([rig.entry.name]);
      expect(await fixture.generate({ job })).toMatchObject({ bytes: expect.any(Uint8Array) });
      expect(fixture.imageRequests()).toHaveLength(1);
      expect(job.ids.size).toBe(0);
    });

    it.each(['00000000-gone', '../../account', ''])('%j that is not there any more is made anew', async (id) => {
      const job = createJobSlot();
      job.ids.set(rig.entry.name, id);
      expect(await fixture.generate({ job })).toMatchObject({ bytes: expect.any(Uint8Array) });
      expect(fixture.imageRequests()).toHaveLength(1);
      expect(job.ids.size).toBe(0);
    });
  });
}
