import { automatic1111 } from '../../../src/providers/automatic1111/automatic1111.ts';
import { startAutomatic1111 } from '../../support/fakes/automatic1111.ts';
import type { ProviderRig } from '../provider-rig.ts';

const login = 'anna:open-sesame-42';

/** The web UI behind a login, with a checkpoint that has to be looked up. */
export const automatic1111Rig: ProviderRig = {
  name: 'stable-diffusion',
  entry: automatic1111,
  variables: (url) => ({
    SD_ENABLED: 'true',
    SD_API_URL: url,
    SD_API_AUTH: login,
    SD_MODEL: 'v1-5-pruned-emaonly',
  }),
  secrets: [login],
  expected: { model: 'v1-5-pruned-emaonly', family: 'sd', seed: 42, costUsd: 0, width: 256, height: 256 },
  server: {
    start: () => startAutomatic1111({ login }),
    asksForImage: ({ path }) => path === '/sdapi/v1/txt2img',
    cancel: {
      at: ({ path }) => path === '/sdapi/v1/txt2img',
      is: ({ path }) => path === '/internal/progress' || path === '/sdapi/v1/interrupt',
    },
    bodies: {
      unauthorized: [{ status: 401, body: { error: 'HTTPException', detail: 'Incorrect username or password' } }],
      unreachable: [{ status: 404, body: { detail: 'Not Found' } }],
      unavailable: [
        { status: 500, body: { error: 'OutOfMemoryError', errors: 'CUDA out of memory.' }, facts: { sent: true } },
        { status: 500, body: 'Internal Server Error', facts: { sent: true } },
        { status: 502, body: '<html>Bad gateway</html>', facts: { sent: true } },
        { status: 200, body: { images: [], parameters: {}, info: '{}' }, facts: { sent: true } },
      ],
      bad_image: [{ status: 500, body: { error: 'NansException', errors: 'A tensor with all NaNs was produced.' } }],
      loading: [{ status: 503, body: { detail: { msg: 'Server is busy; please try again later.' } } }],
      timeout: [{ status: 408, facts: { sent: true } }],
      rate_limited: [{ status: 429, headers: { 'retry-after': '3' }, facts: { retryAfterMs: 3000 } }],
      invalid_request: [
        { status: 422, body: { detail: [{ loc: ['body', 'seed'], msg: 'value is not a valid integer' }] } },
        { status: 400, body: { error: 'HTTPException', detail: 'Bad height' } },
      ],
    },
  },
};
