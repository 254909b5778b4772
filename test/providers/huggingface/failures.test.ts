import nock from 'nock';
import { describe, expect, it } from 'vitest';
import { classify } from '../../../src/providers/huggingface/failures.ts';
import {
  contextOf,
  create,
  failure,
  request,
  startedAt,
  useStrictNock,
} from '../../support/providers/huggingface-rig.ts';
import { httpAnswer } from '../../support/http/answer.ts';

useStrictNock();

const nextMonth = Date.UTC(2026, 11, 1);
const html = '<html><head><title>504 Gateway Time-out</title></head></html>';

/** Lets nscale answer once, with every other way closed. */
async function answered(status: number, body: object | string, headers: Record<string, string> = {}) {
  const entry = { provider: 'nscale', providerId: 'x/y', status: 'live', task: 'text-to-image' };
  nock('https://huggingface.co')
    .get('/api/models/black-forest-labs/FLUX.1-schnell?expand[]=inferenceProviderMapping')
    .matchHeader('authorization', 'Bearer hf_test')
    .reply(200, { inferenceProviderMapping: [entry] });
  nock('https://router.huggingface.co')
    .post('/nscale/v1/images/generations')
    .matchHeader('authorization', 'Bearer hf_test')
    .reply(status, body, headers);
  if (status === 402) nock('https://huggingface.co').get('/api/whoami-v2').reply(200, { name: 'x', periodEnd: null });
  const asked = { ...request, negativePrompt: 'nsfw, flagged' };
  return failure(create({}).generate(asked, contextOf()));
}

const depleted =
  'You have depleted your monthly included credits. Purchase pre-paid credits to continue using Inference Providers. Alternatively, subscribe to PRO to get 20x more included usage.';
const exceeded =
  'You have exceeded your monthly included credits for Inference Providers. Subscribe to PRO to get 20x more monthly included credits.';

/** Bodies as reported in public in 2025 and 2026. */
const recorded: [string, number, object | string, Record<string, string>, string, object][] = [
  ['no credit, now', 402, { error: depleted }, {}, 'out_of_credit', { status: 402, until: nextMonth }],
  ['no credit, formerly', 402, { error: exceeded }, {}, 'out_of_credit', { until: nextMonth }],
  ['no credit, in HTML', 402, html, {}, 'out_of_credit', { until: nextMonth }],
  ['no credit until told', 402, {}, { 'retry-after': '60' }, 'out_of_credit', { until: startedAt + 60_000 }],
  ['no credit at a partner', 403, { error: { code: 'NOT_ENOUGH_BALANCE' } }, {}, 'out_of_credit', {}],
  ['no credit, said with 429', 429, { error: 'Insufficient credit' }, {}, 'out_of_credit', { status: 429 }],
  ['no credit, said with 403', 403, { detail: 'User is locked. Reason: Exhausted balance.' }, {}, 'out_of_credit', {}],
  ['no credit, said with 400', 400, { error: { code: 'billing_hard_limit_reached' } }, {}, 'out_of_credit', {}],
  ['a bad key', 401, { error: 'Invalid username or password.' }, {}, 'unauthorized', { status: 401 }],
  [
    'a key without the right',
    403,
    {
      error:
        'This authentication method does not have sufficient permissions to call Inference Providers on behalf of user X',
    },
    {},
    'unauthorized',
    { status: 403 },
  ],
  [
    'a retired model',
    410,
    { error: 'The requested model is deprecated and no longer supported by provider hf-inference' },
    {},
    'retired',
    { status: 410 },
  ],
  ['a model that moved', 400, { error: 'Model not supported by provider nscale' }, {}, 'retired', {}],
  ['an unknown model', 404, { error: 'Model foo/bar does not exist' }, {}, 'retired', {}],
  ['a limit', 429, { error: 'Too many' }, { ratelimit: '"api";r=0;t=55' }, 'rate_limited', { retryAfterMs: 55_000 }],
  ['a limit with a time', 429, '', { 'retry-after': '7' }, 'rate_limited', { retryAfterMs: 7000 }],
  [
    'a cold model',
    503,
    { error: 'Model X is currently loading', estimated_time: 20 },
    {},
    'loading',
    { retryAfterMs: 20_000 },
  ],
  ['a starting endpoint', 503, '', {}, 'loading', { status: 503 }],
  ['a fault', 500, { error: 'oops' }, {}, 'unavailable', { status: 500, sent: true }],
  ['a gateway fault', 504, html, { 'content-type': 'text/html' }, 'unavailable', { sent: true }],
  ['a Cloudflare fault', 524, html, {}, 'unavailable', { sent: true }],
  ['a timeout of theirs', 408, '', {}, 'timeout', { sent: true }],
  [
    'a refused prompt',
    422,
    { detail: [{ msg: 'The content could not be processed.', type: 'content_policy_violation' }] },
    {},
    'content_rejected',
    {},
  ],
  ['moderation', 400, { error: { message: 'Input was flagged by moderation' } }, {}, 'content_rejected', {}],
  ['moderation with 403', 403, { error: 'NSFW content detected' }, {}, 'content_rejected', {}],
  ['a bad field', 422, { detail: [{ loc: ['body', 'seed'], msg: 'too large' }] }, {}, 'invalid_request', {}],
  ['a bad request', 400, { error: 'width must be a multiple of 64' }, {}, 'invalid_request', {}],
  ['words that quote the negative prompt', 400, { error: 'bad: nsfw, flagged' }, {}, 'invalid_request', {}],
  ['a redirect', 307, '', { location: 'https://elsewhere.example/' }, 'invalid_request', { status: 307 }],
  ['HTML as success', 200, html, {}, 'bad_image', { sent: true }],
  ['no credit as success', 200, { error: 'NOT_ENOUGH_BALANCE' }, {}, 'out_of_credit', {}],
];

describe('an answer of Hugging Face', () => {
  it.each(recorded)('that tells of %s (%d) is understood', async (_, status, body, headers, code, facts) => {
    const error = await answered(status, body, headers);
    expect(error.code).toBe(code);
    expect(error.facts).toMatchObject(facts);
  });

  it('is told to the operator in one short line, without prompt and key', async () => {
    const error = await answered(422, {
      error: `Sorry,\n "${request.prompt}" by hf_test is too long. ${'x'.repeat(900)}`,
    });
    expect(error.message).toMatch(
      /^Hugging Face \(nscale\) does not take the request \(422\): Sorry, "…" by … is too long/,
    );
    expect(error.message.length).toBeLessThan(300);
  });

  it('names the next month in December too', () => {
    const context = { now: Date.UTC(2026, 11, 31, 23, 59), toRedact: [] };
    const error = classify(httpAnswer('', 402), 'nscale', context);
    expect(error.facts.until).toBe(Date.UTC(2027, 0, 1));
  });
});
