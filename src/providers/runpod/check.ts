import { z } from 'zod';
import { withDeadline } from '../../lib/deadline.ts';
import type { ProviderCheck } from '../../core/provider.ts';
import { label, type RunpodAddress, type RunpodApi } from './api.ts';
import { saidBy } from '../../lib/http/client.ts';

const timeoutMs = 10_000;

const count = z.number().int().nonnegative().catch(0);
const healthSchema = z.object({
  jobs: z.object({ inQueue: count }).catch({ inQueue: 0 }),
  workers: z.object({ ready: count, running: count }),
});

/** Asks the endpoint, which costs nothing, whether the key opens it and who works there. */
export async function checkEndpoint(
  api: RunpodApi,
  address: RunpodAddress,
  signal: AbortSignal,
): Promise<ProviderCheck> {
  try {
    return await withDeadline(timeoutMs, signal, (bounded) => lookAt(api, address, bounded));
  } catch (error) {
    if (signal.aborted) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    return { ok: false, message: `${label} could not be looked at: ${reason}. Check RUNPOD_API_URL and the network.` };
  }
}

async function lookAt(api: RunpodApi, { endpointId, key }: RunpodAddress, signal: AbortSignal): Promise<ProviderCheck> {
  const answer = await api.health(signal);
  if (answer.status !== 200) {
    const said = `${label} answered ${answer.status} (${saidBy(answer, [key])})`;
    return { ok: false, message: `${said}: ${steps[answer.status] ?? 'try again later, and check RUNPOD_API_URL'}.` };
  }
  const health = healthSchema.safeParse(answer.json()).data;
  if (health === undefined) {
    return { ok: false, message: `${label} does not answer there, something else does: correct RUNPOD_API_URL.` };
  }
  const { workers, jobs } = health;
  const state = `${workers.ready} ready and ${workers.running} running workers, ${jobs.inQueue} jobs in its queue`;
  return { ok: true, message: `${label}: the key opens endpoint ${endpointId}, with ${state}.` };
}

const newKey = 'make an API key at console.runpod.io/user/settings and set RUNPOD_API_KEY to it';
const steps: Readonly<Record<number, string>> = {
  401: newKey,
  402: 'add credit at console.runpod.io/user/billing',
  403: newKey,
  404: 'set RUNPOD_ENDPOINT_ID to the id in the address of the endpoint',
};
