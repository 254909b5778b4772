import { z } from 'zod';
import type { ProviderCheck } from '../../core/provider.ts';
import type { HttpAnswer } from '../../lib/http/client.ts';
import type { ProviderClient } from '../call.ts';
import { inOrder, problem } from '../check.ts';
import { quoteAnswer } from '../quote.ts';
import { label } from './failures.ts';
import { modelName } from './request.ts';

const accountSchema = z.object({ username: z.string().regex(/^[\w.-]{1,100}$/) });

/** Asks, which costs nothing, whose token it is and whether the model is there. */
export async function checkReplicate(
  client: ProviderClient,
  { token, model }: { token: string; model: string },
  signal: AbortSignal,
): Promise<ProviderCheck> {
  const answer = await client.get('/account', signal);
  if (answer.status === 401 || answer.status === 403) {
    const step = 'set REPLICATE_API_TOKEN to a token of replicate.com/account/api-tokens';
    return problem(`${quoteStatus(answer, token)}: ${step}.`);
  }
  const account = accountSchema.safeParse(answer.json()).data;
  if (answer.status !== 200 || account === undefined) {
    return problem(`${quoteStatus(answer, token)}: try again later, and check REPLICATE_API_URL.`);
  }
  const name = modelName(model);
  const found = name === undefined ? undefined : await client.get(`/models/${name}`, signal);
  if (found?.status === 404) {
    return problem(`${label} has no model ${model}, or keeps it private: set another REPLICATE_MODEL.`);
  }
  if (found !== undefined && found.status !== 200) {
    return problem(`${quoteStatus(found, token)} of the model ${model}: try again later.`);
  }
  return inOrder(`${label}: token of ${account.username}; ${model} is there.`);
}

function quoteStatus(answer: HttpAnswer, token: string): string {
  return `${label} answered ${answer.status} (${quoteAnswer(answer, [token])})`;
}
