import { runpod } from '../../../src/providers/runpod/runpod.ts';
import { startRunpod } from '../../support/fakes/runpod.ts';
import type { GateRequest } from '../../support/gate.ts';
import type { ProviderRig } from '../provider-rig.ts';

const key = 'rpa_opensesame42';
const endpointId = 'black-forest-labs-flux-1-schnell';
const asksForStatus = ({ path }: GateRequest) => path.startsWith(`/${endpointId}/status/`);
const job = { id: 'a1b2-u1', delayTime: 10, executionTime: 20 };

/** A public endpoint of RunPod. */
export const runpodRig: ProviderRig = {
  name: 'runpod',
  entry: runpod,
  variables: (url) => ({ RUNPOD_API_KEY: key, RUNPOD_ENDPOINT_ID: endpointId, RUNPOD_API_URL: url }),
  secrets: [key],
  expected: {
    model: endpointId,
    family: 'runpod',
    seed: 42,
    costUsd: 0.002_516_58,
    mediaType: 'image/png',
    width: 256,
    height: 256,
  },
  server: {
    start: () => startRunpod({ key, endpointId }),
    asksForImage: ({ method, path }) => method === 'POST' && path === `/${endpointId}/run`,
    cancel: { at: asksForStatus, is: ({ path }) => path.startsWith(`/${endpointId}/cancel/`) },
    keepsJobs: true,
    bodies: {
      out_of_credit: [
        { status: 402, facts: { until: Date.UTC(2026, 10, 22, 10) } },
        { status: 403, body: { error: 'Insufficient funds' } },
        { status: 401, body: { error: 'your balance is too low, add credits' } },
      ],
      unauthorized: [{ status: 401 }, { status: 403, body: { error: 'forbidden' } }],
      retired: [{ status: 404, body: { error: 'endpoint not found' } }, { status: 404 }],
      rate_limited: [{ status: 429, body: { error: 'too many requests' } }],
      loading: [{ status: 503 }],
      timeout: [
        { status: 408, facts: { sent: true } },
        { status: 200, body: { ...job, status: 'TIMED_OUT' }, to: asksForStatus, facts: { sent: true } },
      ],
      invalid_request: [
        {
          status: 400,
          body: { id: 'a1b2-u1', status: 'FAILED', error: 'Invalid parameter: width must be divisible by 64' },
        },
      ],
      content_rejected: [
        { status: 400, body: { id: 'a1b2-u1', status: 'FAILED', error: 'NSFW content detected' } },
        { status: 200, body: { ...job, status: 'FAILED', error: 'flagged by moderation' }, to: asksForStatus },
        {
          status: 200,
          body: { ...job, status: 'COMPLETED', output: { error: 'NSFW content detected' } },
          to: asksForStatus,
        },
      ],
      bad_image: [
        { status: 200, body: { ...job, status: 'COMPLETED' }, to: asksForStatus, facts: { sent: true } },
        {
          status: 200,
          body: { ...job, status: 'COMPLETED', output: { message: 'no image', status: 'error' } },
          to: asksForStatus,
          facts: { sent: true },
        },
        {
          status: 200,
          body: { ...job, status: 'COMPLETED', output: { image_url: 'http://169.254.169.254/latest' } },
          to: asksForStatus,
          facts: { sent: true },
        },
      ],
      unavailable: [
        { status: 500, body: { error: 'worker crashed' }, facts: { sent: true } },
        { status: 502, body: '<html>Bad gateway</html>', facts: { sent: true } },
        { status: 404, body: { error: 'job not found' }, to: asksForStatus, facts: { sent: true } },
        { status: 500, to: asksForStatus, facts: { sent: true } },
        { status: 200, body: { ...job, status: 'CANCELLED' }, to: asksForStatus, facts: { sent: true } },
        { status: 200, body: { ...job, status: 'FAILED', error: 'boom' }, to: asksForStatus, facts: { sent: true } },
      ],
    },
  },
};
