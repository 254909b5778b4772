import { z } from 'zod';
import type { ProviderCheck } from '../../core/provider.ts';
import { inOrder, problem } from '../check.ts';
import type { Connection } from './connection.ts';
import { fetchList, nameSome, pick, readCheckpoints } from './names.ts';

const progress = z.object({ state: z.object({ job_count: z.number() }) });

/** Looks at the server without drawing anything: there, its login right, idle or busy, its checkpoints. */
export async function checkServer(
  connection: Connection,
  model: string | undefined,
  signal: AbortSignal,
): Promise<ProviderCheck> {
  const { label, url } = connection;
  const now = await connection.get('/sdapi/v1/progress?skip_current_image=true', signal);
  const checkpoints = await fetchList(connection, '/sdapi/v1/sd-models', readCheckpoints, signal);
  if (checkpoints === undefined) {
    // Some that speak this API lack one of the two routes; a server without both does not speak it.
    if (now.status !== 200) throw connection.failure(now);
    if (!progress.safeParse(now.json()).success) {
      return problem(`${label} does not answer at ${url}, something else does: correct SD_API_URL.`);
    }
    return inOrder(`${label} at ${url} is ${workOf(now.json())}; it does not list its checkpoints.`);
  }
  if (now.status !== 200 && now.status !== 404 && now.status !== 405) throw connection.failure(now);
  if (checkpoints.length === 0) {
    return problem(`${label} at ${url} has no checkpoint: put one into its models folder.`);
  }
  if (model !== undefined && pick(checkpoints, model) === undefined) {
    const choice = nameSome(checkpoints);
    return problem(`${label} at ${url} has no checkpoint "${model}": set SD_MODEL to ${choice}.`);
  }
  const count = checkpoints.length === 1 ? '1 checkpoint' : `${checkpoints.length} checkpoints`;
  const chosen = model === undefined ? 'it draws with the one that is loaded' : `SD_MODEL "${model}" is there`;
  return inOrder(`${label} at ${url} is ${workOf(now.json())}, with ${count}; ${chosen}.`);
}

function workOf(json: unknown): string {
  const state = progress.safeParse(json).data;
  if (state === undefined) return 'there';
  return state.state.job_count > 0 ? 'busy' : 'idle';
}
