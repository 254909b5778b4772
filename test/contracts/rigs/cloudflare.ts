import { cloudflare } from '../../../src/providers/cloudflare/cloudflare.ts';
import { accountId, startCloudflare } from '../../support/fakes/cloudflare.ts';
import type { FailureBody, ProviderRig } from '../provider-rig.ts';

const token = 'cf-open-sesame-42';

/** An answer as Cloudflare words its failures. */
const errorBody = (status: number, code: number, message: string, facts = {}): FailureBody => {
  return { status, body: { result: null, success: false, errors: [{ code, message }], messages: [] }, facts };
};

/** Cloudflare Workers AI with its default model. */
export const cloudflareRig: ProviderRig = {
  name: 'cloudflare',
  entry: cloudflare,
  variables: (url) => ({
    CLOUDFLARE_ACCOUNT_ID: accountId,
    CLOUDFLARE_API_TOKEN: token,
    CLOUDFLARE_API_URL: url,
  }),
  secrets: [token],
  expected: {
    model: '@cf/black-forest-labs/flux-1-schnell',
    family: 'cloudflare',
    seed: 42,
    costUsd: 0,
    mediaType: 'image/jpeg',
    width: 1024,
    height: 1024,
  },
  server: {
    start: () => startCloudflare({ token }),
    asksForImage: ({ method }) => method === 'POST',
    bodies: {
      out_of_credit: [
        errorBody(429, 3036, 'AiError: You have used up your daily free allocation of 10,000 neurons.', {
          until: Date.UTC(2026, 10, 22),
        }),
        { status: 402, facts: { until: Date.UTC(2026, 10, 22) } },
      ],
      rate_limited: [
        errorBody(429, 3040, 'AiError: Capacity temporarily exceeded, please try again.'),
        { status: 429, headers: { 'retry-after': '30' }, facts: { retryAfterMs: 30_000 } },
      ],
      unauthorized: [
        errorBody(401, 10_000, 'Authentication error'),
        errorBody(403, 5018, 'This account is not allowed to access this model.'),
        errorBody(404, 7003, 'Could not route to /accounts/x, perhaps your object identifier is invalid?'),
        errorBody(400, 7000, 'No route for that URI'),
      ],
      retired: [
        errorBody(400, 5007, 'No such model @cf/gone/model or task'),
        errorBody(404, 3042, 'The model name is invalid'),
        { status: 410 },
      ],
      content_rejected: [errorBody(400, 3030, 'AiError: AiError: Input prompt contains NSFW content.')],
      invalid_request: [
        errorBody(400, 5006, "AiError: AiError: Bad input: Error: Length of '/prompt' must be <= 2048"),
        errorBody(413, 3006, 'Request is too large'),
      ],
      timeout: [errorBody(408, 3007, 'Request timeout', { sent: true })],
      loading: [{ status: 503, headers: { 'retry-after': '4' }, facts: { retryAfterMs: 4000 } }],
      unavailable: [
        errorBody(500, 3043, 'AiError: Internal server error', { sent: true }),
        { status: 502, body: '<html>Bad gateway</html>', facts: { sent: true } },
        { status: 522, facts: { sent: true } },
      ],
      bad_image: [
        { status: 200, body: { result: { image: 'bm90IGEgcGljdHVyZQ==' }, success: true }, facts: { sent: true } },
        { status: 200, body: { result: {}, success: true, errors: [], messages: [] }, facts: { sent: true } },
      ],
    },
  },
};
