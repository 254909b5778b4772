import { describe, expect, it } from 'vitest';
import { classify, type ServerFailureContext } from '../../../src/providers/localai/failures.ts';
import { httpAnswer } from '../../support/http/answer.ts';

const context: ServerFailureContext = { host: 'gpu:8080', hasKey: true, toRedact: ['a red fox in the snow'], now: 0 };

function failure(status: number, error: Record<string, unknown> = {}, changes: Partial<ServerFailureContext> = {}) {
  return classify(httpAnswer({ error }, status), { ...context, ...changes });
}

function loading(eta: unknown, headers: Record<string, string> = { 'retry-after': '5' }) {
  const body = { error: { code: 'model_loading' }, loading: { eta_seconds: eta } };
  return classify(httpAnswer(body, 503, headers), context).facts;
}

describe('a failure', () => {
  it.each([
    [401, true, 'LocalAI does not accept the key (401): no; correct LOCALAI_API_KEY'],
    [401, false, 'LocalAI asks for a key (401): no; set LOCALAI_API_KEY'],
    [410, true, 'LocalAI does not have the model (410): no; correct LOCALAI_MODEL'],
    [302, true, 'LocalAI redirects from gpu:8080: set LOCALAI_API_URL to its final address'],
    [503, true, 'LocalAI is not ready yet (503): no'],
    [418, true, 'LocalAI does not take the request (418): no'],
  ])('of status %d, with a key: %s, tells the next step', (status, hasKey, message) => {
    expect(failure(status, { message: 'no' }, { hasKey }).message).toBe(message);
  });

  it('with an empty body says so', () => {
    const failed = classify(httpAnswer('', 500), context);
    expect(failed).toMatchObject({ code: 'unavailable', message: 'LocalAI has a fault (500): an empty answer' });
  });
});

describe('words about a model', () => {
  it.each([
    'model "sd" not found',
    'The model `gpt-image-9` does not exist or you do not have access to it.',
    'The model dall-e-2 has been deprecated',
    'Invalid model name passed in model=sd',
    'Unable to access model black-forest-labs/FLUX.1-schnell-Free.',
  ])('retire it: %s', (message) => {
    expect(failure(404, { message }).code).toBe('retired');
    expect(failure(400, { message }).code).toBe('retired');
  });

  it.each([
    "Unsupported parameter: 'seed' is not supported with this model.",
    'The size 100x100 for the model sd must be a multiple of 64; the parameter style is deprecated',
    'The file was not found',
  ])('leave it be when they are about something else: %s', (message) => {
    expect(failure(400, { message }).code).toBe('invalid_request');
  });

  it('retire nothing when the server has a fault', () => {
    expect(failure(500, { message: 'model "sd" not found' }).code).toBe('unavailable');
  });

  it('retire a model that this key may not use, and spare the account', () => {
    expect(failure(403, { message: 'No access', code: 'model_not_found' }).code).toBe('retired');
    expect(failure(403, { message: 'No access' }).code).toBe('unauthorized');
  });
});

describe('a limit', () => {
  it('is a pause unless it is the credit that is used up', () => {
    expect(failure(429, { message: 'quota exceeded', type: 'quota' }).code).toBe('rate_limited');
    const said = 'You exceeded your current quota, please check your plan and billing details.';
    expect(failure(429, { message: said }).code).toBe('out_of_credit');
  });

  it('stays one when it speaks of moderation', () => {
    expect(failure(429, { message: 'too many moderation_blocked requests' }).code).toBe('rate_limited');
  });
});

describe('a wait', () => {
  it('is what the load takes by its estimate, else what Retry-After says', () => {
    expect(loading(90)).toMatchObject({ retryAfterMs: 90_000 });
    for (const eta of [undefined, 0, -3, 1e300, 'soon']) expect(loading(eta)).toMatchObject({ retryAfterMs: 5000 });
  });

  it('is not told when nobody knows', () => {
    expect(loading(undefined, {})).not.toHaveProperty('retryAfterMs');
  });
});

describe('money', () => {
  it.each([200, 408, 500, 502, 504])('may have been spent when the status is %d', (status) => {
    expect(failure(status).facts.sent).toBe(true);
  });

  it.each([301, 400, 401, 402, 404, 422, 429, 503])('was not spent when the status is %d', (status) => {
    expect(failure(status).facts.sent).toBe(false);
  });

  it('may have been spent on an image that was made and then refused', () => {
    const refused = failure(200, { message: 'flagged by the safety system' });
    expect(refused).toMatchObject({ code: 'content_rejected', facts: { sent: true } });
  });
});
