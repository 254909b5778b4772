import { z } from 'zod';
import { withDeadline } from '../../lib/deadline.ts';
import type { ProviderCheck } from '../../core/provider.ts';
import { label, type ReplicateApi } from './api.ts';
import { modelName } from './request.ts';
import { type ProviderAnswer, saidBy } from '../../lib/http/client.ts';

const timeoutMs = 10_000;

const accountSchema = z.object({ username: z.string().regex(/^[\w.-]{1,100}$/) });

/** Asks, which costs nothing, whose token it is and whether the model is there. */
export async function checkReplicate(
  api: ReplicateApi,
  { token, model }: { token: string; model: string },
  signal: AbortSignal,
): Promise<ProviderCheck> {
  try {
    return await withDeadline(timeoutMs, signal, (bounded) => look(api, { token, model }, bounded));
  } catch (error) {
    if (signal.aborted) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    return problem(`${label} could not be looked at: ${reason}. Check REPLICATE_API_URL and the network.`);
  }
}

async function look(
  api: ReplicateApi,
  { token, model }: { token: string; model: string },
  signal: AbortSignal,
): Promise<ProviderCheck> {
  const answer = await api.get('/account', signal);
  if (answer.status === 401 || answer.status === 403) {
    return problem(`${told(answer, token)}: set REPLICATE_API_TOKEN to a token of replicate.com/account/api-tokens.`);
  }
  const account = accountSchema.safeParse(answer.json()).data;
  if (answer.status !== 200 || account === undefined) {
    return problem(`${told(answer, token)}: try again later, and check REPLICATE_API_URL.`);
  }
  const name = modelName(model);
  const found = name === undefined ? undefined : await api.get(`/models/${name}`, signal);
  if (found?.status === 404) {
    return problem(`${label} has no model ${model}, or keeps it private: set another REPLICATE_MODEL.`);
  }
  if (found !== undefined && found.status !== 200) {
    return problem(`${told(found, token)} of the model ${model}: try again later.`);
  }
  return { ok: true, message: `${label}: token of ${account.username}; ${model} is there.` };
}

function told(answer: ProviderAnswer, token: string): string {
  return `${label} answered ${answer.status} (${saidBy(answer, [token])})`;
}

function problem(message: string): ProviderCheck {
  return { ok: false, message };
}
