import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProviderError } from '../../src/core/errors.ts';
import { type FailureCode, reactions } from '../../src/core/reactions.ts';
import { keysOf } from '../../src/lib/records.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import type { GateBehaviour } from '../support/gate.ts';
import { hostileAnswers } from './hostile-answers.ts';
import { contractRequest, expectFailure, flawsIn } from './provider-rig.ts';
import type { ProviderFixture } from './provider-fixture.ts';

const html = '<html><head><title>Welcome</title></head><body>Sign in</body></html>';
const hostileRuns = 60;
/** A refusal that costs nothing may be followed by another way to the same model. */
const mostFreeRequests = 3;

/** States how a provider fails. */
export function describeFailures(fixture: ProviderFixture): void {
  const { rig, server } = fixture;
  const { secrets } = rig;

  /** What asking for an image fails with. */
  const fail = async (clock = createFakeClock(), url = fixture.gate.url) =>
    expectFailure(await fixture.generate({}, clock, url), secrets);

  describe('a failure', () => {
    const bodies = keysOf(reactions).flatMap((code) =>
      (server.bodies[code] ?? []).map(({ facts = {}, to = server.asksForImage, ...answer }) => ({
        code,
        status: answer.status,
        answer,
        facts,
        to,
      })),
    );

    it.each(bodies)('$code is told by status $status and $answer.body', async ({ code, answer, facts, to, status }) => {
      fixture.gate.meet((request) => (to(request) ? answer : 'forward'));
      const failure = await fail();
      expect({ code: failure.code, facts: failure.facts }).toMatchObject({ code, facts });
      expect(failure.facts.status ?? 200).toBe(status < 300 ? 200 : status);
      const mayHaveSpent = failure.facts.sent === true;
      expect(fixture.imageRequests().length).toBeLessThanOrEqual(mayHaveSpent ? 1 : mostFreeRequests);
    });

    it.each<[FailureCode, GateBehaviour]>([
      ['unavailable', 'reset before the body'],
      ['unavailable', 'reset in the body'],
      ['bad_image', 'huge'],
      ['bad_image', { status: 200, headers: { 'content-type': 'text/html' }, body: html }],
      ['bad_image', { status: 200, headers: { 'content-type': 'image/png' }, body: html }],
      ['bad_image', { status: 200, body: {} }],
      ['bad_image', { status: 200, body: [] }],
      ['bad_image', { status: 200, body: 'null' }],
      ['bad_image', { status: 200, body: '' }],
    ])('%s comes of %j, and may have cost money', async (code, behaviour) => {
      fixture.answerImageRequests(behaviour);
      const failure = await fail();
      expect(failure).toMatchObject({ code, facts: { sent: true } });
      expect(fixture.imageRequests()).toHaveLength(1);
    });

    it('unreachable comes of a closed port, with nothing sent', async () => {
      const failure = await fail(createFakeClock(), fixture.closed);
      expect(failure.code).toBe('unreachable');
      expect(failure.facts.sent ?? false).toBe(false);
    });

    it.each([
      [429, 'rate_limited'],
      [503, 'loading'],
    ])('%d says how long to wait in Retry-After', async (status, code) => {
      fixture.answerImageRequests({ status, headers: { 'retry-after': '7' } });
      const failure = await fail();
      expect(failure).toMatchObject({ code, facts: { retryAfterMs: 7000 } });
    });

    it('comes of a redirect, which is not followed', async () => {
      fixture.answerImageRequests({ status: 307, headers: { location: fixture.behind } });
      expect((await fail()).code).not.toBe('bad_image');
      expect(fixture.imageRequests()).toHaveLength(1);
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
          fixture.answerImageRequests({ status, body });
          const outcome = await fixture.generate();
          expect(outcome).toBeInstanceOf(ProviderError);
          expect(flawsIn(outcome, secrets), `${status} ${JSON.stringify(body)}`).toEqual([]);
        }
      }
    });

    it('or an image is all that comes of a fault at any request', async () => {
      const { requests } = await fixture.rehearse();
      const behaviours: GateBehaviour[] = [
        'reset before the body',
        'reset in the body',
        'reset after the body',
        'huge',
        { status: 200, body: html },
        { status: 200, body: {} },
        { status: 500 },
      ];
      for (let stage = 0; stage < requests; stage += 1) {
        for (const behaviour of behaviours) {
          const from = fixture.gate.requests.length;
          fixture.gate.meet((_, index) => (index === from + stage ? behaviour : 'forward'));
          expect(
            flawsIn(await fixture.generate(), secrets),
            `${JSON.stringify(behaviour)} at request ${stage}`,
          ).toEqual([]);
        }
      }
    });

    it('or an image is all that comes of hostile answers at any request', async () => {
      const { requests } = await fixture.rehearse();
      const answers = fixture.gate.answers.slice();
      // No server can quote a prompt that it was not yet told.
      const prompted = fixture.gate.requests.findIndex(server.asksForImage);
      const luresAt = (stage: number) => [
        ...secrets,
        ...(stage < prompted ? [] : [contractRequest.prompt]),
        fixture.gate.url,
        `${fixture.behind}/picture.png`,
      ];
      const scenes = fc
        .nat({ max: requests - 1 })
        .chain((stage) => fc.tuple(fc.constant(stage), hostileAnswers(luresAt(stage))));
      await fc.assert(
        fc.asyncProperty(scenes, async ([stage, spoil]) => {
          const from = fixture.gate.requests.length;
          const answer = spoil(answers[stage]);
          fixture.gate.meet((_, index) => (index === from + stage ? answer : 'forward'));
          expect(flawsIn(await fixture.generate(), secrets), JSON.stringify(answer)).toEqual([]);
        }),
        { numRuns: hostileRuns },
      );
    });
  });
}
