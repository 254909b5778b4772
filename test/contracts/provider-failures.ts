import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProviderError } from '../../src/core/errors.ts';
import { type FailureCode, reactions } from '../../src/core/reactions.ts';
import { keysOf } from '../../src/lib/records.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import type { Manner } from '../support/gate.ts';
import { hostileAnswers } from './hostile-answers.ts';
import { contractRequest, expectFailure, flawsIn } from './provider-rig.ts';
import type { Stand } from './provider-stand.ts';

const html = '<html><head><title>Welcome</title></head><body>Sign in</body></html>';
const hostileRuns = 60;
/** A refusal that costs nothing may be followed by another way to the same model. */
const mostFreeRequests = 3;

/** States how a provider fails. */
export function describeFailures(stand: Stand): void {
  const { rig, server } = stand;
  const { secrets } = rig;

  /** What asking for a picture fails with. */
  const fail = async (clock = createFakeClock(), url = stand.gate.url) =>
    expectFailure(await stand.generate({}, clock, url), secrets);

  describe('a failure', () => {
    const bodies = keysOf(reactions).flatMap((code) =>
      (server.bodies[code] ?? []).map(({ facts = {}, to = server.asksForPicture, ...answer }) => ({
        code,
        status: answer.status,
        answer,
        facts,
        to,
      })),
    );

    it.each(bodies)('$code is told by status $status and $answer.body', async ({ code, answer, facts, to, status }) => {
      stand.gate.meet((request) => (to(request) ? answer : 'forward'));
      const failure = await fail();
      expect({ code: failure.code, facts: failure.facts }).toMatchObject({ code, facts });
      expect(failure.facts.status ?? 200).toBe(status < 300 ? 200 : status);
      const mayHaveSpent = failure.facts.sent === true;
      expect(stand.pictureRequests().length).toBeLessThanOrEqual(mayHaveSpent ? 1 : mostFreeRequests);
    });

    it.each<[FailureCode, Manner]>([
      ['unavailable', 'reset before the body'],
      ['unavailable', 'reset in the body'],
      ['bad_image', 'huge'],
      ['bad_image', { status: 200, headers: { 'content-type': 'text/html' }, body: html }],
      ['bad_image', { status: 200, headers: { 'content-type': 'image/png' }, body: html }],
      ['bad_image', { status: 200, body: {} }],
      ['bad_image', { status: 200, body: [] }],
      ['bad_image', { status: 200, body: 'null' }],
      ['bad_image', { status: 200, body: '' }],
    ])('%s comes of %j, and may have cost money', async (code, manner) => {
      stand.meetPictures(manner);
      const failure = await fail();
      expect(failure).toMatchObject({ code, facts: { sent: true } });
      expect(stand.pictureRequests()).toHaveLength(1);
    });

    it('unreachable comes of a closed port, with nothing sent', async () => {
      const failure = await fail(createFakeClock(), stand.closed);
      expect(failure.code).toBe('unreachable');
      expect(failure.facts.sent ?? false).toBe(false);
    });

    it.each([
      [429, 'rate_limited'],
      [503, 'loading'],
    ])('%d says how long to wait in Retry-After', async (status, code) => {
      stand.meetPictures({ status, headers: { 'retry-after': '7' } });
      const failure = await fail();
      expect(failure).toMatchObject({ code, facts: { retryAfterMs: 7000 } });
    });

    it('comes of a redirect, which is not followed', async () => {
      stand.meetPictures({ status: 307, headers: { location: stand.behind } });
      expect((await fail()).code).not.toBe('bad_image');
      expect(stand.pictureRequests()).toHaveLength(1);
    });

    it('repeats neither key nor prompt, wherever the server quotes them', async () => {
      const { prompt, negativePrompt } = contractRequest;
      const quote = [prompt, negativePrompt, ...secrets].join(' and ');
      for (const status of [200, 400, 401, 403, 404, 422, 429, 500]) {
        for (const body of [
          quote,
          { error: quote },
          { detail: quote },
          { detail: [{ msg: quote }] },
          { message: quote },
        ]) {
          stand.meetPictures({ status, body });
          const outcome = await stand.generate();
          expect(outcome).toBeInstanceOf(ProviderError);
          expect(flawsIn(outcome, secrets), `${status} ${JSON.stringify(body)}`).toEqual([]);
        }
      }
    });

    it('or a picture is all that comes of a fault at any request', async () => {
      const { requests } = await stand.rehearse();
      const manners: Manner[] = [
        'reset before the body',
        'reset in the body',
        'reset after the body',
        'huge',
        { status: 200, body: html },
        { status: 200, body: {} },
        { status: 500 },
      ];
      for (let stage = 0; stage < requests; stage += 1) {
        for (const manner of manners) {
          const from = stand.gate.requests.length;
          stand.gate.meet((_, index) => (index === from + stage ? manner : 'forward'));
          expect(flawsIn(await stand.generate(), secrets), `${JSON.stringify(manner)} at request ${stage}`).toEqual([]);
        }
      }
    });

    it('or a picture is all that comes of hostile answers at any request', async () => {
      const { requests } = await stand.rehearse();
      const answers = stand.gate.answers.slice();
      // No server can quote a prompt that it was not yet told.
      const prompted = stand.gate.requests.findIndex(server.asksForPicture);
      const luresAt = (stage: number) => [
        ...secrets,
        ...(stage < prompted ? [] : [contractRequest.prompt]),
        stand.gate.url,
        `${stand.behind}/picture.png`,
      ];
      const scenes = fc
        .nat({ max: requests - 1 })
        .chain((stage) => fc.tuple(fc.constant(stage), hostileAnswers(luresAt(stage))));
      await fc.assert(
        fc.asyncProperty(scenes, async ([stage, spoil]) => {
          const from = stand.gate.requests.length;
          const answer = spoil(answers[stage]);
          stand.gate.meet((_, index) => (index === from + stage ? answer : 'forward'));
          expect(flawsIn(await stand.generate(), secrets), JSON.stringify(answer)).toEqual([]);
        }),
        { numRuns: hostileRuns },
      );
    });
  });
}
