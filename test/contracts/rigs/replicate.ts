import { replicate } from '../../../src/providers/replicate/replicate.ts';
import { startReplicate } from '../../support/fakes/replicate.ts';
import type { ProviderRig } from '../provider-rig.ts';

const token = 'r8_contracttoken42';
const now = Date.UTC(2026, 10, 21, 10);
const prediction = { id: 'xyz', output: null, error: null };

/** Replicate with a prediction that takes a while. */
export const replicateRig: ProviderRig = {
  name: 'replicate',
  entry: replicate,
  variables: (url) => ({ REPLICATE_API_TOKEN: token, REPLICATE_API_URL: `${url}/v1` }),
  secrets: [token],
  expected: { model: 'black-forest-labs/flux-schnell', family: 'replicate', seed: 42, costUsd: 0.003 },
  server: {
    start: () => startReplicate(token),
    asksForImage: ({ method, path }) => method === 'POST' && path.endsWith('/predictions'),
    cancel: {
      at: ({ method, path }) => method === 'GET' && path.startsWith('/v1/predictions/'),
      is: ({ method, path }) => method === 'POST' && path.endsWith('/cancel'),
    },
    keepsJobs: true,
    bodies: {
      out_of_credit: [
        {
          status: 402,
          body: {
            title: 'Insufficient credit',
            detail:
              'You have insufficient credit to run this model. Go to https://replicate.com/account/billing#billing to purchase credit. Once you purchase credit, please wait a few minutes before trying again.',
            status: 402,
          },
          facts: { until: now + 24 * 3_600_000 },
        },
      ],
      unauthorized: [
        {
          status: 401,
          body: { title: 'Unauthenticated', detail: 'You did not pass an authentication token', status: 401 },
        },
        { status: 403, body: { detail: 'You do not have permission to perform this action.' } },
      ],
      retired: [
        { status: 404, body: { detail: 'The requested resource could not be found.', status: 404 } },
        { status: 410, body: '' },
      ],
      rate_limited: [
        {
          status: 429,
          body: {
            detail:
              'Request was throttled. Your rate limit for creating predictions is reduced to 6 requests per minute with a burst of 1 requests while you have less than $5.0 in credit. Your rate limit resets in ~5s.',
            status: 429,
            retry_after: 5,
          },
          facts: { retryAfterMs: 5000 },
        },
        {
          status: 429,
          body: { detail: 'Request was throttled. Your rate limit resets in ~30s.', status: 429 },
          facts: { retryAfterMs: 30_000 },
        },
      ],
      loading: [{ status: 503, body: '<html>Service unavailable</html>' }],
      unavailable: [
        { status: 500, body: { detail: 'Internal server error' }, facts: { sent: true } },
        { status: 502, body: '<html>Bad gateway</html>', facts: { sent: true } },
        {
          status: 201,
          body: { ...prediction, status: 'failed', error: 'CUDA out of memory. Tried to allocate 5.92 GiB' },
          facts: { sent: true },
        },
      ],
      timeout: [
        { status: 408, facts: { sent: true } },
        { status: 201, body: { ...prediction, status: 'aborted' }, facts: { sent: false } },
        { status: 201, body: { ...prediction, status: 'canceled' }, facts: { sent: true } },
      ],
      invalid_request: [
        {
          status: 422,
          body: {
            title: 'Input validation failed',
            detail: '- input.megapixels: must be one of the following: "1", "0.25"\n',
            status: 422,
            invalid_fields: [{ type: 'enum', field: 'input.megapixels', description: 'must be one of' }],
          },
        },
      ],
      content_rejected: [
        { status: 422, body: { title: 'Invalid input', detail: 'The prompt was flagged as sensitive.', status: 422 } },
        {
          status: 201,
          body: {
            ...prediction,
            status: 'failed',
            error: 'NSFW content detected. Try running it again, or try a different prompt.',
          },
        },
        {
          status: 201,
          body: {
            ...prediction,
            status: 'failed',
            error: 'The input or output was flagged as sensitive. Please try again with different inputs. (E005)',
          },
        },
      ],
      bad_image: [
        { status: 201, body: { ...prediction, status: 'succeeded', output: [] }, facts: { sent: true } },
        { status: 201, body: { ...prediction, status: 'succeeded' }, facts: { sent: true } },
        {
          status: 201,
          body: { ...prediction, status: 'succeeded', output: ['http://169.254.169.254/picture.png'] },
          facts: { sent: true },
        },
      ],
    },
  },
};
