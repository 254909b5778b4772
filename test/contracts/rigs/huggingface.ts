import { startEmulatedHuggingFace } from '../../../src/emulators/hugging-face/server.ts';
import { huggingface } from '../../../src/providers/huggingface/huggingface.ts';
import type { ProviderRig } from '../provider-rig.ts';

const key = 'hf_contractkey42';

/** Hugging Face by way of a partner that answers at once. */
export const huggingfaceRig: ProviderRig = {
  name: 'huggingface',
  entry: huggingface,
  variables: (url) => ({ HUGGINGFACE_API_KEY: key, HF_ENDPOINT: url, HF_HUB_URL: url }),
  secrets: [key],
  expected: { model: 'black-forest-labs/FLUX.1-schnell', family: 'flux', seed: 42, costUsd: 0.003 },
  server: {
    start: () => startEmulatedHuggingFace({ behaviour: 'ok' }),
    asksForImage: ({ method }) => method === 'POST',
    bodies: {
      out_of_credit: [
        {
          status: 402,
          body: { error: 'You have depleted your monthly included credits.' },
          facts: { until: Date.UTC(2026, 11, 1) },
        },
        { status: 403, body: { detail: 'User is locked. Reason: Exhausted balance.' } },
        { status: 429, body: { error: 'Insufficient credit' } },
        { status: 400, body: { error: { code: 'billing_hard_limit_reached' } } },
      ],
      unauthorized: [
        { status: 401, body: { error: 'Invalid username or password.' } },
        { status: 403, body: { error: 'This authentication method does not have sufficient permissions' } },
      ],
      retired: [
        { status: 410, body: { error: 'The requested model is deprecated and no longer supported' } },
        { status: 400, body: { error: 'Model not supported by provider nscale' } },
        { status: 404, body: { error: 'Not Found' } },
      ],
      rate_limited: [
        {
          status: 429,
          headers: { ratelimit: '"api";r=0;t=55' },
          body: { error: 'Too many' },
          facts: { retryAfterMs: 55_000 },
        },
      ],
      loading: [
        {
          status: 503,
          body: { error: 'Model X is currently loading', estimated_time: 20 },
          facts: { retryAfterMs: 20_000 },
        },
      ],
      unavailable: [
        { status: 500, body: { error: 'oops' }, facts: { sent: true } },
        { status: 502, body: '<html>Bad gateway</html>', facts: { sent: true } },
        { status: 504, body: '', facts: { sent: true } },
      ],
      timeout: [{ status: 408, facts: { sent: true } }],
      invalid_request: [{ status: 422, body: { detail: [{ loc: ['body', 'seed'], msg: 'too large' }] } }],
      content_rejected: [{ status: 400, body: { error: 'NSFW content detected' } }],
    },
  },
};

/** Hugging Face by way of a partner with a queue. */
export const huggingfaceQueueRig: ProviderRig = {
  ...huggingfaceRig,
  name: 'huggingface with a queue',
  variables: (url) => ({ ...huggingfaceRig.variables(url), HF_PROVIDER: 'fal-ai' }),
};
