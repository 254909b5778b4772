import { describe, expect, it } from 'vitest';
import type { Manner } from '../support/gate.ts';
import { leaksIn, makeProvider, outcomeOf } from './provider-rig.ts';
import type { Stand } from './provider-stand.ts';

const html = '<html><head><title>Welcome</title></head><body>Sign in</body></html>';
const sentence: unknown = expect.stringMatching(/^\S[^\n]*\.$/);

/** States what a free look at a provider tells. */
export function describeChecks(stand: Stand): void {
  const { rig } = stand;

  const check = async (url = stand.gate.url, signal = new AbortController().signal) => {
    const outcome = await outcomeOf(makeProvider(rig, url).check?.({ signal }) ?? Promise.reject(new Error('none')));
    expect(leaksIn(JSON.stringify(outcome), rig.secrets)).toEqual([]);
    return outcome;
  };

  describe('a check', () => {
    it('finds the provider in order and never asks for a picture', async () => {
      expect(await check()).toEqual({ ok: true, message: sentence });
      expect(stand.gate.requests.length).toBeGreaterThan(0);
      expect(stand.pictureRequests()).toEqual([]);
    });

    it.each<Manner>([
      { status: 401, body: { error: 'no' } },
      { status: 500, body: html },
      'reset before the body',
      'reset in the body',
      'huge',
    ])('says in a sentence what is wrong when the answer is %j', async (manner) => {
      stand.gate.meet(() => manner);
      expect(await check()).toEqual({ ok: false, message: sentence });
    });

    it('says a sentence, whatever it is told', async () => {
      for (const body of [html, {}, [], 'null', '', { id: 7, status: 7 }, { error: rig.secrets.join(' ') }]) {
        stand.gate.meet(() => ({ status: 200, body }));
        expect(await check()).toEqual({ ok: expect.any(Boolean), message: sentence });
      }
      expect(stand.pictureRequests()).toEqual([]);
    });

    it('says in a sentence that nobody is there', async () => {
      expect(await check(stand.closed)).toEqual({ ok: false, message: sentence });
    });

    it('ends with the reason of an abort', async () => {
      const controller = new AbortController();
      stand.gate.meet(() => 'hang');
      const outcome = check(stand.gate.url, controller.signal);
      await stand.gate.until(() => stand.gate.requests.length > 0);
      controller.abort('enough');
      expect(await outcome).toBe('enough');
    });
  });
}
