import { describe, expect, it } from 'vitest';
import { ChainExhaustedError, ProviderError } from '../../src/core/errors.ts';
import { type FailureCode, reactions } from '../../src/core/reactions.ts';
import type { Attempt } from '../../src/core/provider.ts';
import { keysOf } from '../../src/lib/records.ts';
import { interruptedCall, noImage, notLetTake, notTaken, rowMistake, unforeseen, why } from '../../src/messages/row.ts';

const now = Date.UTC(2026, 10, 21, 14);
const byHand = { needsImage: 'Needs image' };
const bySchedule = { needsImage: 'Needs image', nextTry: 'at 14:05 UTC' };
const again = 'The worker tries again at 14:05 UTC; set Status to "Needs image" to try at once.';
const final = 'Set Status to "Needs image" to try again, or ask the operator if it stays so.';

const attemptOf = (outcome: Attempt['outcome'], more: Partial<Attempt> = {}): Attempt => ({
  provider: 'huggingface',
  label: 'Hugging Face',
  model: 'FLUX.1-schnell',
  startedAt: new Date(now).toISOString(),
  durationMs: 8200,
  outcome,
  detail: 'HTTP 500 at https://router.example with key hf_secret\n    at call (file.ts:1:1)',
  ...more,
});
const exhausted = (...attempts: Attempt[]) => {
  const code = attempts.at(-1)?.outcome ?? 'unavailable';
  const last = code === 'ok' || code === 'interrupted' ? 'unavailable' : code;
  return new ChainExhaustedError(attempts, new ProviderError(last, 'HTTP 500: hf_secret'));
};

/** One line in plain words, which says what to do in Status. */
const plain =
  /^(?!.*(?:HTTP|\b[45]\d\d\b|https?:|Error\b|undefined|NaN|secret|file\.ts))[A-Z].*Status to "Needs image".*\.$/;

describe('what a row says when there is no picture', () => {
  it.each<[FailureCode, string]>([
    ['out_of_credit', 'out of credit'],
    ['unauthorized', 'refused the key'],
    ['retired', 'no longer offers the model'],
    ['rate_limited', 'too busy'],
    ['loading', 'still starting'],
    ['unreachable', 'not reachable'],
    ['unavailable', 'had a fault'],
    ['timeout', 'did not answer in time'],
    ['invalid_request', 'did not accept the request'],
    ['bad_image', 'sent no usable picture'],
    ['over_budget', 'left out, the budget is reached'],
    ['circuit_open', 'left out after recent trouble'],
  ])('%s: says who failed, how it goes on, and what an editor can do', (code, words) => {
    const failure = exhausted(attemptOf(code));
    expect(noImage(failure, now, bySchedule)).toBe(`No picture could be made: Hugging Face ${words}. ${again}`);
    expect(noImage(failure, now, byHand)).toBe(`No picture could be made: Hugging Face ${words}. ${final}`);
  });

  it('has plain words for every failure there is', () => {
    for (const code of keysOf(reactions)) {
      for (const next of [byHand, bySchedule]) expect(noImage(exhausted(attemptOf(code)), now, next)).toMatch(plain);
    }
    expect(noImage(exhausted(), now, byHand)).toMatch(plain);
    expect(noImage(exhausted(attemptOf('interrupted')), now, byHand)).toMatch(plain);
  });

  it('tells a refused prompt to its editor alone, whoever failed before', () => {
    const refused = exhausted(attemptOf('timeout'), attemptOf('content_rejected', { label: 'Replicate' }));
    expect(noImage(refused, now, bySchedule)).toBe(
      'Replicate refused the prompt as unsuitable. Reword the prompt, then set Status to "Needs image".',
    );
  });

  it('names each provider in order, once, with its date and the money that may be gone', () => {
    const failure = exhausted(
      attemptOf('out_of_credit', { until: '2026-12-01T00:00:00Z' }),
      attemptOf('timeout', { label: 'Replicate', possiblySpent: true, costUsd: 0.003 }),
      attemptOf('timeout', { label: 'Replicate', possiblySpent: true, costUsd: 0.003 }),
      attemptOf('rate_limited', { label: 'RunPod', until: '2026-11-21T14:20:00Z' }),
      attemptOf('over_budget', { label: 'Cloudflare', until: '2026-12-01T00:00:00Z' }),
    );
    expect(noImage(failure, now, byHand)).toBe(
      `No picture could be made: Hugging Face out of credit until 1 Dec; Replicate did not answer in time (maybe $0.003 spent); RunPod too busy until 21 Nov 14:20 UTC; Cloudflare left out, the budget is reached. ${final}`,
    );
  });
});

describe('what a row says otherwise', () => {
  it('tells a mistake of the row, and no time, for only the editor can mend it', () => {
    expect(rowMistake('Width is 9: give a number from 256 to 2048 or leave it empty.', bySchedule)).toBe(
      'Width is 9: give a number from 256 to 2048 or leave it empty. Then set Status to "Needs image".',
    );
  });

  it('asks a person before money is risked again', () => {
    const call = { provider: 'p', label: 'Replicate', model: 'm', startedAt: '', costUsd: 0.08 };
    expect(interruptedCall(call, byHand)).toBe(
      'The worker was interrupted while Replicate made this picture, and $0.08 may have been spent. Set Status to "Needs image" to have it made again.',
    );
  });

  it('tells a picture that Notion did not take from a row that it did not let go', () => {
    const said = 'Notion refused to upload the picture: the file is too large.';
    expect(notTaken(said, bySchedule)).toBe(`The picture is made, but Notion did not take it: ${said} ${again}`);
    expect(notLetTake(said, byHand)).toBe(`Notion does not let the worker write to this row: ${said} ${final}`);
  });

  it('sends whoever meets an unknown fault to the log', () => {
    expect(unforeseen(byHand)).toMatch(plain);
    expect(unforeseen(bySchedule)).toBe(
      `Something went wrong that the worker does not know; its log says more. ${again}`,
    );
  });
});

describe('Why', () => {
  it('tells the way to the picture in one line', () => {
    const line = why(
      [
        attemptOf('out_of_credit', { until: '2026-12-01T00:00:00Z' }),
        attemptOf('ok', { label: 'Stable Diffusion', costUsd: 0 }),
      ],
      now,
      ['steps were set to 20'],
    );
    expect(line).toBe('Hugging Face out of credit until 1 Dec → Stable Diffusion, 8.2 s, free; steps were set to 20');
  });

  it('tells the same step in a row once, and nothing of no steps', () => {
    expect(why([attemptOf('loading'), attemptOf('loading'), attemptOf('timeout')], now)).toBe(
      'Hugging Face still starting → Hugging Face did not answer in time',
    );
    expect(why([], now)).toBe('');
  });
});
