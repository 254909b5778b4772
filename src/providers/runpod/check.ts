import { z } from 'zod';
import type { ProviderCheck } from '../../core/provider.ts';
import type { ProviderClient } from '../call.ts';
import { inOrder, problem } from '../check.ts';
import { quoteAnswer } from '../quote.ts';
import { label } from './failures.ts';

const count = z.number().int().nonnegative().catch(0);
const healthSchema = z.object({
  jobs: z.object({ inQueue: count }).catch({ inQueue: 0 }),
  workers: z.object({ ready: count, running: count }),
});

/** Asks the endpoint, which costs nothing, whether the key opens it and who works there. */
export async function checkEndpoint(
  endpoint: ProviderClient,
  { endpointId, key }: { endpointId: string; key: string },
  signal: AbortSignal,
): Promise<ProviderCheck> {
  const answer = await endpoint.get('/health', signal);
  if (answer.status !== 200) {
    const said = `${label} answered ${answer.status} (${quoteAnswer(answer, [key])})`;
    return problem(`${said}: ${steps[answer.status] ?? 'try again later, and check RUNPOD_API_URL'}.`);
  }
  const health = healthSchema.safeParse(answer.json()).data;
  if (health === undefined) {
    return problem(`${label} does not answer there, something else does: correct RUNPOD_API_URL.`);
  }
  const { workers, jobs } = health;
  const state = `${workers.ready} ready and ${workers.running} running workers, ${jobs.inQueue} jobs in its queue`;
  return inOrder(`${label}: the key opens endpoint ${endpointId}, with ${state}.`);
}

const newKey = 'make an API key at console.runpod.io/user/settings and set RUNPOD_API_KEY to it';
const steps: Readonly<Record<number, string>> = {
  401: newKey,
  402: 'add credit at console.runpod.io/user/billing',
  403: newKey,
  404: 'set RUNPOD_ENDPOINT_ID to the id in the address of the endpoint',
};
