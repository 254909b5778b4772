import { describe, expect, it } from 'vitest';
import type { GateBehaviour } from '../support/gate.ts';
import { leaksIn, makeProvider, outcomeOf } from './provider-rig.ts';
import type { ProviderFixture } from './provider-fixture.ts';

const html = '<html><head><title>Welcome</title></head><body>Sign in</body></html>';
const sentence: unknown = expect.stringMatching(/^\S[^\n]*\.$/);

/** States what a free look at a provider tells. */
export function describeChecks(fixture: ProviderFixture): void {
  const { rig } = fixture;

  const check = async (url = fixture.gate.url, signal = new AbortController().signal) => {
    const outcome = await outcomeOf(makeProvider(rig, url).check?.({ signal }) ?? Promise.reject(new Error('none')));
    expect(leaksIn(JSON.stringify(outcome), rig.secrets)).toEqual([]);
    return outcome;
  };

  describe('a check', () => {
    it('finds the provider in order and never asks for an image', async () => {
      expect(await check()).toEqual({ ok: true, message: sentence });
      expect(fixture.gate.requests.length).toBeGreaterThan(0);
      expect(fixture.imageRequests()).toEqual([]);
    });

    it.each<GateBehaviour>([
      { status: 401, body: { error: 'no' } },
      { status: 500, body: html },
      'reset before the body',
      'reset in the body',
      'huge',
    ])('says in a sentence what is wrong when the answer is %j', async (behaviour) => {
      fixture.gate.meet(() => behaviour);
      expect(await check()).toEqual({ ok: false, message: sentence });
    });

    it('says a sentence, whatever it is told', async () => {
      for (const body of [html, {}, [], 'null', '', { id: 7, status: 7 }, { error: rig.secrets.join(' ') }]) {
        fixture.gate.meet(() => ({ status: 200, body }));
        expect(await check()).toEqual({ ok: expect.any(Boolean), message: sentence });
      }
      expect(fixture.imageRequests()).toEqual([]);
    });

    it('says in a sentence that nobody is there', async () => {
      expect(await check(fixture.closed)).toEqual({ ok: false, message: sentence });
    });

    it('ends with the reason of an abort', async () => {
      const controller = new AbortController();
      fixture.gate.meet(() => 'hang');
      const outcome = check(fixture.gate.url, controller.signal);
      await fixture.gate.until(() => fixture.gate.requests.length > 0);
      controller.abort('enough');
      expect(await outcome).toBe('enough');
    });
  });
}
