import { localai } from '../../../src/providers/localai/localai.ts';
import { startLocalAi } from '../../support/fakes/localai.ts';
import type { ProviderRig } from '../provider-rig.ts';

const key = 'localai-open-sesame-42';

/** LocalAI behind a key. */
export const localaiRig: ProviderRig = {
  name: 'localai',
  entry: localai,
  variables: (url) => ({ LOCALAI_API_URL: `${url}/v1`, LOCALAI_API_KEY: key, LOCALAI_MODEL: 'stablediffusion' }),
  secrets: [key],
  expected: { model: 'stablediffusion', family: 'localai', seed: 42, costUsd: 0, width: 256, height: 256 },
  server: {
    async start() {
      const fake = await startLocalAi({ key });
      return { url: new URL(fake.url).origin, close: () => fake.close() };
    },
    asksForImage: ({ method }) => method === 'POST',
    bodies: {
      out_of_credit: [
        { status: 402 },
        {
          status: 429,
          body: { error: { message: 'See your plan', type: 'insufficient_quota', code: 'insufficient_quota' } },
        },
        { status: 400, body: { error: { message: 'Limit reached', code: 'billing_hard_limit_reached' } } },
        {
          status: 400,
          body: { error: { message: 'Budget has been exceeded! Max budget: 0.1', type: 'budget_exceeded' } },
        },
      ],
      unauthorized: [
        {
          status: 401,
          body: { error: { code: 401, message: 'An authentication key is required', type: 'invalid_request_error' } },
        },
        { status: 401 },
        {
          status: 403,
          body: { error: { message: 'Your organization must be verified to use the model `gpt-image-1`.' } },
        },
      ],
      retired: [
        { status: 404, body: { error: { code: 404, message: 'model "stablediffusion" not found', type: '' } } },
        { status: 404, body: { error: { message: 'The model `x` does not exist', code: 'model_not_found' } } },
        { status: 400, body: { error: { message: "Invalid value: 'x'.", param: 'model', code: 'invalid_value' } } },
        {
          status: 400,
          body: { error: { message: 'Invalid model name passed in model=x', type: 'None', code: '400' } },
        },
        { status: 410 },
      ],
      rate_limited: [
        {
          status: 429,
          headers: { 'retry-after': '20' },
          body: { error: { code: 429, message: 'quota exceeded for this user', type: 'quota' } },
          facts: { retryAfterMs: 20_000 },
        },
      ],
      loading: [
        {
          status: 503,
          headers: { 'retry-after': '5' },
          body: {
            error: { code: 'model_loading', message: 'model is loading', type: 'model_loading' },
            loading: {
              model: 'x',
              state: 'downloading',
              progress: 0.2,
              bytes_sent: 1,
              total_bytes: 5,
              eta_seconds: 40,
            },
          },
          facts: { retryAfterMs: 40_000 },
        },
        {
          status: 503,
          headers: { 'retry-after': '10' },
          body: { error: { code: 503, message: 'load is in cooldown after a failure', type: '' } },
          facts: { retryAfterMs: 10_000 },
        },
        {
          status: 503,
          headers: { 'retry-after': '3' },
          body: { error: { code: 503, message: 'at capacity', type: 'admission_rejected' } },
          facts: { retryAfterMs: 3000 },
        },
        { status: 503, headers: { 'retry-after': '1' }, facts: { retryAfterMs: 1000 } },
        { status: 503, body: { status: 'starting', reason: 'startup preload in progress' } },
      ],
      unreachable: [
        { status: 404, body: { error: { code: 404, message: 'Resource not found', type: '' } } },
        { status: 404 },
        { status: 405 },
        { status: 301, headers: { location: 'https://elsewhere.example/v1' } },
      ],
      unavailable: [
        { status: 500, body: { error: { code: 500, message: 'rpc error: EOF', type: '' } }, facts: { sent: true } },
        { status: 500, facts: { sent: true } },
        { status: 502, body: '<html>Bad gateway</html>', facts: { sent: true } },
        { status: 504, facts: { sent: true } },
      ],
      timeout: [{ status: 408, facts: { sent: true } }],
      invalid_request: [
        {
          status: 500,
          body: { error: { code: 500, message: "invalid value for 'size'", type: '' } },
          facts: { sent: false },
        },
        {
          status: 400,
          body: { error: { message: "Unknown parameter: 'seed'.", param: 'seed', code: 'unknown_parameter' } },
        },
        { status: 422 },
      ],
      content_rejected: [
        { status: 400, body: { error: { message: 'Rejected by the safety system.', code: 'moderation_blocked' } } },
        { status: 400, body: { error: { message: 'No.', code: 'content_policy_violation' } } },
        { status: 400, body: { error: { message: 'litellm.ContentPolicyViolationError: no', code: '400' } } },
      ],
      bad_image: [
        { status: 200, body: { created: 1, data: [] }, facts: { sent: true } },
        { status: 200, body: { data: [{ b64_json: 'PHN2Zz48L3N2Zz4=' }] }, facts: { sent: true } },
        {
          status: 200,
          body: { data: [{ url: 'http://localai.internal/generated-images/b64.png' }] },
          facts: { sent: true },
        },
      ],
    },
  },
};
